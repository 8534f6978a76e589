#include <algorithm>
#include <cctype>
#include <utility>

#include "ingest/definition_head.hpp"
#include "ingest/outline.hpp"

namespace strata::ingest {
namespace {

constexpr std::size_t head_bytes_max = 1000;
constexpr std::size_t none = static_cast<std::size_t>(-1);

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0; }

/// Lines of code and of comments.
class Lines {
 public:
  Lines(std::string_view text, std::string_view code, const std::vector<std::size_t>& starts)
      : text_(text), code_(code), starts_(starts) {}

  std::size_t count() const { return starts_.size() - 1; }
  std::size_t begin(std::size_t line) const { return starts_[line]; }
  std::string_view code(std::size_t line) const {
    return code_.substr(starts_[line], starts_[line + 1] - starts_[line]);
  }
  bool is_comment(std::size_t line) const {
    return is_blank(code(line)) && !is_blank(text_.substr(starts_[line], starts_[line + 1] - starts_[line]));
  }
  /// The first of the comment lines that stand right before this one, not before `floor`.
  std::size_t with_comments_before(std::size_t line, std::size_t floor) const {
    while (line > floor && is_comment(line - 1)) --line;
    return line;
  }
  static bool is_blank(std::string_view line) { return std::all_of(line.begin(), line.end(), is_space); }

 private:
  std::string_view text_;
  std::string_view code_;
  const std::vector<std::size_t>& starts_;
};

/// Languages with braces: a statement ends at its semicolon, at the brace that closes its body, or, where the language
/// has it so, at the end of a line.
class BraceOutline {
 public:
  BraceOutline(std::string_view code, const Lines& lines, Language language)
      : code_(code), lines_(lines), language_(language) {
    c_like_ = language == Language::c || language == Language::cpp;
    ends_at_lines_ = language == Language::javascript || language == Language::typescript || language == Language::go;
  }

  std::vector<OutlinePart> run() {
    for (; at_ < code_.size(); ++at_) {
      while (at_ >= lines_.begin(line_ + 1)) ++line_;
      step(code_[at_]);
    }
    for (const Open& open : open_) close_part(open, lines_.count());
    return std::move(parts_);
  }

 private:
  struct Open {
    char bracket = 0;
    bool container = false;
    std::size_t part = none;
  };
  struct Conditional {
    std::size_t open = 0;  ///< Brackets that were open at its `#if`.
  };

  bool in_container() const { return open_.empty() || open_.back().container; }

  void step(char c) {
    if (c == '#' && c_like_ && first_on_line()) {
      directive();
      return;
    }
    if (is_space(c)) {
      if (c == '\n' && ends_at_lines_ && in_container() && !head_.empty() && !goes_on()) end_statement();
      if (!head_.empty()) add_to_head(' ');
      return;
    }
    switch (c) {
      case '{':
      case '(':
      case '[':
        open(c);
        break;
      case '}':
        close_brace();
        break;
      case ')':
      case ']':
        add_to_head(c);
        if (!open_.empty() && open_.back().bracket == (c == ')' ? '(' : '[')) open_.pop_back();
        break;
      case ';':
        if (in_container()) {
          end_statement();
        }
        break;
      case ':':
        if (c_like_ && in_container() && is_access_label()) {
          clear_statement();
          break;
        }
        [[fallthrough]];
      default:
        add_to_head(c);
    }
  }

  void add_to_head(char c) {
    if (has_body_ && !in_container()) return;
    if (head_.empty() && c != ' ') statement_line_ = line_;
    if (head_.size() < head_bytes_max) head_ += c;
  }

  bool first_on_line() const { return Lines::is_blank(code_.substr(lines_.begin(line_), at_ - lines_.begin(line_))); }

  bool is_access_label() const {
    std::string_view word = head_;
    while (word.ends_with(' ')) word.remove_suffix(1);
    return word == "public" || word == "private" || word == "protected" || word == "signals" || word == "public slots";
  }

  /// A line of the preprocessor, with those that a backslash adds. Its branches see the same open brackets.
  void directive() {
    std::string_view rest = code_.substr(at_ + 1);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    if (rest.starts_with("if")) {
      if (conditionals_.size() < 1000) conditionals_.push_back({open_.size()});
    } else if (rest.starts_with("el") && !conditionals_.empty()) {
      const std::size_t before = conditionals_.back().open;
      if (open_.size() > before) {
        while (open_.size() > before) {
          close_part(open_.back(), line_);
          open_.pop_back();
        }
        clear_statement();
      }
    } else if (rest.starts_with("endif") && !conditionals_.empty()) {
      conditionals_.pop_back();
    }
    for (;;) {
      const std::size_t end = std::min(code_.find('\n', at_), code_.size());
      std::size_t last = end;
      while (last > at_ && (code_[last - 1] == '\r' || code_[last - 1] == ' ')) --last;
      const bool goes_on = last > at_ && code_[last - 1] == '\\';
      at_ = end;
      if (!goes_on || end + 1 >= code_.size()) break;
      ++at_;
    }
    while (at_ < code_.size() && at_ >= lines_.begin(line_ + 1)) ++line_;
  }

