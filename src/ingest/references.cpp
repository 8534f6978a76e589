#include "ingest/references.hpp"

#include <algorithm>
#include <cctype>

namespace strata::ingest {
namespace {

constexpr std::size_t target_bytes_max = 400;
constexpr std::size_t rust_depth_max = 16;
constexpr std::size_t import_bytes_max = 20'000;  // one statement of Python

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Collects references; line numbers come from places that only move forward.
class ReferenceCollection {
 public:
  explicit ReferenceCollection(std::string_view text) : text_(text) {}

  bool full() const { return references_.size() >= references_max; }
  void add(FileReferenceKind kind, std::string_view target, std::size_t place) {
    if (target.empty() || target.size() > target_bytes_max || full()) return;
    if (place < place_) place = place_;
    line_ += static_cast<std::size_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(place_),
                                                 text_.begin() + static_cast<std::ptrdiff_t>(place), '\n'));
    place_ = place;
    references_.push_back({kind, std::string(target), line_});
  }
  std::vector<FileReference> take() { return std::move(references_); }

 private:
  std::string_view text_;
  std::size_t place_ = 0;
  std::size_t line_ = 1;
  std::vector<FileReference> references_;
};

/// Calls `visit` with each line and where it begins.
template <typename Visit>
void for_each_line(std::string_view text, const Visit& visit) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    visit(text.substr(at, end - at), at);
    at = end + 1;
  }
}

// ---- Markdown

class MarkdownLinks {
 public:
  MarkdownLinks(std::string_view text, ReferenceCollection& found) : text_(text), found_(found) {}

  void run() {
    for_each_line(text_, [&](std::string_view line, std::size_t place) {
      const std::string_view content = trimmed(line);
      if (is_fence(content)) return;
      if (!fence_.empty()) return;
      if (!definition(content, place)) scan(line, place);
    });
  }

 private:
  bool is_fence(std::string_view content) {
    if (!content.starts_with("```") && !content.starts_with("~~~")) return false;
    const std::size_t length = std::min(content.find_first_not_of(content.front()), content.size());
    if (fence_.empty()) {
      if (content.front() == '`' && content.find('`', length) != std::string_view::npos) return false;
      fence_ = content.substr(0, length);
    } else if (content.front() == fence_.front() && length >= fence_.size() && length == content.size()) {
      fence_ = {};
    }
    return true;
  }

  /// `[name]: target "title"`
  bool definition(std::string_view content, std::size_t place) {
    if (!content.starts_with('[') || content.starts_with("[^")) return false;
    const std::size_t end = content.find("]:");
    if (end == std::string_view::npos || content.find(']') != end) return false;
    add(trimmed(content.substr(end + 2)), place);
    return true;
  }

  void scan(std::string_view line, std::size_t place) {
    std::size_t open = 0;
    for (std::size_t at = 0; at < line.size() && !found_.full(); ++at) {
      if (line[at] == '\\') {
        ++at;
      } else if (line[at] == '`') {
        const std::size_t ticks = std::min(line.find_first_not_of('`', at), line.size()) - at;
        at = end_of_code(line, at + ticks, ticks);
      } else if (line[at] == '[') {
        ++open;
      } else if (line[at] == ']' && open > 0) {
        --open;
        if (at + 1 < line.size() && line[at + 1] == '(')
          add(trimmed(line.substr(at + 2, target_bytes_max + 2)), place + at);
      }
    }
  }

  static std::size_t end_of_code(std::string_view line, std::size_t from, std::size_t ticks) {
    for (std::size_t at = line.find('`', from); at != std::string_view::npos;) {
      const std::size_t end = std::min(line.find_first_not_of('`', at), line.size());
      if (end - at == ticks) return end - 1;
      at = line.find('`', end);
    }
    return from - 1;
  }

  /// What stands at the beginning: `<a b>`, or up to a blank or the bracket that closes the link.
  void add(std::string_view rest, std::size_t place) {
    std::string_view target;
    if (rest.starts_with('<')) {
      target = rest.substr(1, std::min(rest.find('>'), rest.size()) - 1);
    } else {
      std::size_t depth = 0;
      std::size_t end = 0;
      for (; end < rest.size() && !is_space(rest[end]); ++end) {
        if (rest[end] == '(') ++depth;
        if (rest[end] == ')' && depth-- == 0) break;
      }
      target = rest.substr(0, end);
    }
    found_.add(FileReferenceKind::link, target, place);
  }

  std::string_view text_;
  ReferenceCollection& found_;
  std::string_view fence_;
};

// ---- C and C++

