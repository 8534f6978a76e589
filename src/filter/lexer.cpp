#include "filter/lexer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>
#include <utility>

#include "codec/value_utf8.hpp"

namespace strata::filter {
namespace {

constexpr std::size_t excerpt_characters_each_side = 24;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Length of what should be one UTF-8 character: a byte and the continuation bytes after it.
std::size_t character_bytes(std::string_view text) {
  std::size_t bytes = 1;
  while (bytes < text.size() && is_continuation(text[bytes])) ++bytes;
  return bytes;
}

std::string on_one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return out;
}

}  // namespace

bool is_word(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
}

Lexer::Lexer(std::string_view text, std::string_view subject) : text_(text), subject_(subject) {
  if (text.size() > expression_bytes_max) {
    throw Error(ErrorCode::limit_exceeded, std::string(subject) + ": the expression has " +
                                               std::to_string(text.size()) + " bytes; expression_bytes_max is " +
                                               std::to_string(expression_bytes_max) +
                                               "; pass long texts and lists as parameters");
  }
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t bytes = character_bytes(text.substr(i));
    if (!codec::is_utf8(text.substr(i, bytes))) {
      text_ = text.substr(0, i);
      fail(i, "the expression is not UTF-8 from here on");
    }
    i += bytes;
  }
}

void Lexer::fail(std::size_t offset, const std::string& reason, ErrorCode code) const {
  offset = std::min(offset, text_.size());
  const auto characters = [](std::string_view part) {
    return static_cast<std::size_t>(
        std::count_if(part.begin(), part.end(), [](char c) { return !is_continuation(c); }));
  };
  std::size_t first = offset;
  for (std::size_t n = 0; first > 0 && n < excerpt_characters_each_side; ++n) {
    do {
      --first;
    } while (first > 0 && is_continuation(text_[first]));
  }
  std::size_t last = offset;
  for (std::size_t n = 0; last < text_.size() && n < excerpt_characters_each_side; ++n) {
    do {
      ++last;
    } while (last < text_.size() && is_continuation(text_[last]));
  }
  std::string message = std::string(subject_) + ": column " + std::to_string(characters(text_.substr(0, offset)) + 1) +
                        ": " + on_one_line(reason);
  if (!text_.empty()) {
    message += ", at: " + std::string(first > 0 ? "..." : "") + on_one_line(text_.substr(first, offset - first)) + "^" +
               on_one_line(text_.substr(offset, last - offset)) + (last < text_.size() ? "..." : "");
  }
  throw Error(code, message);
}

std::string Lexer::spelled(const Token& token) const {
  if (token.kind == TokenKind::end) return "the end";
  std::size_t end = token.end;
  const bool shortened = end - token.begin > 2 * excerpt_characters_each_side;
  if (shortened) end = token.begin + 2 * excerpt_characters_each_side;
  while (end < token.end && is_continuation(text_[end])) --end;
  const std::string part = on_one_line(text_.substr(token.begin, end - token.begin)) + (shortened ? "..." : "");
  return part.front() == '\'' ? part : "'" + part + "'";
}

void Lexer::skip_spaces() {
  while (place_ < text_.size() && is_space(text_[place_])) ++place_;
}

Token Lexer::next() {
  skip_spaces();
  const std::size_t begin = place_;
  Token token;
  if (place_ < text_.size()) {
    const char c = text_[place_];
    const char after = place_ + 1 < text_.size() ? text_[place_ + 1] : '\0';
    if (is_digit(c) || ((c == '-' || c == '+' || c == '.') && (is_digit(after) || after == '.'))) {
      token = number();
    } else if (c == '\'') {
      token.kind = TokenKind::text;
      token.text = quoted_text();
    } else if (c == '"' || is_name_start(c)) {
      token = path();
    } else if (c == ':') {
      token = parameter();
    } else {
      token = symbol();
    }
  }
  token.begin = begin;
  token.end = place_;
  return token;
}

Token Lexer::path() {
  Token token;
  token.kind = TokenKind::path;
  const std::size_t begin = place_;
  PathRoot root = PathRoot::body;
  std::vector<PathStep> steps;
  if (at('"')) {
    steps.push_back({PathStep::Kind::member, quoted_name(), 0});
    token.quoted_name_alone = true;
  } else {
    std::string name = plain_name();
    if (const auto property = property_named(name)) {
      root = *property;
    } else if (name != "$") {
      steps.push_back({PathStep::Kind::member, std::move(name), 0});
    }
    token.word = text_.substr(begin, place_ - begin);
  }
  const std::size_t first_end = place_;
  while (at('.') || at('[')) {
    if (root != PathRoot::body) {
      const std::string name(text_.substr(begin, first_end - begin));
      fail(place_,
           "'" + name + "' is a property of the record and has no parts; the body's field is written $." + name);
    }
    if (steps.size() == path_steps_max) {
      fail(place_, "the path has more steps than path_steps_max, " + std::to_string(path_steps_max),
           ErrorCode::limit_exceeded);
    }
    if (at('[')) {
      steps.push_back(bracketed());
      continue;
    }
    ++place_;
    steps.push_back({PathStep::Kind::member, at('"') ? quoted_name() : plain_name(), 0});
  }
  if (place_ != first_end) {
    token.word = {};
    token.quoted_name_alone = false;
  }
  std::size_t ahead = place_;
  while (ahead < text_.size() && is_space(text_[ahead])) ++ahead;
  token.called = !token.word.empty() && ahead < text_.size() && text_[ahead] == '(';
  token.path = Path(root, std::move(steps));
  return token;
}

