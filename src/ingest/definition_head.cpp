#include "ingest/definition_head.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <vector>

namespace strata::ingest {
namespace {

constexpr std::size_t name_bytes_max = 120;

bool is_letter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '~' || (c & 0x80) != 0;
}

/// A word, one other character, or a whole group in brackets, of which `text` is all of it.
struct Token {
  std::string_view text;
  char group = 0;  ///< The bracket that opens it.
  bool is_word() const { return group == 0 && !text.empty() && is_letter(text.front()); }
};

std::string collapsed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (!space) out += c;
    if (space && !out.empty() && out.back() != ' ') out += ' ';
    if (out.size() >= name_bytes_max) break;
  }
  while (!out.empty() && (out.back() == ' ' || (out.back() & 0x80) != 0)) out.pop_back();
  return out;
}

std::size_t end_of_group(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '(' || c == '[' || c == '{') ++depth;
    if ((c == ')' || c == ']' || c == '}') && --depth == 0) return at + 1;
  }
  return at;
}

/// After `template`, at `<`.
std::size_t end_of_angles(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '<') ++depth;
    if (text[at] == '>' && --depth == 0) return at + 1;
  }
  return at;
}

class HeadReader {
 public:
  HeadReader(std::string_view head, Language language) : head_(head), language_(language) { tokenize(); }

  DefinitionHead read() const {
    if (tokens_.empty()) return {};
    switch (language_) {
      case Language::c:
      case Language::cpp:
        return read_c();
      case Language::javascript:
      case Language::typescript:
        return read_script();
      case Language::rust:
        return read_rust();
      case Language::go:
        return read_go();
      case Language::java:
        return read_java();
      default:
        return {};
    }
  }

 private:
  void tokenize() {
    const bool joins_colons = language_ != Language::java && language_ != Language::go;
    const bool joins_dots = language_ == Language::javascript || language_ == Language::typescript;
    for (std::size_t at = 0; at < head_.size();) {
      const char c = head_[at];
      const std::size_t begin = at;
      if (std::isspace(static_cast<unsigned char>(c)) != 0) {
        ++at;
        continue;
      }
      if (c == '(' || c == '[' || c == '{') {
        at = end_of_group(head_, at);
        if (!is_attribute(begin)) tokens_.push_back({head_.substr(begin, at - begin), c});
        continue;
      }
      if (!is_letter(c)) {
        tokens_.push_back({head_.substr(at++, 1)});
        continue;
      }
      while (at < head_.size()) {
        if (is_letter(head_[at]) || (joins_dots && head_[at] == '.')) {
          ++at;
        } else if (joins_colons && head_.substr(at).starts_with("::") && at + 2 < head_.size() &&
                   is_letter(head_[at + 2])) {
          at += 2;
        } else {
          break;
        }
      }
      const std::string_view word = head_.substr(begin, at - begin);
      if (word == "template" && (language_ == Language::cpp || language_ == Language::c)) {
        at = end_of_angles(head_, std::min(head_.find('<', at), head_.size()));
        continue;
      }
      tokens_.push_back({word});
    }
  }

  /// Whether the group that begins at `begin`, with the tokens right before it, says nothing about the name; those
  /// tokens are then taken back.
  bool is_attribute(std::size_t begin) {
    if (head_.substr(begin).starts_with("[[")) return true;
    if (tokens_.empty()) return false;
    const std::string_view before = tokens_.back().text;
    if (language_ == Language::rust && head_[begin] == '[' && (before == "#" || before == "!")) {
      while (!tokens_.empty() && (tokens_.back().text == "#" || tokens_.back().text == "!")) tokens_.pop_back();
      return true;
    }
    if (head_[begin] != '(') return false;
    if (tokens_.size() >= 2 && tokens_[tokens_.size() - 2].text == "@") {
      tokens_.resize(tokens_.size() - 2);
      return true;
    }
    static constexpr std::array<std::string_view, 8> with_arguments{
        "__attribute__", "__declspec", "alignas", "decltype", "explicit", "pub", "__asm__", "_Alignas"};
    if (std::find(with_arguments.begin(), with_arguments.end(), before) == with_arguments.end()) return false;
    tokens_.pop_back();
    return true;
  }

