// Cuts a Datalog program into tokens.
#pragma once

#include <string>
#include <string_view>

#include "query/datalog/syntax.hpp"

namespace strata::datalog {

enum class TokenKind { end, name, variable, number, text, parameter, symbol };

struct Token {
  TokenKind kind = TokenKind::end;
  Place place{};
  std::size_t begin = 0;  ///< Offsets of its bytes in the program.
  std::size_t end = 0;
  std::string text{};  ///< Of a text what is between its quotes; else as written.
  Value number{};
  std::string path{};  ///< Of a variable: what follows its name without a blank, `.a.b[0]`.
};

class Lexer {
 public:
  /// `limit_exceeded` when it is too long, `invalid_argument` when it is not UTF-8. The text must outlive the lexer.
  explicit Lexer(std::string_view text);
  Token next();
  /// A part of the program on one line, comments left out.
  std::string line_of(std::size_t begin, std::size_t end) const;

 private:
  char at(std::size_t ahead = 0) const { return place_ + ahead < text_.size() ? text_[place_ + ahead] : '\0'; }
  void advance();
  void skip_blanks();
  void take_word(std::string& out);
  void take_path(Token& token);
  void take_number(Token& token);
  void take_text(Token& token);
  void take_symbol(Token& token);
  void take_escape(std::string& out);

  std::string_view text_;
  std::size_t place_ = 0;
  Place here_{};
};

}  // namespace strata::datalog
