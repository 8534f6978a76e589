#include "ingest/outline.hpp"

#include <algorithm>
#include <cctype>

namespace strata::ingest {
namespace {

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos; }

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view blanks = " \t\r\n\f\v";
  const std::size_t begin = line.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(blanks) + 1 - begin);
}

std::size_t indentation(std::string_view line) {
  std::size_t columns = 0;
  for (const char c : line) {
    if (c == ' ') {
      ++columns;
    } else if (c == '\t') {
      columns += 4 - columns % 4;
    } else {
      break;
    }
  }
  return columns;
}

class MarkdownOutline {
 public:
  MarkdownOutline(std::string_view text, const std::vector<std::size_t>& lines) : text_(text), lines_(lines) {}

  std::vector<OutlinePart> run() {
    const std::size_t count = lines_.size() - 1;
    std::size_t line = skip_front_matter(count);
    for (; line < count; ++line) look_at(line);
    close_above(0, count);
    return std::move(parts_);
  }

 private:
  std::string_view line_at(std::size_t line) const {
    return text_.substr(lines_[line], lines_[line + 1] - lines_[line]);
  }

  /// `---` on the first line, up to the next one.
  std::size_t skip_front_matter(std::size_t count) const {
    if (count == 0 || trimmed(line_at(0)) != "---") return 0;
    for (std::size_t line = 1; line < count; ++line) {
      const std::string_view content = trimmed(line_at(line));
      if (content == "---" || content == "...") return line + 1;
    }
    return 0;
  }

  void look_at(std::size_t line) {
    const std::string_view whole = line_at(line);
    const std::string_view content = trimmed(whole);
    if (in_comment_) {
      in_comment_ = content.find("-->") == std::string_view::npos;
      return;
    }
    const bool indented = indentation(whole) >= 4;
    if (fence_.empty() && indented) {
      if (content.empty()) paragraph_ = none;
      return;
    }
    if (is_fence(content)) return;
    if (!fence_.empty()) return;
    if (content.starts_with("<!--")) {
      in_comment_ = content.find("-->", 4) == std::string_view::npos;
      paragraph_ = none;
      return;
    }
    if (is_hash_heading(line, content) || is_underline(line, content)) return;
    const bool begins_other = content.empty() || content.front() == '>' || content.front() == '|' ||
                              content.starts_with("- ") || content.starts_with("* ") || content.starts_with("+ ");
    if (begins_other) {
      paragraph_ = none;
      in_other_ = !content.empty();
    } else if (paragraph_ == none && !in_other_) {
      paragraph_ = line;
    }
  }

  bool is_fence(std::string_view content) {
    if (content.empty() || (content.front() != '`' && content.front() != '~')) return false;
    const std::size_t length = std::min(content.find_first_not_of(content.front()), content.size());
    if (length < 3) return false;
    if (fence_.empty()) {
      if (content.front() == '`' && content.find('`', length) != std::string_view::npos) return false;
      fence_ = content.substr(0, length);
      paragraph_ = none;
      return true;
    }
    if (content.front() == fence_.front() && length >= fence_.size() && length == content.size()) fence_ = {};
    return true;
  }

  bool is_hash_heading(std::size_t line, std::string_view content) {
    const std::size_t level = std::min(content.find_first_not_of('#'), content.size());
    if (level == 0 || level > 6) return false;
    std::string_view title = content.substr(level);
    if (!title.empty() && title.front() != ' ' && title.front() != '\t') return false;
    title = trimmed(title);
    const std::size_t end = title.find_last_not_of('#');
    if (end == std::string_view::npos) {
      title = {};
    } else if (end + 1 < title.size() && (title[end] == ' ' || title[end] == '\t')) {
      title = trimmed(title.substr(0, end));
    }
    add(title, line, level);
    return true;
  }

  bool is_underline(std::size_t line, std::string_view content) {
    if (content.empty() || paragraph_ == none) return false;
    if (content.front() != '=' && content.front() != '-') return false;
    if (content.find_first_not_of(content.front()) != std::string_view::npos) return false;
    const std::string_view title =
        trimmed(text_.substr(lines_[paragraph_], std::min<std::size_t>(lines_[line] - lines_[paragraph_], 1000)));
    add(title, paragraph_, content.front() == '=' ? 1 : 2);
    return true;
  }

  void add(std::string_view title, std::size_t line, std::size_t level) {
    close_above(level, line);
    std::string name(title);
    std::replace(name.begin(), name.end(), '\n', ' ');
    open_.push_back(parts_.size());
    levels_.push_back(level);
    parts_.push_back({std::move(name), line, line, open_.size() - 1});
    paragraph_ = none;
    in_other_ = false;
  }

  /// Sections at this level or below it end where another begins.
  void close_above(std::size_t level, std::size_t line) {
    while (!open_.empty() && levels_.back() >= level) {
      parts_[open_.back()].end_line = line;
      open_.pop_back();
      levels_.pop_back();
    }
  }

  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  std::string_view text_;
  const std::vector<std::size_t>& lines_;
  std::vector<OutlinePart> parts_;
  std::vector<std::size_t> open_;
  std::vector<std::size_t> levels_;
  std::size_t paragraph_ = none;  ///< Its first line, while one is open.
  bool in_other_ = false;         ///< Within a list, a quotation or a table: what follows is no paragraph of its own.
  bool in_comment_ = false;
  std::string_view fence_;
};

}  // namespace

std::vector<std::size_t> line_starts(std::string_view text) {
  std::vector<std::size_t> lines;
  for (std::size_t at = 0; at < text.size();) {
    lines.push_back(at);
    at = std::min(text.find('\n', at), text.size() - 1) + 1;
  }
  lines.push_back(text.size());
  return lines;
}

std::vector<OutlinePart> outline_markdown(std::string_view text, const std::vector<std::size_t>& lines) {
  return MarkdownOutline(text, lines).run();
}

std::vector<OutlinePart> outline_text(std::string_view text, const std::vector<std::size_t>& lines) {
  std::vector<OutlinePart> parts;
  bool open = false;
  for (std::size_t line = 0; line + 1 < lines.size(); ++line) {
    const bool blank = is_blank(text.substr(lines[line], lines[line + 1] - lines[line]));
    if (!blank && !open) parts.push_back({{}, line, line + 1, 0});
    if (!blank) parts.back().end_line = line + 1;
    open = !blank;
  }
  return parts;
}

}  // namespace strata::ingest
