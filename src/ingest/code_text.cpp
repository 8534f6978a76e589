#include "ingest/code_text.hpp"

#include <algorithm>
#include <cctype>

namespace strata::ingest {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0; }

constexpr std::size_t delimiter_bytes_max = 16;  // of a C++ raw string, as the standard has it
constexpr std::size_t hashes_max = 255;          // of a Rust raw string
constexpr std::size_t regex_bytes_max = 2000;

class Blanker {
 public:
  Blanker(std::string_view text, Language language) : text_(text), language_(language) {
    result_.code.assign(text);
    script_ = language == Language::javascript || language == Language::typescript;
    c_like_ = language == Language::c || language == Language::cpp;
  }

  CodeText run() {
    while (at_ < text_.size()) step();
    return std::move(result_);
  }

 private:
  char peek(std::size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool looking_at(std::string_view word) const { return text_.substr(at_).starts_with(word); }

  void step() {
    const char c = text_[at_];
    if (language_ == Language::python) {
      step_python(c);
      return;
    }
    if (c == '/' && peek(1) == '/') {
      line_comment();
    } else if (c == '/' && peek(1) == '*') {
      block_comment();
    } else if (c == '/' && script_ && regex_may_begin()) {
      regex();
    } else if (c == '"') {
      if (language_ == Language::java && looking_at("\"\"\"")) {
        long_string("\"\"\"", true);
      } else if (!raw_string()) {
        quoted('"', language_ == Language::rust);
      }
    } else if (c == '\'') {
      apostrophe();
    } else if (c == '`' && language_ == Language::go) {
      long_string("`", false);
    } else if (c == '`' && script_) {
      template_string();
    } else {
      take(c);
    }
  }

  void step_python(char c) {
    if (c == '#') {
      line_comment();
    } else if (c == '"' || c == '\'') {
      if (looking_at(std::string(3, c))) {
        long_string(std::string(3, c), true);
      } else {
        quoted(c, false);
      }
    } else {
      take(c);
    }
  }

  /// A character of code.
  void take(char c) {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) last_ = at_;
    ++at_;
  }

