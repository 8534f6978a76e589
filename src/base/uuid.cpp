#include <cstddef>

#include "strata/types.hpp"

namespace strata {
namespace {

constexpr std::size_t uuid_text_bytes = 36;

constexpr bool dash_at(std::size_t place) { return place == 8 || place == 13 || place == 18 || place == 23; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string Uuid::to_string() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(uuid_text_bytes);
  for (const std::uint8_t byte : bytes) {
    if (dash_at(text.size())) text.push_back('-');
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 0xF]);
  }
  return text;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != uuid_text_bytes) return std::nullopt;
  Uuid id;
  std::size_t place = 0;
  for (std::uint8_t& byte : id.bytes) {
    if (dash_at(place) && text[place++] != '-') return std::nullopt;
    const int high = hex_value(text[place++]);
    const int low = hex_value(text[place++]);
    if (high < 0 || low < 0) return std::nullopt;
    byte = static_cast<std::uint8_t>(high << 4 | low);
  }
  return id;
}

}  // namespace strata
