// Source text with its comments and the contents of its strings blanked, so that what is left can be read by its
// brackets and words alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/language.hpp"

namespace strata::ingest {

struct CodeText {
  /// As long as the source, line breaks in the same places. Comments are spaces; of a string its quotes are left as
  /// `"`, whatever they were, with spaces between.
  std::string code{};
  struct String {
    std::size_t begin = 0;  ///< Of the content, between the quotes.
    std::size_t end = 0;
  };
  std::vector<String> strings{};
};

/// Takes time proportional to the length, for any bytes. Requires: a language that is neither text nor markdown.
CodeText blank_comments(std::string_view text, Language language);

}  // namespace strata::ingest
