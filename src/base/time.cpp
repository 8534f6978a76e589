#include <chrono>
#include <cstdint>
#include <cstdio>
#include <limits>

#include "strata/types.hpp"

namespace strata {
namespace {

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t micros_per_day = 86'400 * micros_per_second;

/// Reads a text from left to right; each step tells whether the text had what was asked for.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }

  bool skip_any(std::string_view characters) {
    if (text_.empty() || characters.find(text_.front()) == std::string_view::npos) return false;
    taken_ = text_.front();
    text_.remove_prefix(1);
    return true;
  }

  /// The character that skip_any() took last.
  char taken() const { return taken_; }

  std::optional<int> number(std::size_t digits) {
    if (text_.size() < digits) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return std::nullopt;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }

 private:
  std::string_view text_;
  char taken_ = 0;
};

/// Four digits, or a sign and six (the expanded form of ISO 8601, for years outside of 0 to 9999).
std::optional<int> parse_year(TextCursor& cursor) {
  if (!cursor.skip_any("+-")) return cursor.number(4);
  const int sign = cursor.taken() == '-' ? -1 : 1;
  const auto year = cursor.number(6);
  if (!year) return std::nullopt;
  return sign * *year;
}

std::optional<std::int64_t> parse_days(TextCursor& cursor) {
  const auto year = parse_year(cursor);
  if (!year || !cursor.skip_any("-")) return std::nullopt;
  const auto month = cursor.number(2);
  if (!month || !cursor.skip_any("-")) return std::nullopt;
  const auto day = cursor.number(2);
  if (!day) return std::nullopt;
  // std::chrono::year ends at 32767; 400 years of the Gregorian calendar are 146,097 days, always.
  constexpr int cycle_years = 400;
  constexpr std::int64_t cycle_days = 146'097;
  int cycle = *year / cycle_years;
  int year_of_cycle = *year % cycle_years;
  if (year_of_cycle < 0) {
    year_of_cycle += cycle_years;
    --cycle;
  }
  const std::chrono::year_month_day date{std::chrono::year{year_of_cycle},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count() + cycle * cycle_days;
}

/// Digits after the point; those beyond the sixth are cut off.
std::optional<std::int64_t> parse_fraction(TextCursor& cursor) {
  auto digit = cursor.number(1);
  if (!digit) return std::nullopt;
  std::int64_t micros = 0;
  for (std::int64_t unit = micros_per_second / 10; digit; unit /= 10, digit = cursor.number(1)) micros += *digit * unit;
  return micros;
}

std::optional<std::int64_t> parse_time_of_day(TextCursor& cursor) {
  const auto hour = cursor.number(2);
  if (!hour || *hour > 23 || !cursor.skip_any(":")) return std::nullopt;
  const auto minute = cursor.number(2);
  if (!minute || *minute > 59) return std::nullopt;
  std::int64_t micros = (*hour * 60 + *minute) * 60 * micros_per_second;
  if (!cursor.skip_any(":")) return micros;
  const auto second = cursor.number(2);
  if (!second || *second > 59) return std::nullopt;
  micros += *second * micros_per_second;
  if (!cursor.skip_any(".")) return micros;
  const auto fraction = parse_fraction(cursor);
  if (!fraction) return std::nullopt;
  return micros + *fraction;
}

/// Microseconds to subtract to reach UTC: `Z`, nothing, `+02:00`, `+0200`, `+02`.
std::optional<std::int64_t> parse_zone(TextCursor& cursor) {
  if (cursor.at_end() || cursor.skip_any("Zz")) return 0;
  if (!cursor.skip_any("+-")) return std::nullopt;
  const int sign = cursor.taken() == '-' ? -1 : 1;
  const auto hours = cursor.number(2);
  if (!hours || *hours > 23) return std::nullopt;
  int minutes = 0;
  if (!cursor.at_end()) {
    cursor.skip_any(":");
    const auto rest = cursor.number(2);
    if (!rest || *rest > 59) return std::nullopt;
    minutes = *rest;
  }
  return sign * (*hours * 60 + minutes) * 60 * micros_per_second;
}

}  // namespace

std::optional<Time> Time::parse(std::string_view text) {
  TextCursor cursor(text);
  const auto days = parse_days(cursor);
  if (!days) return std::nullopt;
  std::int64_t micros_of_day = 0;
  if (!cursor.at_end()) {
    if (!cursor.skip_any("Tt ")) return std::nullopt;
    const auto time_of_day = parse_time_of_day(cursor);
    if (!time_of_day) return std::nullopt;
    const auto zone = parse_zone(cursor);
    if (!zone || !cursor.at_end()) return std::nullopt;
    micros_of_day = *time_of_day - *zone;
  }
  // A day more or less than the type holds is left out, so that no sum below can overflow, except at the very edges.
  constexpr std::int64_t days_max = std::numeric_limits<std::int64_t>::max() / micros_per_day;
  if (*days > days_max || *days < -days_max - 1) return std::nullopt;
  const std::int64_t whole = *days < 0 ? (*days + 1) * micros_per_day : *days * micros_per_day;
  const std::int64_t rest = *days < 0 ? micros_of_day - micros_per_day : micros_of_day;
  if (rest > 0 && whole > std::numeric_limits<std::int64_t>::max() - rest) return std::nullopt;
  if (rest < 0 && whole < std::numeric_limits<std::int64_t>::min() - rest) return std::nullopt;
  return Time{whole + rest};
}

std::string Time::to_string() const {
  std::int64_t days = micros / micros_per_day;
  std::int64_t rest = micros % micros_per_day;
  if (rest < 0) {
    rest += micros_per_day;
    --days;
  }
  constexpr std::int64_t cycle_years = 400;
  constexpr std::int64_t cycle_days = 146'097;
  std::int64_t cycle = days / cycle_days;
  std::int64_t day_of_cycle = days % cycle_days;
  if (day_of_cycle < 0) {
    day_of_cycle += cycle_days;
    --cycle;
  }
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day_of_cycle}}};
  const std::int64_t year = static_cast<int>(date.year()) + cycle * cycle_years;
  const std::int64_t seconds = rest / micros_per_second;
  char text[48];
  std::snprintf(
      text, sizeof text,
      year < 0 || year > 9999 ? "%+07lld-%02u-%02uT%02d:%02d:%02d.%06dZ" : "%04lld-%02u-%02uT%02d:%02d:%02d.%06dZ",
      static_cast<long long>(year), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(seconds / 3600), static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60),
      static_cast<int>(rest % micros_per_second));
  return text;
}

}  // namespace strata