  void open(char c) {
    if (c != '{' || !in_container()) {
      add_to_head(c);
      open_.push_back({c});
      return;
    }
    // An initialiser or a second body of one statement (`a_{1}, b_{2} {`) belongs to the first.
    if (!has_body_) definition_ = read_head(head_, language_);
    if (definition_.container && !has_body_ && depth_ < outline_depth_max) {
      open_container();
      return;
    }
    has_body_ = true;
    add_to_head(c);
    open_.push_back({c});
  }

  void open_container() {
    OutlinePart part;
    part.name = definition_.name;
    part.first_line = std::max(floor_, lines_.with_comments_before(statement_line_, floor_));
    part.end_line = part.first_line;
    part.depth = depth_;
    open_.push_back({'{', true, parts_.size()});
    parts_.push_back(std::move(part));
    ++depth_;
    floor_ = line_ + 1;
    clear_statement();
  }

  void close_brace() {
    while (!open_.empty() && open_.back().bracket != '{') open_.pop_back();
    if (open_.empty()) {
      clear_statement();
      return;
    }
    const Open closed = open_.back();
    open_.pop_back();
    if (closed.container) {
      close_part(closed, line_ + 1);
      clear_statement();
      return;
    }
    add_to_head('}');
    if (in_container() && has_body_ && !body_goes_on()) end_statement();
  }

  void close_part(const Open& open, std::size_t end_line) {
    if (open.part == none) return;
    OutlinePart& part = parts_[open.part];
    part.end_line = std::max(part.first_line, end_line);
    --depth_;
    floor_ = std::max(floor_, end_line);
  }

  /// Where the next character that is no space stands, from `from` on, which never gets smaller.
  std::size_t next_place(std::size_t from) {
    if (from > next_) next_ = from;
    while (next_ < code_.size() && is_space(code_[next_])) ++next_;
    return next_;
  }
  char next_character(std::size_t from) {
    const std::size_t place = next_place(from);
    return place < code_.size() ? code_[place] : '\0';
  }
  bool next_word_is(std::string_view word) {
    const std::size_t from = next_place(at_ + 1);
    return code_.substr(from).starts_with(word) &&
           (from + word.size() >= code_.size() || !is_letter(code_[from + word.size()]));
  }

  /// Whether the statement goes on after a brace that closes a body of it.
  bool body_goes_on() {
    const char next = next_character(at_ + 1);
    if (next == ';' || next == ',' || next == '{') return next != '{' || c_like_;
    if (c_like_) return definition_.to_semicolon;
    if (language_ == Language::rust) return false;
    if (std::string_view(".()[=?:&|+").find(next) != std::string_view::npos && next != '\0') return true;
    return next_word_is("else") || next_word_is("catch") || next_word_is("finally") || next_word_is("while");
  }

  /// At the end of a line: whether the statement continues on the next one.
  bool goes_on() {
    std::string_view head = head_;
    while (head.ends_with(' ')) head.remove_suffix(1);
    if (head.empty()) return true;
    if (std::string_view(",=+-*/%&|^<?:.(![").find(head.back()) != std::string_view::npos) return true;
    if (head.starts_with('@') && head.find(' ') == std::string_view::npos) return true;
    const char next = next_character(at_);
    if (language_ == Language::go) return false;
    return next != '\0' && std::string_view("{.?:=+-*/&|,)]").find(next) != std::string_view::npos;
  }

  void end_statement() {
    if (has_body_ && !definition_.name.empty()) {
      OutlinePart part;
      part.name = definition_.name;
      if (c_like_ && (part.name == "struct" || part.name == "union" || part.name == "enum")) name_by_typedef(part.name);
      part.first_line = std::max(floor_, lines_.with_comments_before(statement_line_, floor_));
      part.end_line = line_ + 1;
      part.depth = depth_;
      if (part.end_line > part.first_line) {
        floor_ = part.end_line;
        parts_.push_back(std::move(part));
      }
    }
    clear_statement();
  }

