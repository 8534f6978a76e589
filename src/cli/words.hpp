// A line typed into the shell, split into words as a command gets them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace strata::cli {

/// Blanks separate words; '...' and "..." keep them, a backslash keeps one character (within '...' it is one itself).
/// A word that begins with { or [ goes on to the bracket that closes it, so that JSON needs no quotes. UsageError when
/// a quote or bracket is not closed.
std::vector<std::string> split_words(std::string_view line);

}  // namespace strata::cli
