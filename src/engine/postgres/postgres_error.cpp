#include "engine/postgres/postgres_error.hpp"

#include <algorithm>
#include <array>

namespace strata::engine::postgres {
namespace {

/// A message of several lines as one; what libpq adds about hints and contexts is left out.
std::string first_line(std::string_view message) {
  while (!message.empty() && (message.front() == '\n' || message.front() == ' ')) message.remove_prefix(1);
  std::string line(message.substr(0, message.find('\n')));
  for (const std::string_view prefix : {"FATAL:  ", "ERROR:  "}) {
    if (const std::size_t at = line.find(prefix); at != std::string::npos) line.erase(at, prefix.size());
  }
  return line;
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

}  // namespace

void throw_failure(const std::string& place, std::string_view state, std::string_view message) {
  const std::string said = place + ": " + first_line(message);
  if (state == "55P03") {
    throw Error(ErrorCode::busy, place +
                                     ": no turn to write before the deadline: another client is writing, or is "
                                     "stopped while it writes; try again later");
  }
  if (state == "40001" || state == "40P01" || state == "57014") {
    throw Error(ErrorCode::busy, said + "; nothing was written, try again");
  }
  if (state == "53100")
    throw Error(ErrorCode::busy, said + "; nothing was written: make room on the server, try again");
  if (state.starts_with("53")) throw Error(ErrorCode::busy, said + "; nothing was written, try again later");
  if (state == "42501") throw Error(ErrorCode::invalid_argument, said + "; grant the right, or use another user");
  if (state == "25006") {
    throw Error(ErrorCode::unsupported, said + "; connect to the primary server, or open the store for reading alone");
  }
  if (state == "3F000" || state == "42P01") throw Error(ErrorCode::io, said + "; the store has been dropped meanwhile");
  if (state == "XX001" || state == "XX002") throw Error(ErrorCode::corruption, said + "; restore a backup");
  throw Error(ErrorCode::io, said + " (SQLSTATE " + std::string(state) + ")");
}

void throw_no_connection(const std::string& place, std::string_view message) {
  const std::string said = place + ": " + first_line(message);
  if (contains_any(message, {"SYSCALL", "starting up", "shutting down", "in recovery mode", "not yet accepting"}) ||
      contains_any(message, {"too many clients", "remaining connection slots", "too many connections"})) {
    throw Disconnected(ErrorCode::busy, said + "; try again later");
  }
  if (contains_any(message, {"password authentication failed", "no password supplied", "authentication failed"})) {
    throw Error(ErrorCode::invalid_argument,
                said + "; give the right password in the URL, in PGPASSWORD or in ~/.pgpass");
  }
  if (contains_any(message, {"pg_hba.conf", "SSL", "certificate", "TLS"})) {
    throw Error(ErrorCode::invalid_argument,
                said + "; see that sslmode and certificates in the URL suit the server, and that it lets this user in");
  }
  if (contains_any(message, {"does not exist", "permission denied", "not permitted", "is not allowed"})) {
    throw Error(ErrorCode::invalid_argument, said + "; name a user and a database that exist and may be used");
  }
  if (contains_any(message, {"invalid ", "could not translate host name", "unsupported startup parameter"})) {
    throw Error(ErrorCode::invalid_argument, said + "; correct the URL");
  }
  throw Disconnected(ErrorCode::busy, said + "; see that the server runs there, and try again");
}

void throw_disconnected(const std::string& place, std::string_view state, std::string_view message) {
  if (state == "25P03") {
    throw Disconnected(ErrorCode::busy, place +
                                            ": this process stood still in the middle of writing for longer than "
                                            "fence_ms, and lost its turn; nothing was written, try again");
  }
  throw Disconnected(ErrorCode::busy,
                     place + ": the connection was lost (" + first_line(message) + "); try again later");
}

}  // namespace strata::engine::postgres
