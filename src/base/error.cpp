#include "strata/error.hpp"

namespace strata {
namespace {

/// Keys and paths in a message may hold anything; the message is one line all the same.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

}  // namespace

Error::Error(ErrorCode code, const std::string& message) : std::runtime_error(one_line(message)), code_(code) {}

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::already_exists:
      return "already_exists";
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::conflict:
      return "conflict";
    case ErrorCode::busy:
      return "busy";
    case ErrorCode::limit_exceeded:
      return "limit_exceeded";
    case ErrorCode::corruption:
      return "corruption";
    case ErrorCode::io:
      return "io";
    case ErrorCode::commit_unknown:
      return "commit_unknown";
    case ErrorCode::gap:
      return "gap";
    case ErrorCode::closed:
      return "closed";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace strata
