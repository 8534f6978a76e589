#include "cli/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <utility>

namespace strata::cli {
namespace {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
};

/// The character at `at`; a malformed byte stands for itself.
Character decode(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  std::size_t bytes = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (bytes == 1 || at + bytes > text.size()) return {lead, 1};
  char32_t code = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[at + i]);
    if ((next & 0xC0) != 0x80) return {lead, 1};
    code = (code << 6) | (next & 0x3F);
  }
  return {code, bytes};
}

struct Range {
  char32_t first;
  char32_t last;
};

// Unicode's combining marks and zero-width characters, and its wide and emoji blocks (UAX #11), in the coarse.
constexpr std::array<Range, 10> zero_width = {{{0x0300, 0x036F},
                                               {0x0483, 0x0489},
                                               {0x0591, 0x05BD},
                                               {0x064B, 0x065F},
                                               {0x1AB0, 0x1AFF},
                                               {0x1DC0, 0x1DFF},
                                               {0x200B, 0x200F},
                                               {0x20D0, 0x20FF},
                                               {0xFE00, 0xFE0F},
                                               {0xFE20, 0xFE2F}}};
constexpr std::array<Range, 9> double_width = {{{0x1100, 0x115F},
                                                {0x2E80, 0x303E},
                                                {0x3041, 0xA4CF},
                                                {0xAC00, 0xD7A3},
                                                {0xF900, 0xFAFF},
                                                {0xFE30, 0xFE6F},
                                                {0xFF00, 0xFF60},
                                                {0x1F300, 0x1FAFF},
                                                {0x20000, 0x3FFFD}}};

template <std::size_t Size>
bool within(const std::array<Range, Size>& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(), [&](Range r) { return code >= r.first && code <= r.last; });
}

std::size_t width_of(char32_t code) {
  if (code < 0x300) return 1;
  if (within(zero_width, code)) return 0;
  return within(double_width, code) ? 2 : 1;
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from one to the other (Damerau-Levenshtein,
/// optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::vector<std::size_t> row(b.size() + 1, i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const bool swapped = i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j];
      row[j + 1] = std::min({last[j] + (a[i] == b[j] ? 0 : 1), row[j] + 1, last[j + 1] + 1});
      if (swapped) row[j + 1] = std::min(row[j + 1], before_last[j - 1] + 1);
    }
    before_last = std::exchange(last, std::move(row));
  }
  return last.back();
}

std::string with_digits(double number, int digits, const char* unit) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f %s", digits, number, unit);
  return text.data();
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = decode(text, at);
    width += width_of(character.code);
    at += character.bytes;
  }
  return width;
}

std::string cut(std::string_view text, std::size_t width) {
  std::size_t used = 0;
  std::size_t kept_bytes = 0;  // of what fits beside the ellipsis
  for (std::size_t at = 0; at < text.size();) {
    const Character character = decode(text, at);
    used += width_of(character.code);
    at += character.bytes;
    if (used + 1 <= width) kept_bytes = at;
    if (used > width) return width == 0 ? std::string() : std::string(text.substr(0, kept_bytes)) + "…";
  }
  return std::string(text);
}

std::string single_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character character = decode(text, at);
    if (character.code == '\n') {
      line += "\\n";
    } else if (character.code == '\t') {
      line += "\\t";
    } else if (character.code < 0x20 || (character.code >= 0x7F && character.code < 0xA0)) {
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned>(character.code));
      line += escaped.data();
    } else {
      line += text.substr(at, character.bytes);
    }
    at += character.bytes;
  }
  return line;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array units = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  auto size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (size >= 1023.95 && unit + 1 < units.size()) {
    size /= 1024;
    ++unit;
  }
  return with_digits(size, size < 99.95 ? 1 : 0, units[unit]);
}

std::string human_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string human_duration(std::chrono::nanoseconds time) {
  const auto count = static_cast<double>(time.count());
  if (count < 1e3) return std::to_string(time.count()) + " ns";
  if (count < 1e6) return with_digits(count / 1e3, 1, "µs");
  if (count < 1e9) return with_digits(count / 1e6, 2, "ms");
  if (count < 60e9) return with_digits(count / 1e9, 2, "s");
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
}

std::string human_span(std::chrono::microseconds span) {
  struct Unit {
    std::int64_t micros;
    const char* name;
  };
  constexpr std::array<Unit, 5> units = {
      {{86'400'000'000, "d"}, {3'600'000'000, "h"}, {60'000'000, "m"}, {1'000'000, "s"}, {1'000, "ms"}}};
  for (const Unit& unit : units) {
    if (span.count() != 0 && span.count() % unit.micros == 0)
      return std::to_string(span.count() / unit.micros) + unit.name;
  }
  return std::to_string(span.count()) + "us";
}

std::string one_or_many(std::uint64_t count, std::string_view noun) {
  std::string text = human_count(count) + " " + std::string(noun);
  if (count == 1) return text;
  if (text.ends_with("x")) return text + "es";
  if (text.ends_with("y")) return text.substr(0, text.size() - 1) + "ies";
  return text + "s";
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const bool continues = word.size() >= 2 && candidate.starts_with(word);
    const std::size_t distance = continues ? 1 : edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string joined;
  for (const std::string& part : parts) {
    if (!joined.empty()) joined += separator;
    joined += part;
  }
  return joined;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  std::string part;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) {
      if (!part.empty()) parts.push_back(std::move(part));
      part.clear();
    } else if (c != ' ' || quoted || !part.empty()) {
      part += c;
    }
  }
  if (!part.empty()) parts.push_back(std::move(part));
  return parts;
}

}  // namespace strata::cli
