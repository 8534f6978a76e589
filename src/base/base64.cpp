#include "base/base64.hpp"

#include <array>

namespace strata::base {
namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t no_digit = 0x80;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  for (auto& value : values) value = no_digit;
  for (std::size_t i = 0; i < digits.size(); ++i)
    values[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
  return values;
}

constexpr std::array<std::uint8_t, 256> values = make_values();

std::uint32_t byte_at(bytes_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }
std::uint32_t value_at(std::string_view text, std::size_t at) { return values[static_cast<unsigned char>(text[at])]; }

}  // namespace

void append_base64(Bytes& out, bytes_view bytes) {
  const std::size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4, '=');
  char* to = out.data() + start;
  std::size_t at = 0;
  for (; at + 3 <= bytes.size(); at += 3, to += 4) {
    const std::uint32_t three = byte_at(bytes, at) << 16 | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2);
    to[0] = digits[three >> 18];
    to[1] = digits[three >> 12 & 63];
    to[2] = digits[three >> 6 & 63];
    to[3] = digits[three & 63];
  }
  const std::size_t left = bytes.size() - at;
  if (left == 0) return;
  const std::uint32_t rest = byte_at(bytes, at) << 16 | (left == 2 ? byte_at(bytes, at + 1) << 8 : 0);
  to[0] = digits[rest >> 18];
  to[1] = digits[rest >> 12 & 63];
  if (left == 2) to[2] = digits[rest >> 6 & 63];
}

std::optional<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return Bytes();
  const std::size_t fill = text[text.size() - 1] != '=' ? 0 : text[text.size() - 2] != '=' ? 1 : 2;
  Bytes out(text.size() / 4 * 3 - fill, '\0');
  char* to = out.data();
  const std::size_t whole = fill == 0 ? text.size() : text.size() - 4;
  std::uint32_t wrong = 0;
  for (std::size_t at = 0; at < whole; at += 4, to += 3) {
    const std::uint32_t a = value_at(text, at), b = value_at(text, at + 1);
    const std::uint32_t c = value_at(text, at + 2), d = value_at(text, at + 3);
    wrong |= a | b | c | d;
    const std::uint32_t three = a << 18 | b << 12 | c << 6 | d;
    to[0] = static_cast<char>(three >> 16);
    to[1] = static_cast<char>(three >> 8);
    to[2] = static_cast<char>(three);
  }
  if (fill > 0) {
    const std::uint32_t a = value_at(text, whole), b = value_at(text, whole + 1);
    const std::uint32_t c = fill == 1 ? value_at(text, whole + 2) : 0;
    wrong |= a | b | c;
    const std::uint32_t three = a << 18 | b << 12 | c << 6;
    to[0] = static_cast<char>(three >> 16);
    if (fill == 1) to[1] = static_cast<char>(three >> 8);
    // One text for the same bytes: what lies behind them must be zero.
    if ((three & (fill == 1 ? 0xffu : 0xffffu)) != 0) return std::nullopt;
  }
  if ((wrong & no_digit) != 0) return std::nullopt;
  return out;
}

}  // namespace strata::base
