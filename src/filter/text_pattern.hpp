// The pattern of `like`: % stands for any characters, _ for one character, \ takes away the meaning of the next one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace strata::filter {

/// Bounds the work of a match: it is at most text bytes times pattern bytes.
inline constexpr std::size_t pattern_bytes_max = 1024;

class TextPattern {
 public:
  /// `invalid_argument` when the pattern ends in a lone \, `limit_exceeded` when it is longer than pattern_bytes_max.
  explicit TextPattern(std::string_view pattern);

  /// Case matters. Neither recursive nor exponential.
  bool matches(std::string_view text) const;

  const std::string& text() const { return text_; }
  /// What every matching text begins with.
  std::string_view prefix() const { return prefix_; }
  /// Nothing but the prefix matches.
  bool is_literal() const { return prefix_items_ == items_.size(); }
  /// Everything with the prefix matches.
  bool is_prefix() const { return prefix_items_ + 1 == items_.size() && items_.back() == many; }

 private:
  using Item = std::uint16_t;  ///< A byte of the text, or one of these:
  static constexpr Item one = 256;
  static constexpr Item many = 257;

  std::string text_;
  std::string prefix_;
  std::size_t prefix_items_ = 0;
  std::vector<Item> items_;
};

}  // namespace strata::filter
