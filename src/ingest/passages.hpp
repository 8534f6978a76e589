// Passages: a text cut into pieces that can be read, found and cited each by itself.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/code_text.hpp"
#include "ingest/language.hpp"

namespace strata::ingest {

inline constexpr std::size_t passage_bytes_max = 8192;
inline constexpr std::size_t passages_max = 8000;  ///< Of one text; where there would be more they are cut longer.

struct Passage {
  std::size_t begin = 0;  ///< Bytes [begin, end) of the text, at most passage_bytes_max.
  std::size_t end = 0;
  std::size_t first_line = 1;  ///< From 1; both are in it.
  std::size_t last_line = 1;
  std::string title{};                   ///< The names of what it lies in, outermost first: `Guide > Install > Linux`.
  std::optional<std::size_t> section{};  ///< The passage, before this one, that begins what it lies in.
};

/// Markdown by heading, code by definition, other text by paragraph; what is long is split, short neighbours stay
/// together. The passages come in the order of the text, and every byte of it lies in exactly one. Takes time
/// proportional to the length, for any bytes. `code`: what blank_comments() makes of the text, where the language is
/// code.
std::vector<Passage> cut_passages(std::string_view text, Language language, const CodeText& code);

/// The text with U+FFFD in place of what is not UTF-8.
std::string valid_text(std::string_view bytes);

}  // namespace strata::ingest
