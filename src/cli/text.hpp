// Text for people: widths on a terminal, sizes and times in words, the nearest word to a mistyped one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strata::cli {

/// Columns that the UTF-8 text takes on a terminal: wide characters count 2, combining marks 0.
std::size_t display_width(std::string_view text);
/// The text, or its beginning with `…`, in at most `width` columns. Never cuts within a character.
std::string cut(std::string_view text, std::size_t width);
/// On one line and without escape sequences: control characters are written as `\n`, `\t` or `\u001b`.
std::string single_line(std::string_view text);

std::string human_bytes(std::uint64_t bytes);                         // 1.5 MiB
std::string human_count(std::uint64_t count);                         // 12,345
std::string human_duration(std::chrono::nanoseconds time);            // 1.25 ms
std::string human_span(std::chrono::microseconds span);               // as parse_duration reads it: 7d, 90s
std::string one_or_many(std::uint64_t count, std::string_view noun);  // 1 record, 12,345 records

/// The candidate that `word` was most likely meant to be; nothing when none is near.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);
std::string join(std::span<const std::string> parts, std::string_view separator);
/// Splits at commas, except within double quotes (as paths have them). Empty parts are left out.
std::vector<std::string> split_list(std::string_view text);

}  // namespace strata::cli
