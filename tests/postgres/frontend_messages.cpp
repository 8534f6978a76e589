#include "tests/postgres/frontend_messages.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace strata::outside {
namespace {

constexpr std::size_t length_bytes = 4;

std::uint32_t number_at(std::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

/// Takes the text up to its zero.
std::string_view take_text(std::string_view& body) {
  const std::string_view text = body.substr(0, body.find('\0'));
  body.remove_prefix(std::min(body.size(), text.size() + 1));
  return text;
}

/// Whether COMMIT stands in it as a word; READ COMMITTED and synchronous_commit are others.
bool is_commit(std::string_view sql) {
  std::string word;
  for (const char letter : std::string(sql) + ' ') {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0 || letter == '_') {
      word += static_cast<char>(std::toupper(byte));
    } else if (word == "COMMIT") {
      return true;
    } else {
      word.clear();
    }
  }
  return false;
}

}  // namespace

bool FrontendMessages::runs_commit(std::string_view bytes) {
  unread_ += bytes;
  bool found = false;
  while (started_ || take_startup()) {
    constexpr std::size_t header_bytes = 1 + length_bytes;
    if (unread_.size() < header_bytes) break;
    const std::size_t size = 1 + std::size_t{number_at(std::string_view(unread_).substr(1))};
    if (unread_.size() < size) break;
    found = take(unread_[0], std::string_view(unread_).substr(header_bytes, size - header_bytes)) || found;
    unread_.erase(0, size);
  }
  return found;
}

/// The first messages have no type: questions for encryption, then the one that begins the session.
bool FrontendMessages::take_startup() {
  constexpr std::uint32_t session = 3;  // the major version of the protocol
  while (unread_.size() >= 2 * length_bytes) {
    const std::size_t size = number_at(unread_);
    if (unread_.size() < size) return false;
    const bool begins = number_at(std::string_view(unread_).substr(length_bytes)) >> 16 == session;
    unread_.erase(0, size);
    if (begins) return started_ = true;
  }
  return false;
}

bool FrontendMessages::take(char type, std::string_view body) {
  switch (type) {
    case 'Q':
      return is_commit(take_text(body));
    case 'P': {  // prepare
      const std::string_view name = take_text(body);
      if (is_commit(take_text(body))) {
        commits_.emplace(name);
      } else if (const auto known = commits_.find(name); known != commits_.end()) {
        commits_.erase(known);
      }
      return false;
    }
    case 'B':  // bind: portal, statement
      take_text(body);
      bound_to_commit_ = commits_.contains(take_text(body));
      return false;
    case 'E':  // execute
      return bound_to_commit_;
    default:
      return false;
  }
}

}  // namespace strata::outside
