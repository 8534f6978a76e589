#include "query/datalog/lexer.hpp"

#include <array>

#include "codec/value_utf8.hpp"

namespace strata::datalog {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }
bool is_upper(char c) { return (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_lower(c) || is_upper(c) || is_digit(c); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

}  // namespace

void fail(Place place, const std::string& reason, ErrorCode code) {
  throw Error(code, "program " + std::to_string(place.line) + ":" + std::to_string(place.column) + ": " + reason);
}

Lexer::Lexer(std::string_view text) : text_(text) {
  if (text.size() > program_bytes_max) {
    throw Error(ErrorCode::limit_exceeded,
                "the program is longer than 1 MiB (program_bytes_max); give what is long as parameters");
  }
  if (!codec::is_utf8(text)) throw Error(ErrorCode::invalid_argument, "the program is not UTF-8");
}

void Lexer::advance() {
  const char c = text_[place_++];
  if (c == '\n') {
    ++here_.line;
    here_.column = 1;
  } else if ((static_cast<unsigned char>(at()) & 0xc0) != 0x80) {
    ++here_.column;
  }
}

void Lexer::skip_blanks() {
  while (place_ < text_.size()) {
    if (is_blank(at())) {
      advance();
    } else if (at() == '%' || at() == '#') {
      while (place_ < text_.size() && at() != '\n') advance();
    } else {
      return;
    }
  }
}

void Lexer::take_word(std::string& out) {
  while (is_word(at())) {
    out += at();
    advance();
  }
}

void Lexer::take_path(Token& token) {
  for (;;) {
    const std::size_t begin = place_;
    if (at() == '.' && (is_word(at(1)) && !is_digit(at(1)))) {
      advance();
      std::string word;
      take_word(word);
    } else if (at() == '.' && at(1) == '"') {
      advance();
      Token name;
      name.place = here_;
      take_text(name);
    } else if (at() == '[' && is_digit(at(1))) {
      advance();
      while (is_digit(at())) advance();
      if (at() != ']') fail(here_, "the path of `" + token.text + "` lacks its `]`");
      advance();
    } else {
      return;
    }
    token.path += text_.substr(begin, place_ - begin);
  }
}

void Lexer::take_number(Token& token) {
  const std::size_t begin = place_;
  while (is_digit(at())) advance();
  if (at() == '.' && is_digit(at(1))) {
    advance();
    while (is_digit(at())) advance();
  }
  if (at() == 'e' || at() == 'E') {
    const std::size_t sign = at(1) == '+' || at(1) == '-' ? 2 : 1;
    if (is_digit(at(sign))) {
      for (std::size_t i = 0; i < sign; ++i) advance();
      while (is_digit(at())) advance();
    }
  }
  token.text = text_.substr(begin, place_ - begin);
  if (is_word(at())) fail(token.place, "`" + token.text + at() + "` is no number");
  try {
    token.number = Value::from_json(token.text);
  } catch (const Error&) {
    fail(token.place, "`" + token.text + "` is no number: write 10, 0.5 or 1e3");
  }
}

void Lexer::take_escape(std::string& out) {
  const Place begin = here_;
  advance();
  const char c = at();
  if (place_ >= text_.size()) return;
  if (c == 'u') {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      advance();
      const char digit = at();
      const bool letter = (digit >= 'a' && digit <= 'f') || (digit >= 'A' && digit <= 'F');
      if (!is_digit(digit) && !letter) fail(begin, "\\u needs four hexadecimal digits");
      code = code * 16 + static_cast<std::uint32_t>(is_digit(digit) ? digit - '0' : (digit | 0x20) - 'a' + 10);
    }
    if (code >= 0xd800 && code < 0xe000) fail(begin, "\\u names half a character; write the character itself");
    append_utf8(out, code);
  } else if (c == 'n') {
    out += '\n';
  } else if (c == 't') {
    out += '\t';
  } else if (c == 'r') {
    out += '\r';
  } else if (c == '\\' || c == '\'' || c == '"' || c == '/') {
    out += c;
  } else {
    fail(begin, R"(a text knows \n \t \r \\ \' \" and \u0000 after a backslash)");
  }
  advance();
}

void Lexer::take_text(Token& token) {
  const char quote = at();
  advance();
  for (;;) {
    if (place_ >= text_.size()) fail(token.place, "the text that begins here is not closed");
    if (at() == '\\') {
      take_escape(token.text);
    } else if (at() == quote) {
      advance();
      if (at() != quote) return;
      token.text += quote;  // two of them stand for one
      advance();
    } else {
      token.text += at();
      advance();
    }
  }
}

void Lexer::take_symbol(Token& token) {
  constexpr std::array<std::string_view, 6> pairs{":-", "?-", "!=", "<=", ">=", "<>"};
  for (const std::string_view pair : pairs) {
    if (at() != pair[0] || at(1) != pair[1]) continue;
    advance();
    advance();
    token.text = pair == "<>" ? "!=" : pair;
    return;
  }
  constexpr std::string_view single = "()[]{},.:=<>+-*/";
  if (single.find(at()) == std::string_view::npos) {
    std::size_t size = 1;
    while ((static_cast<unsigned char>(at(size)) & 0xc0) == 0x80) ++size;
    fail(token.place, "`" + std::string(text_.substr(place_, size)) + "` has no meaning here");
  }
  token.text = at();
  advance();
}

Token Lexer::next() {
  skip_blanks();
  Token token;
  token.place = here_;
  token.begin = place_;
  if (place_ >= text_.size()) {
    token.end = place_;
    return token;
  }
  const char c = at();
  if (is_lower(c) || is_upper(c)) {
    token.kind = is_upper(c) ? TokenKind::variable : TokenKind::name;
    take_word(token.text);
    if (token.kind == TokenKind::variable) take_path(token);
  } else if (is_digit(c)) {
    token.kind = TokenKind::number;
    take_number(token);
  } else if (c == '\'' || c == '"') {
    token.kind = TokenKind::text;
    take_text(token);
  } else if (c == ':' && (is_lower(at(1)) || is_upper(at(1)))) {
    token.kind = TokenKind::parameter;
    advance();
    take_word(token.text);
  } else {
    token.kind = TokenKind::symbol;
    take_symbol(token);
  }
  token.end = place_;
  return token;
}

std::string Lexer::line_of(std::size_t begin, std::size_t end) const {
  Lexer lexer(text_.substr(begin, end - begin));
  std::string out;
  std::size_t last = 0;
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    if (token.begin > last && !out.empty()) out += ' ';
    out += lexer.text_.substr(token.begin, token.end - token.begin);
    last = token.end;
  }
  for (char& c : out) {
    if (is_blank(c)) c = ' ';
  }
  return out;
}

}  // namespace strata::datalog
