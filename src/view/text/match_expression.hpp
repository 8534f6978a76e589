// What a person types, as an expression of FTS5: every word in quotes, so that nothing in it means anything to SQLite.
//
//   words       any of them counts
//   "a phrase"  these words side by side
//   begin*      words that begin so; after a phrase, its last word
//   +must       rows without it do not match
//   -not        rows with it do not match
//
// Anything that is not a space, a quotation mark, or a sign in front is part of a word. Words without a letter or digit
// are left out.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace strata::view::text {

inline constexpr std::size_t match_words_max = 256;
inline constexpr std::size_t match_bytes_max = 64 * 1024;

struct MatchExpression {
  std::string required;              ///< What rows match,
  std::string excluded;              ///< unless they match this; empty: nothing is excluded.
  std::string wanted;                ///< Any of the phrases that are not excluded.
  std::vector<std::string> phrases;  ///< Those that count for the score: the first ones of `required`, in this order.
};

/// `has_tokens` tells whether the tokenizer finds anything in a word. `invalid_argument` when there is nothing to look
/// for, or a quotation mark stands alone; `limit_exceeded` when it is too long.
MatchExpression parse_match(std::string_view words, const std::function<bool(std::string_view)>& has_tokens);

}  // namespace strata::view::text