void find_includes(std::string_view text, const CodeText& code, ReferenceCollection& found) {
  for_each_line(code.code, [&](std::string_view line, std::size_t place) {
    const std::size_t hash = line.find_first_not_of(" \t");
    if (hash == std::string_view::npos || line[hash] != '#') return;
    const std::size_t word = line.find_first_not_of(" \t", hash + 1);
    if (word == std::string_view::npos || !line.substr(word).starts_with("include")) return;
    const std::size_t quote = line.find_first_of("\"<", word);
    if (quote == std::string_view::npos) return;
    const std::string_view source = text.substr(place + quote + 1, line.size() - quote - 1);
    const bool quoted = line[quote] == '"';
    const std::size_t end = source.find(quoted ? '"' : '>');
    if (end == std::string_view::npos) return;
    found.add(quoted ? FileReferenceKind::include : FileReferenceKind::include_system, source.substr(0, end), place);
  });
}

// ---- Python

class PythonImports {
 public:
  PythonImports(std::string_view code, ReferenceCollection& found) : code_(code), found_(found) {}

  void run() {
    for_each_line(code_, [&](std::string_view line, std::size_t place) {
      if (place < done_ || found_.full()) return;
      const std::string_view content = trimmed(line);
      if (content.starts_with("import ")) {
        modules(content.substr(7), place);
      } else if (content.starts_with("from ")) {
        members(place + static_cast<std::size_t>(content.data() - line.data()) + 5, place);
      }
    });
  }

 private:
  static std::string_view word_at(std::string_view text) {
    std::size_t end = 0;
    while (end < text.size() && (is_letter(text[end]) || text[end] == '.')) ++end;
    return text.substr(0, end);
  }

  template <typename Visit>
  static void for_each_item(std::string_view list, const Visit& visit) {
    while (!list.empty()) {
      const std::size_t comma = std::min(list.find(','), list.size());
      visit(word_at(trimmed(list.substr(0, comma))));
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
  }

  void modules(std::string_view list, std::size_t place) {
    for_each_item(list.substr(0, list.find(';')),
                  [&](std::string_view module) { found_.add(FileReferenceKind::import, module, place); });
  }

  /// `from MODULE import a, b`, the list in brackets perhaps, over several lines.
  void members(std::size_t at, std::size_t place) {
    std::string_view rest = code_.substr(at, import_bytes_max);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    const std::string_view module = word_at(rest);
    rest.remove_prefix(module.size());
    const std::size_t word = std::min(rest.find_first_not_of(" \t"), rest.size());
    rest.remove_prefix(word);
    if (module.empty() || !rest.starts_with("import")) return;
    rest.remove_prefix(6);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    std::string_view list;
    if (rest.starts_with('(')) {
      list = rest.substr(1, std::min(rest.find(')'), rest.size()) - 1);
      done_ = static_cast<std::size_t>(list.data() + list.size() - code_.data());
    } else {
      std::size_t end = 0;
      while (end < rest.size() && rest[end] != '\n' && rest[end] != ';') {
        end += rest[end] == '\\' && end + 1 < rest.size() ? 2 : 1;
      }
      list = rest.substr(0, end);
    }
    std::string cleaned(list);
    std::replace(cleaned.begin(), cleaned.end(), '\\', ' ');
    const std::string prefix = std::string(module) + (module.ends_with('.') ? "" : ".");
    bool any = false;
    for_each_item(cleaned, [&](std::string_view name) {
      if (name.empty()) return;
      found_.add(FileReferenceKind::import_member, prefix + std::string(name), place);
      any = true;
    });
    if (!any) found_.add(FileReferenceKind::import, module, place);
  }

  std::string_view code_;
  ReferenceCollection& found_;
  std::size_t done_ = 0;
};

// ---- JavaScript and TypeScript

void find_script_imports(std::string_view text, const CodeText& code, ReferenceCollection& found) {
  const std::string_view blanked = code.code;
  for (const CodeText::String& string : code.strings) {
    if (string.begin == 0 || string.end <= string.begin) continue;
    std::size_t at = string.begin - 1;  // the quote
    const auto skip_blanks = [&] {
      while (at > 0 && is_space(blanked[at - 1])) --at;
    };
    skip_blanks();
    bool called = false;
    if (at > 0 && blanked[at - 1] == '(') {
      called = true;
      --at;
      skip_blanks();
    }
    std::size_t word = at;
    while (word > 0 && at - word < 10 && is_letter(blanked[word - 1])) --word;
    const std::string_view name = blanked.substr(word, at - word);
    const bool imports = called ? name == "require" || name == "import" : name == "from" || name == "import";
    if (imports)
      found.add(FileReferenceKind::import, text.substr(string.begin, string.end - string.begin), string.begin);
  }
}

// ---- Rust

class RustUses {
 public:
  RustUses(std::string_view code, ReferenceCollection& found) : code_(code), found_(found) {}