  std::optional<std::size_t> find(std::string_view word) const {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].text == word) return i;
    }
    return std::nullopt;
  }
  std::optional<std::size_t> find_any(std::initializer_list<std::string_view> words) const {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (std::find(words.begin(), words.end(), tokens_[i].text) != words.end()) return i;
    }
    return std::nullopt;
  }
  std::optional<std::size_t> first_group(char bracket) const {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].group == bracket) return i;
    }
    return std::nullopt;
  }
  std::string word_after(std::size_t at) const {
    for (++at; at < tokens_.size(); ++at) {
      if (tokens_[at].is_word()) return std::string(tokens_[at].text.substr(0, name_bytes_max));
      if (tokens_[at].group != 0) break;
    }
    return {};
  }
  std::string word_before(std::size_t at) const {
    while (at > 0) {
      --at;
      if (tokens_[at].is_word()) return std::string(tokens_[at].text.substr(0, name_bytes_max));
      if (tokens_[at].group == '(') break;
    }
    return {};
  }
  /// All of the head from a token on.
  std::string text_from(std::size_t at, std::size_t end) const {
    if (at >= tokens_.size() || at >= end) return {};
    const auto begin = static_cast<std::size_t>(tokens_[at].text.data() - head_.data());
    const Token& last = tokens_[std::min(end, tokens_.size()) - 1];
    return collapsed(
        head_.substr(begin, static_cast<std::size_t>(last.text.data() - head_.data()) + last.text.size() - begin));
  }

  static bool is_statement_word(std::string_view word) {
    static constexpr std::array<std::string_view, 14> words{"if",      "for",    "while", "switch", "catch",
                                                            "do",      "else",   "try",   "with",   "return",
                                                            "finally", "unsafe", "loop",  "match"};
    return std::find(words.begin(), words.end(), word) != words.end();
  }

  DefinitionHead read_c() const {
    if (const auto at = find("namespace")) {
      const std::string name = word_after(*at);
      return {name.empty() ? "namespace" : name, true};
    }
    if (tokens_.front().text == "extern" && tokens_.size() <= 3 && !first_group('(')) return {"extern", true};
    const auto equals = find("=");
    const auto parameters = first_group('(');
    const bool is_operator = find("operator").has_value();
    if (const auto at = find_any({"class", "struct", "union", "enum"}); at && !parameters && !equals) {
      return read_c_type(*at);
    }
    if (equals && !is_operator && (!parameters || *equals < *parameters)) {
      std::size_t at = *equals;
      while (at > 0 && tokens_[at - 1].group == '[') --at;
      return {word_before(at), false, true};
    }
    if (!parameters || *parameters == 0) return {};
    if (const auto at = find("operator")) {
      std::size_t end = *at + 1;
      while (end < tokens_.size() && (tokens_[end].group != '(' ||
                                      (end == *at + 1 && end + 1 < tokens_.size() && tokens_[end + 1].group == '('))) {
        ++end;
      }
      return {text_from(*at, end), false};
    }
    const Token& before = tokens_[*parameters - 1];
    const std::string name = word_before(*parameters);
    if (is_statement_word(name)) return {};
    const bool macro = *parameters == 1 && std::none_of(before.text.begin(), before.text.end(),
                                                        [](unsigned char c) { return std::islower(c) != 0; });
    return {macro ? text_from(0, 2) : name, false};
  }

  DefinitionHead read_c_type(std::size_t at) const {
    std::string name;
    for (std::size_t i = at + 1; i < tokens_.size() && tokens_[i].text != ":"; ++i) {
      const std::string_view word = tokens_[i].text;
      if (tokens_[i].is_word() && word != "final" && word != "class" && word != "struct") name = word;
      if (word == "<") break;
    }
    const bool is_enum = tokens_[at].text == "enum";
    if (name.empty()) return {std::string(tokens_[at].text), false, true};
    return {name, !is_enum, true};
  }

  DefinitionHead read_script() const {
    const auto equals = find("=");
    if (const auto at = find_any({"class", "namespace", "module", "interface", "enum", "function"});
        at && (!equals || *at < *equals) && (!first_group('(') || *at < *first_group('('))) {
      const std::string_view kind = tokens_[*at].text;
      std::string name = word_after(*at);
      if (name.empty() || name == "extends") name = kind;
      return {name, kind == "class" || kind == "namespace" || kind == "module"};
    }
    const auto parameters = first_group('(');
    if (equals && (!parameters || *equals < *parameters)) {
      if (const auto at = find_any({"const", "let", "var", "type"}); at && *at < *equals) {
        return {word_after(*at), false};
      }
      return {word_before(*equals), false};
    }
    if (!parameters) return find("default") ? DefinitionHead{"default", false} : DefinitionHead{};
    if (const auto at = find_any({"const", "let", "var"}); at && *at < *parameters) return {word_after(*at), false};
    const std::string name = word_before(*parameters);
    return is_statement_word(name) ? DefinitionHead{} : DefinitionHead{name, false};
  }

  DefinitionHead read_rust() const {
    const auto at =
        find_any({"fn", "struct", "enum", "union", "trait", "mod", "impl", "macro_rules", "static", "extern", "type"});
    if (!at) {
      const auto constant = find("const");
      return constant ? DefinitionHead{word_after(*constant), false} : DefinitionHead{};
    }
    const std::string_view kind = tokens_[*at].text;
    if (kind == "impl") return {text_from(*at, find("where").value_or(tokens_.size())), true};
    if (kind == "extern") {
      const auto function = find("fn");
      return function ? DefinitionHead{word_after(*function), false} : DefinitionHead{"extern", true};
    }
    return {word_after(*at), kind == "trait" || kind == "mod"};
  }

  DefinitionHead read_go() const {
    if (tokens_.front().text == "func" && tokens_.size() > 1) {
      if (tokens_[1].group != '(') return {word_after(0), false};
      const std::string name = word_after(1);
      std::string_view receiver = tokens_[1].text;
      receiver = receiver.substr(0, receiver.find('['));
      std::size_t end = receiver.size();
      while (end > 0 && !is_letter(receiver[end - 1])) --end;
      std::size_t begin = end;
      while (begin > 0 && is_letter(receiver[begin - 1])) --begin;
      return {std::string(receiver.substr(begin, end - begin)) + "." + name, false};
    }
    const std::string_view kind = tokens_.front().text;
    if (kind == "type" || kind == "var" || kind == "const") return {word_after(0), false};
    return {};
  }

  DefinitionHead read_java() const {
    const auto parameters = first_group('(');
    if (const auto at = find_any({"class", "interface", "enum", "record"});
        at && *at + 1 < tokens_.size() && tokens_[*at + 1].is_word() && (!parameters || *at < *parameters)) {
      return {word_after(*at), true};
    }
    const auto equals = find("=");
    if (equals && (!parameters || *equals < *parameters)) return {word_before(*equals), false};
    if (parameters) return {word_before(*parameters), false};
    return tokens_.front().text == "static" ? DefinitionHead{"static", false} : DefinitionHead{};
  }

  std::string_view head_;
  Language language_;
  std::vector<Token> tokens_;
};

}  // namespace

DefinitionHead read_head(std::string_view head, Language language) { return HeadReader(head, language).read(); }

}  // namespace strata::ingest