PathStep Lexer::bracketed() {
  const std::size_t begin = place_++;
  PathStep step;
  if (at('*')) {
    step.kind = PathStep::Kind::every;
    ++place_;
  } else {
    step.kind = PathStep::Kind::element;
    const char* first = text_.data() + place_;
    const auto [last, error] = std::from_chars(first, text_.data() + text_.size(), step.index);
    if (error != std::errc()) fail(begin, "expected an index such as [0], or [*] for every element");
    place_ += static_cast<std::size_t>(last - first);
  }
  if (!at(']')) fail(place_, "expected ']'");
  ++place_;
  return step;
}

std::string Lexer::plain_name() {
  const std::size_t begin = place_;
  while (place_ < text_.size() && is_name_character(text_[place_])) ++place_;
  if (place_ == begin) fail(place_, "expected a name after '.'");
  return std::string(text_.substr(begin, place_ - begin));
}

std::string Lexer::quoted_text() {
  const std::size_t begin = place_++;
  std::string content;
  for (;;) {
    const std::size_t close = text_.find('\'', place_);
    if (close == std::string_view::npos)
      fail(begin, "the text that begins here has no closing '; write '' for a ' in it");
    content += text_.substr(place_, close - place_);
    place_ = close + 1;
    if (!at('\'')) return content;
    content += '\'';
    ++place_;
  }
}

std::string Lexer::quoted_name() {
  const std::size_t begin = place_++;
  std::string content;
  for (; place_ < text_.size(); ++place_) {
    if (at('"')) {
      ++place_;
      return content;
    }
    if (at('\\')) {
      ++place_;
      if (!at('"') && !at('\\')) fail(place_, "in a quoted name \\ stands before \" or \\ only");
    }
    content += text_[place_];
  }
  fail(begin, "the name that begins here has no closing \"");
}

Token Lexer::number() {
  const std::size_t begin = place_;
  const auto digits = [&] {
    const std::size_t first = place_;
    while (place_ < text_.size() && is_digit(text_[place_])) ++place_;
    return place_ > first;
  };
  bool whole = true;
  if (at('-') || at('+')) ++place_;
  bool sound = digits();
  if (at('.')) {
    whole = false;
    ++place_;
    sound = digits() && sound;
  }
  if (sound && (at('e') || at('E'))) {
    whole = false;
    ++place_;
    if (at('-') || at('+')) ++place_;
    sound = digits();
  }
  if (!sound || (place_ < text_.size() && (is_name_character(text_[place_]) || at('.')))) {
    fail(begin, "this is not a number; numbers are written 5, -2, 0.5, 1e3");
  }
  Token token;
  token.kind = TokenKind::number;
  const char* const first = text_.data() + begin + (text_[begin] == '+' ? 1 : 0);
  const char* const last = text_.data() + place_;
  std::int64_t as_signed = 0;
  std::uint64_t as_unsigned = 0;
  double as_double = 0;
  if (whole && std::from_chars(first, last, as_signed).ec == std::errc()) {
    token.number = Value(static_cast<long long>(as_signed));
  } else if (whole && *first != '-' && std::from_chars(first, last, as_unsigned).ec == std::errc()) {
    token.number = Value(static_cast<unsigned long long>(as_unsigned));
  } else if (std::from_chars(first, last, as_double).ec == std::errc()) {
    token.number = Value(as_double == 0 ? 0.0 : as_double);
  } else {
    fail(begin, "the number does not fit into a double");
  }
  return token;
}

Token Lexer::parameter() {
  const std::size_t begin = place_++;
  Token token;
  token.kind = TokenKind::parameter;
  while (place_ < text_.size() && is_name_character(text_[place_])) token.text += text_[place_++];
  if (token.text.empty()) fail(begin, "expected a parameter's name after ':'");
  return token;
}

Token Lexer::symbol() {
  struct Spelling {
    std::string_view written;
    std::string_view meant;
  };
  static constexpr std::array<Spelling, 11> spellings{{{"<=", "<="},
                                                       {">=", ">="},
                                                       {"!=", "!="},
                                                       {"<>", "!="},
                                                       {"==", "="},
                                                       {"=", "="},
                                                       {"<", "<"},
                                                       {">", ">"},
                                                       {"(", "("},
                                                       {")", ")"},
                                                       {",", ","}}};
  static constexpr std::array<Spelling, 5> foreign{
      {{"&&", "and"}, {"||", "or"}, {"!", "not"}, {"&", "and"}, {"|", "or"}}};
  const std::string_view rest = text_.substr(place_);
  for (const Spelling& spelling : spellings) {
    if (!rest.starts_with(spelling.written)) continue;
    Token token;
    token.kind = TokenKind::symbol;
    token.symbol = spelling.meant;
    place_ += spelling.written.size();
    return token;
  }
  for (const Spelling& spelling : foreign) {
    if (rest.starts_with(spelling.written)) {
      fail(place_, "'" + std::string(spelling.written) + "' is written '" + std::string(spelling.meant) + "'");
    }
  }
  fail(place_, "unexpected character '" + on_one_line(rest.substr(0, character_bytes(rest))) + "'");
}

}  // namespace strata::filter