  void run() {
    for (std::size_t at = 0; at < code_.size() && !found_.full();) {
      if (!is_letter(code_[at])) {
        ++at;
        continue;
      }
      std::size_t end = at;
      while (end < code_.size() && is_letter(code_[end])) ++end;
      const std::string_view word = code_.substr(at, end - at);
      const std::size_t place = at;
      at = end;
      if (word == "mod") module(at, place);
      if (word == "use") at = tree(at, place);
    }
  }

 private:
  void module(std::size_t at, std::size_t place) {
    std::string_view rest = code_.substr(at, target_bytes_max);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\n"), rest.size()));
    const auto end = static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_letter) - rest.begin());
    const std::string_view after = trimmed(rest.substr(end, 20));
    if (after.starts_with(';')) found_.add(FileReferenceKind::module, rest.substr(0, end), place);
  }

  /// `a::{b, c::{d, e as f}, *};`: each leaf with all that stands before it. Where the semicolon is.
  std::size_t tree(std::size_t at, std::size_t place) {
    std::vector<std::size_t> outer;  // lengths of `prefix` at each open brace
    std::string prefix;
    std::string path;
    bool renamed = false;
    const auto leaf = [&] {
      if (!path.empty()) found_.add(FileReferenceKind::import, prefix + path, place);
      path.clear();
      renamed = false;
    };
    for (; at < code_.size(); ++at) {
      const char c = code_[at];
      if (c == '{') {
        if (outer.size() == rust_depth_max || prefix.size() + path.size() > target_bytes_max) return at;
        outer.push_back(prefix.size());
        prefix += path;
        path.clear();
      } else if (c == '}') {
        leaf();
        if (outer.empty()) return at;
        prefix.resize(outer.back());
        outer.pop_back();
      } else if (c == ',' || c == ';') {
        leaf();
        if (c == ';') return at;
        if (outer.empty()) return at;
      } else if (is_space(c)) {
        renamed = renamed || !path.empty();
      } else if (is_letter(c) || c == ':' || c == '*') {
        if (!renamed && path.size() < target_bytes_max) path += c;
      } else {
        return at;
      }
    }
    return at;
  }

  std::string_view code_;
  ReferenceCollection& found_;
};

// ---- Go

void find_go_imports(std::string_view text, const CodeText& code, ReferenceCollection& found) {
  bool in_list = false;
  std::size_t string = 0;
  for_each_line(code.code, [&](std::string_view line, std::size_t place) {
    const std::string_view content = trimmed(line);
    const bool one = content.starts_with("import") && (content.size() == 6 || !is_letter(content[6]));
    if (one) in_list = content.find('(') != std::string_view::npos;
    if (one || in_list) {
      while (string < code.strings.size() && code.strings[string].begin < place) ++string;
      for (; string < code.strings.size() && code.strings[string].end <= place + line.size(); ++string) {
        const CodeText::String& found_string = code.strings[string];
        found.add(FileReferenceKind::import, text.substr(found_string.begin, found_string.end - found_string.begin),
                  place);
      }
    }
    if (content.find(')') != std::string_view::npos) in_list = false;
  });
}

// ---- Java

void find_java_imports(std::string_view code, ReferenceCollection& found) {
  for_each_line(code, [&](std::string_view line, std::size_t place) {
    std::string_view content = trimmed(line);
    if (!content.starts_with("import ")) return;
    content = trimmed(content.substr(7));
    if (content.starts_with("static ")) content = trimmed(content.substr(7));
    std::size_t end = 0;
    while (end < content.size() && (is_letter(content[end]) || content[end] == '.' || content[end] == '*')) ++end;
    found.add(FileReferenceKind::import, content.substr(0, end), place);
  });
}

}  // namespace

std::vector<FileReference> find_references(std::string_view text, Language language, const CodeText& code) {
  ReferenceCollection found(text);
  switch (language) {
    case Language::text:
      break;
    case Language::markdown:
      MarkdownLinks(text, found).run();
      break;
    case Language::c:
    case Language::cpp:
      find_includes(text, code, found);
      break;
    case Language::python:
      PythonImports(code.code, found).run();
      break;
    case Language::javascript:
    case Language::typescript:
      find_script_imports(text, code, found);
      break;
    case Language::rust:
      RustUses(code.code, found).run();
      break;
    case Language::go:
      find_go_imports(text, code, found);
      break;
    case Language::java:
      find_java_imports(code.code, found);
      break;
  }
  return found.take();
}

}  // namespace strata::ingest