  /// `typedef struct {...} name`
  void name_by_typedef(std::string& name) const {
    std::size_t end = head_.size();
    while (end > 0 && !is_letter(head_[end - 1]) && head_[end - 1] != '}') --end;
    std::size_t begin = end;
    while (begin > 0 && is_letter(head_[begin - 1])) --begin;
    if (begin < end) name = head_.substr(begin, end - begin);
  }

  void clear_statement() {
    head_.clear();
    has_body_ = false;
    definition_ = {};
  }

  std::string_view code_;
  const Lines& lines_;
  Language language_;
  bool c_like_ = false;
  bool ends_at_lines_ = false;
  std::size_t at_ = 0;
  std::size_t line_ = 0;
  std::size_t next_ = 0;
  std::vector<Open> open_;
  std::vector<Conditional> conditionals_;
  std::string head_;
  std::size_t statement_line_ = 0;
  bool has_body_ = false;
  DefinitionHead definition_;
  std::size_t depth_ = 0;
  std::size_t floor_ = 0;  ///< Lines before it belong to parts already.
  std::vector<OutlinePart> parts_;
};

/// Python: a definition ends where a line stands less deep.
class IndentOutline {
 public:
  IndentOutline(const CodeText& code, const Lines& lines) : code_(code), lines_(lines) {}

  std::vector<OutlinePart> run() {
    for (line_ = 0; line_ < lines_.count(); ++line_) look_at(lines_.code(line_));
    close_to(0);
    return std::move(parts_);
  }

 private:
  struct Open {
    std::size_t indent = 0;
    std::size_t part = none;
    bool is_class = false;
  };

  void look_at(std::string_view line) {
    const bool begins = begins_statement();
    if (!Lines::is_blank(line)) {
      if (begins) statement(line);
      last_code_line_ = line_;
    }
    for (const char c : line) {
      if (c == '(' || c == '[' || c == '{') ++brackets_;
      if ((c == ')' || c == ']' || c == '}') && brackets_ > 0) --brackets_;
    }
    while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
    continued_ = line.ends_with('\\');
  }

  bool begins_statement() {
    const std::size_t begin = lines_.begin(line_);
    while (string_ < code_.strings.size() && code_.strings[string_].end < begin) ++string_;
    const bool in_string = string_ < code_.strings.size() && code_.strings[string_].begin <= begin;
    return !in_string && brackets_ == 0 && !continued_;
  }

  void statement(std::string_view line) {
    std::size_t indent = 0;
    std::size_t at = 0;
    for (; at < line.size() && is_space(line[at]); ++at) indent = line[at] == '\t' ? (indent / 8 + 1) * 8 : indent + 1;
    line.remove_prefix(at);
    close_to(indent);
    if (line.starts_with('@')) {
      if (decorators_ == none) decorators_ = line_;
      return;
    }
    const std::size_t decorators = std::exchange(decorators_, none);
    const bool is_class = line.starts_with("class ");
    if (!is_class && !line.starts_with("def ") && !line.starts_with("async def ")) return;
    if (!open_.empty() && (!open_.back().is_class || open_.size() > outline_depth_max)) return;
    line.remove_prefix(is_class ? 6 : line.starts_with("async") ? 10 : 4);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const auto end = std::find_if_not(line.begin(), line.end(), is_letter);
    OutlinePart part;
    part.name = std::string(line.begin(), end).substr(0, 120);
    part.first_line = lines_.with_comments_before(decorators == none ? line_ : decorators, floor_);
    part.end_line = line_ + 1;
    part.depth = open_.size();
    floor_ = line_ + 1;
    open_.push_back({indent, parts_.size(), is_class});
    parts_.push_back(std::move(part));
  }

  void close_to(std::size_t indent) {
    while (!open_.empty() && (indent <= open_.back().indent || line_ == lines_.count())) {
      OutlinePart& part = parts_[open_.back().part];
      part.end_line = std::max(part.end_line, last_code_line_ + 1);
      floor_ = std::max(floor_, part.end_line);
      open_.pop_back();
    }
  }

  const CodeText& code_;
  const Lines& lines_;
  std::size_t line_ = 0;
  std::size_t last_code_line_ = 0;
  std::size_t string_ = 0;
  std::size_t brackets_ = 0;
  bool continued_ = false;
  std::size_t decorators_ = none;
  std::size_t floor_ = 0;
  std::vector<Open> open_;
  std::vector<OutlinePart> parts_;
};

}  // namespace

std::vector<OutlinePart> outline_code(std::string_view text, const CodeText& code, Language language,
                                      const std::vector<std::size_t>& starts) {
  const Lines lines(text, code.code, starts);
  if (language == Language::python) return IndentOutline(code, lines).run();
  return BraceOutline(code.code, lines, language).run();
}

}  // namespace strata::ingest
