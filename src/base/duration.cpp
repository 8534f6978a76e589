#include <array>
#include <cstdint>
#include <limits>

#include "strata/types.hpp"

namespace strata {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t micros;
};

constexpr std::array<Unit, 7> units{{
    {"us", 1},
    {"ms", 1'000},
    {"s", 1'000'000},
    {"m", 60'000'000},
    {"h", 3'600'000'000},
    {"d", 86'400'000'000},
    {"w", 604'800'000'000},
}};

}  // namespace

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  constexpr std::int64_t count_max = std::numeric_limits<std::int64_t>::max();
  std::int64_t count = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    const int digit = text[digits] - '0';
    if (count > (count_max - digit) / 10) return std::nullopt;
    count = count * 10 + digit;
  }
  if (digits == 0) return std::nullopt;
  for (const Unit& unit : units) {
    if (unit.name != text.substr(digits)) continue;
    if (count > count_max / unit.micros) return std::nullopt;
    return std::chrono::microseconds{count * unit.micros};
  }
  return std::nullopt;
}

}  // namespace strata
