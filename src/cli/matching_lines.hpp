// Which lines of a text show why it was found.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace strata::cli {

struct MatchingLine {
  std::size_t number = 1;  ///< Within the text, from 1.
  std::string text{};      ///< Without its end, at most 400 bytes, on one line for a terminal.
  bool matches = false;    ///< Else it stands around one that does.
};

/// The words of a question, lower case, each once.
std::vector<std::string> query_words(std::string_view question);

/// The lines that have the most of the words, at most `lines`, with `context` lines around each, in their order. Where
/// no line has any: the first line that is not blank.
std::vector<MatchingLine> best_lines(std::string_view text, const std::vector<std::string>& words, std::size_t lines,
                                     std::size_t context);

/// The words in bold.
std::string highlighted(std::string_view line, const std::vector<std::string>& words, bool colour);

}  // namespace strata::cli
