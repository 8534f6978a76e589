// Cuts a filter expression into tokens, and words its errors.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "filter/path.hpp"
#include "strata/error.hpp"
#include "strata/value.hpp"

namespace strata::filter {

inline constexpr std::size_t expression_bytes_max = 64 * 1024;

enum class TokenKind { end, path, number, text, parameter, symbol };

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t begin = 0;  ///< Offsets of the token's bytes in the expression.
  std::size_t end = 0;
  Path path;
  /// Of a path: its only name when that is not quoted, so that it may be a keyword, a function or true, false, null.
  std::string_view word;
  bool quoted_name_alone = false;  ///< Of a path: it is one quoted name, as people write texts elsewhere.
  bool called = false;             ///< Of a path: an opening parenthesis follows.
  Value number;
  std::string text;         ///< Of a text, without quotes; of a parameter, its name.
  std::string_view symbol;  ///< `<>` and `==` come as `!=` and `=`.
};

/// Equal but for the case of ASCII letters. Requires: `lower` is lower case.
bool is_word(std::string_view text, std::string_view lower);

class Lexer {
 public:
  /// `subject` begins each error message. `limit_exceeded` when the text is too long, `invalid_argument` when it is not
  /// UTF-8. The text must outlive the lexer and its tokens.
  Lexer(std::string_view text, std::string_view subject);

  Token next();
  /// The token as it stands in the text, shortened, for messages.
  std::string spelled(const Token& token) const;
  /// One line: subject, column (in characters, from 1), reason, and the place marked by a ^ before it.
  [[noreturn]] void fail(std::size_t offset, const std::string& reason,
                         ErrorCode code = ErrorCode::invalid_argument) const;

 private:
  void skip_spaces();
  bool at(char c) const { return place_ < text_.size() && text_[place_] == c; }
  Token path();
  PathStep bracketed();
  std::string plain_name();
  std::string quoted_text();
  std::string quoted_name();
  Token number();
  Token parameter();
  Token symbol();

  std::string_view text_;
  std::string_view subject_;
  std::size_t place_ = 0;
};

}  // namespace strata::filter
