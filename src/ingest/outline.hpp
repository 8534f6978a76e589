// How a text is divided: its sections or definitions, one within another.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/code_text.hpp"
#include "ingest/language.hpp"

namespace strata::ingest {

inline constexpr std::size_t outline_depth_max = 20;

/// A part of the text, in whole lines. Parts come in the order of their first lines; those of greater depth that
/// follow one lie within it, and none overlap otherwise.
struct OutlinePart {
  std::string name{};
  std::size_t first_line = 0;  ///< From 0.
  std::size_t end_line = 0;    ///< After the last.
  std::size_t depth = 0;       ///< At most outline_depth_max.
};

/// Where each line begins; and, at the end, the length of the text.
std::vector<std::size_t> line_starts(std::string_view text);

/// By headings: `#`, and lines underlined with `=` or `-`. Fenced code has none.
std::vector<OutlinePart> outline_markdown(std::string_view text, const std::vector<std::size_t>& lines);

/// By definitions, with the comments and attributes that stand right before them. `code` is what blank_comments() made
/// of `text`.
std::vector<OutlinePart> outline_code(std::string_view text, const CodeText& code, Language language,
                                      const std::vector<std::size_t>& lines);

/// By paragraph.
std::vector<OutlinePart> outline_text(std::string_view text, const std::vector<std::size_t>& lines);

}  // namespace strata::ingest