  void blank(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (text_[i] != '\n') result_.code[i] = ' ';
    }
  }

  void line_comment() {
    const std::size_t begin = at_;
    do {
      at_ = std::min(text_.find('\n', at_ + 1), text_.size());
    } while (c_like_ && at_ < text_.size() && text_[at_ - 1] == '\\');
    blank(begin, at_);
  }

  void block_comment() {
    const std::size_t begin = at_;
    at_ += 2;
    std::size_t depth = 1;
    while (at_ < text_.size() && depth > 0) {
      if (looking_at("*/")) {
        --depth;
        at_ += 2;
      } else if (language_ == Language::rust && looking_at("/*")) {
        ++depth;
        at_ += 2;
      } else {
        ++at_;
      }
    }
    blank(begin, at_);
  }

  /// The string's content lies in [begin, end); its closing quote ends before `after`.
  void add_string(std::size_t opening, std::size_t begin, std::size_t end, std::size_t after) {
    blank(opening, after);
    if (opening < text_.size() && text_[opening] != '\n') result_.code[opening] = '"';
    if (after > end && after > opening + 1) result_.code[after - 1] = '"';
    result_.strings.push_back({begin, end});
    last_ = after == 0 ? 0 : after - 1;
    at_ = after;
  }

  /// Ends at the line's end when nothing closes it, unless it may go on.
  void quoted(char quote, bool many_lines) {
    const std::size_t opening = at_;
    std::size_t here = at_ + 1;
    while (here < text_.size() && text_[here] != quote) {
      if (text_[here] == '\n' && !many_lines) break;
      here += text_[here] == '\\' && here + 1 < text_.size() ? 2 : 1;
    }
    here = std::min(here, text_.size());
    const bool closed = here < text_.size() && text_[here] == quote;
    add_string(opening, opening + 1, here, closed ? here + 1 : here);
  }

  void long_string(const std::string& quote, bool escapes) {
    const std::size_t opening = at_;
    const std::size_t begin = at_ + quote.size();
    std::size_t here = begin;
    while (here < text_.size() && !text_.substr(here).starts_with(quote)) {
      here += escapes && text_[here] == '\\' && here + 1 < text_.size() ? 2 : 1;
    }
    here = std::min(here, text_.size());
    add_string(opening, begin, here, std::min(here + quote.size(), text_.size()));
  }

  /// `R"x(...)x"` of C++ and `r#"..."#` of Rust, at their quote.
  bool raw_string() {
    if (language_ == Language::cpp || language_ == Language::c) {
      if (at_ == 0 || text_[at_ - 1] != 'R') return false;
      std::size_t word = at_ - 1;
      while (word > 0 && at_ - word < 4 && is_word(text_[word - 1])) --word;
      const std::string_view prefix = text_.substr(word, at_ - word);
      if (prefix != "R" && prefix != "LR" && prefix != "uR" && prefix != "UR" && prefix != "u8R") return false;
      const std::size_t open = text_.substr(0, std::min(text_.size(), at_ + delimiter_bytes_max + 2)).find('(', at_);
      if (open == std::string_view::npos) return false;
      long_raw(open + 1, ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"");
      return true;
    }
    if (language_ != Language::rust) return false;
    std::size_t hashes = 0;
    while (hashes < at_ && hashes < hashes_max && text_[at_ - 1 - hashes] == '#') ++hashes;
    const std::size_t before = at_ - hashes;
    if (before == 0 || text_[before - 1] != 'r') return false;
    const bool of_word =
        before >= 2 && is_word(text_[before - 2]) &&
        !((text_[before - 2] == 'b' || text_[before - 2] == 'c') && (before < 3 || !is_word(text_[before - 3])));
    if (of_word) return false;
    long_raw(at_ + 1, "\"" + std::string(hashes, '#'));
    return true;
  }

  void long_raw(std::size_t begin, const std::string& closing) {
    const std::size_t end = std::min(text_.find(closing, begin), text_.size());
    add_string(at_, begin, end, std::min(end + closing.size(), text_.size()));
  }

  /// A character, a script's string, a lifetime of Rust or a separator of digits.
  void apostrophe() {
    const bool separates_digits = c_like_ && at_ > 0 &&
                                  std::isxdigit(static_cast<unsigned char>(text_[at_ - 1])) != 0 &&
                                  std::isxdigit(static_cast<unsigned char>(peek(1))) != 0 && !after_literal_prefix();
    const bool is_lifetime = language_ == Language::rust && peek(1) != '\\' && !closes_one_character();
    if (separates_digits || is_lifetime) {
      take('\'');
    } else {
      quoted('\'', false);
    }
  }

  /// Whether the word before is a prefix of character literals (`u8'a'`) and no number.
  bool after_literal_prefix() const {
    std::size_t word = at_;
    while (word > 0 && at_ - word < 32 && is_word(text_[word - 1])) --word;
    return std::isdigit(static_cast<unsigned char>(text_[word])) == 0;
  }

  bool closes_one_character() const {
    std::size_t length = 1;
    while (length < 4 && (static_cast<unsigned char>(peek(1 + length)) & 0xC0) == 0x80) ++length;
    return peek(1 + length) == '\'';
  }

  /// A template with all that stands in its `${...}`, as one string.
  void template_string() {
    const std::size_t opening = at_;
    std::size_t braces = 0;  // open ones within `${`, its own included
    std::size_t here = at_ + 1;
    for (; here < text_.size(); ++here) {
      const char c = text_[here];
      if (c == '\\') {
        ++here;
      } else if (braces == 0) {
        if (c == '`') break;
        if (c == '$' && here + 1 < text_.size() && text_[here + 1] == '{') {
          braces = 1;
          ++here;
        }
      } else if (c == '{') {
        ++braces;
      } else if (c == '}') {
        --braces;
      } else if (c == '`') {
        here = skip_plain_template(here);
      }
    }
    here = std::min(here, text_.size());
    add_string(opening, opening + 1, here, std::min(here + 1, text_.size()));
  }

  /// A template within a template: to its closing backtick.
  std::size_t skip_plain_template(std::size_t here) const {
    for (++here; here < text_.size() && text_[here] != '`'; ++here) {
      if (text_[here] == '\\') ++here;
    }
    return here;
  }

  bool regex_may_begin() const {
    if (last_ == std::string_view::npos) return true;
    const char before = text_[last_];
    if (!is_word(before)) return std::string_view(")]}\"'`").find(before) == std::string_view::npos;
    std::size_t word = last_ + 1;
    while (word > 0 && last_ - word < 12 && is_word(text_[word - 1])) --word;
    const std::string_view name = text_.substr(word, last_ + 1 - word);
    return name == "return" || name == "typeof" || name == "case" || name == "in" || name == "of" || name == "delete";
  }

  void regex() {
    std::size_t here = at_ + 1;
    bool in_set = false;
    const std::size_t bound = std::min(text_.size(), at_ + regex_bytes_max);
    while (here < bound && text_[here] != '\n') {
      const char c = text_[here];
      if (c == '\\') {
        ++here;
      } else if (c == '[') {
        in_set = true;
      } else if (c == ']') {
        in_set = false;
      } else if (c == '/' && !in_set) {
        break;
      }
      ++here;
    }
    if (here >= bound || text_[here] != '/') {  // a division after all
      take('/');
      return;
    }
    blank(at_, here + 1);
    result_.code[at_] = '0';  // a value stands here
    last_ = here;
    at_ = here + 1;
  }

  std::string_view text_;
  Language language_;
  bool script_ = false;
  bool c_like_ = false;
  std::size_t at_ = 0;
  std::size_t last_ = std::string_view::npos;  ///< The last character of code that is no space.
  CodeText result_;
};

}  // namespace

CodeText blank_comments(std::string_view text, Language language) { return Blanker(text, language).run(); }

}  // namespace strata::ingest
