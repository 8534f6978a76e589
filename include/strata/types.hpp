// Small value types that every part of Strata shares: bytes, positions, versions, times, ids.
// All are plain values: copy them freely, use them from any thread.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace strata {

/// Bytes that someone else owns. Nothing promises that they are text.
using bytes_view = std::string_view;
/// Bytes that the holder owns.
using Bytes = std::string;

/// Place of a commit in the log: 1, 2, 3, ... dense, in commit order. 0 stands before the first commit.
struct Position {
  std::uint64_t value = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

/// The position of the commit that wrote a record. 0 means that the record is absent.
struct Version {
  std::uint64_t value = 0;
  friend auto operator<=>(const Version&, const Version&) = default;
};

/// A moment: microseconds since 1970-01-01T00:00:00Z. Leap seconds do not exist here, as in POSIX.
struct Time {
  std::int64_t micros = 0;
  friend auto operator<=>(const Time&, const Time&) = default;

  /// ISO 8601: `2024-05-01`, `2024-05-01T10:00:00Z`, with fraction and with `+02:00`; no zone means UTC.
  /// A space may stand for the `T`. Returns nothing when the text is not such a time.
  static std::optional<Time> parse(std::string_view text);
  /// `2024-05-01T10:00:00.000000Z`, always with six digits of fraction, so that text order is time order.
  std::string to_string() const;

  friend Time operator+(Time time, std::chrono::microseconds d) { return {time.micros + d.count()}; }
  friend Time operator-(Time time, std::chrono::microseconds d) { return {time.micros - d.count()}; }
};

/// `250ms`, `90s`, `15m`, `12h`, `7d`, `2w`: a length of time, as options and filters write it.
/// Returns nothing when the text is not one, or would not fit.
std::optional<std::chrono::microseconds> parse_duration(std::string_view text);

/// A 128-bit identifier (RFC 9562). Ids that Strata makes are version 7: they sort by the time of their making.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  friend auto operator<=>(const Uuid&, const Uuid&) = default;

  bool is_nil() const { return *this == Uuid{}; }
  bytes_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  /// 36 characters, lower case.
  std::string to_string() const;
  static std::optional<Uuid> parse(std::string_view text);
};

}  // namespace strata
