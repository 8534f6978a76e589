#include "ingest/passages.hpp"

#include <algorithm>

#include "ingest/outline.hpp"

namespace strata::ingest {
namespace {

constexpr std::size_t lines_split = 60;        // a piece longer than this is split,
constexpr std::size_t bytes_split_min = 1024;  // unless it is this short
constexpr std::size_t lines_joined = 40;       // neighbours are joined up to this length
constexpr std::size_t bytes_joined = 3072;
constexpr std::size_t title_bytes_max = 200;
constexpr std::string_view separator = " > ";

/// An outline's part as a node of a tree.
struct Node {
  std::string name;
  std::size_t first_line = 0;
  std::size_t end_line = 0;
  std::vector<std::size_t> children;
};

std::vector<Node> tree_of(std::vector<OutlinePart> parts, std::size_t line_count) {
  std::vector<Node> nodes(1);
  nodes[0].end_line = line_count;
  std::vector<std::size_t> path{0};
  for (OutlinePart& part : parts) {
    path.resize(std::min(path.size(), part.depth + 1));
    while (path.size() > 1 && nodes[path.back()].end_line <= part.first_line) path.pop_back();
    const std::size_t end = std::min(part.end_line, nodes[path.back()].end_line);
    const std::vector<std::size_t>& before = nodes[path.back()].children;
    if (!before.empty()) part.first_line = std::max(part.first_line, nodes[before.back()].end_line);
    if (part.first_line >= end) continue;
    nodes[path.back()].children.push_back(nodes.size());
    path.push_back(nodes.size());
    nodes.push_back({std::move(part.name), part.first_line, end, {}});
  }
  return nodes;
}

/// The character at `at` continues one that began before it.
bool within_character(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

class Cutter {
 public:
  Cutter(std::string_view text, const std::vector<std::size_t>& lines, bool joins_sections)
      : text_(text), lines_(lines), joins_sections_(joins_sections) {}

  std::vector<Passage> run(std::vector<Node> nodes) {
    nodes_ = std::move(nodes);
    cut(0, "", std::nullopt);
    return std::move(passages_);
  }

  void split(std::size_t first, std::size_t end, const std::string& title, std::optional<std::size_t> section) {
    std::optional<std::size_t> head = section;
    bool whole = true;
    while (first < end) {
      const std::size_t next = split_line(first, end);
      whole = whole && next == end;
      const std::size_t index = passages_.size();
      emit(first, next, title, head);
      if (!whole && head == section) head = index;
      first = next;
    }
  }

  std::vector<Passage> take() { return std::move(passages_); }

 private:
  std::size_t bytes(std::size_t first, std::size_t end) const { return lines_[end] - lines_[first]; }
  bool is_blank(std::size_t line) const {
    const std::string_view content = text_.substr(lines_[line], lines_[line + 1] - lines_[line]);
    return content.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
  }
  bool is_short(std::size_t first, std::size_t end) const {
    return end - first <= lines_joined && bytes(first, end) <= bytes_joined;
  }

  static std::string title_below(const std::string& outer, const std::string& name) {
    std::string title = outer.empty() || name.empty() ? outer + name : outer + std::string(separator) + name;
    if (title.size() > title_bytes_max) {
      std::size_t end = title_bytes_max;
      while (end > 0 && within_character(title, end)) --end;
      title.resize(end);
    }
    return title;
  }

  /// A run of neighbours that become one passage.
  struct Run {
    std::size_t first = 0;
    std::size_t end = 0;
    std::string names;
    bool opens_section = false;  ///< It holds the first lines of the section.
  };

  void cut(std::size_t index, const std::string& outer, const std::optional<std::size_t> section) {
    const Node node = nodes_[index];
    const std::string title = title_below(outer, node.name);
    if (joins_sections_ && index != 0 && is_short(node.first_line, node.end_line)) {
      emit(node.first_line, node.end_line, title, section);
      return;
    }
    std::optional<std::size_t> own = section;  // the passage that stands for this node, when there is one
    Run run{node.first_line, node.first_line, {}, index != 0};
    const auto flush = [&] {
      if (run.end > run.first) {
        const std::size_t at = passages_.size();
        split(run.first, run.end, title_below(title, run.names), own);
        if (run.opens_section) own = at;
        run.opens_section = false;
      }
      run = Run{run.end, run.end, {}, run.opens_section};
    };
    const auto join = [&](std::size_t end, const std::string& name) {
      if (run.end > run.first && !is_short(run.first, end)) flush();
      run.end = end;
      if (!name.empty() && run.names.size() < title_bytes_max) run.names += (run.names.empty() ? "" : ", ") + name;
    };
    for (const std::size_t child : node.children) {
      const std::size_t first = nodes_[child].first_line;
      const std::size_t end = nodes_[child].end_line;
      if (first > run.end && !extends_last(run.first, run.end, first)) join(first, "");
      if (joins_sections_ && is_short(first, end)) {
        join(end, nodes_[child].name);
      } else {
        flush();
        cut(child, title, own);
        run.first = run.end = end;
      }
    }
    if (node.end_line > run.end && !extends_last(run.first, run.end, node.end_line)) join(node.end_line, "");
    flush();
  }

  /// Blank lines alone are no passage: behind an empty run they go with what stands before them, and it moves on.
  bool extends_last(std::size_t& run_first, std::size_t& run_end, std::size_t end) {
    if (run_first != run_end || passages_.empty()) return false;
    Passage& last = passages_.back();
    if (lines_[end] - last.begin > passage_bytes_max) return false;
    for (std::size_t line = run_end; line < end; ++line) {
      if (!is_blank(line)) return false;
    }
    last.end = lines_[end];
    last.last_line = end;
    run_first = run_end = end;
    return true;
  }

  /// Where the piece that begins at `first` ends: before a blank line's successor where there is one in its latter
  /// half.
  std::size_t split_line(std::size_t first, std::size_t end) const {
    std::size_t next = first;
    while (next < end) {
      const std::size_t size = bytes(first, next + 1);
      if (next > first && size > passage_bytes_max) break;
      if (next - first >= lines_split && bytes(first, next) >= bytes_split_min) break;
      ++next;
    }
    if (next == end) return end;
    for (std::size_t line = next; line > first + (next - first) / 2; --line) {
      if (is_blank(line - 1)) return line;
    }
    return next;
  }

  /// Lines [first, end) as one passage, or as several where they are too long.
  void emit(std::size_t first, std::size_t end, const std::string& title, std::optional<std::size_t> section) {
    std::size_t begin = lines_[first];
    if (lines_[end] - begin <= passage_bytes_max) {
      passages_.push_back({begin, lines_[end], first + 1, end, title, section});
      return;
    }
    // One line that is too long by itself, or a short definition of long lines.
    std::size_t line = first;
    while (begin < lines_[end]) {
      std::size_t cut = std::min(begin + passage_bytes_max, lines_[end]);
      std::size_t back = 0;
      while (cut < lines_[end] && back < 4 && within_character(text_, cut)) {
        --cut;
        ++back;
      }
      const std::size_t first_line = line;
      while (line + 1 < lines_.size() && lines_[line + 1] < cut) ++line;
      passages_.push_back({begin, cut, first_line + 1, line + 1, title, section});
      if (lines_[line + 1] == cut) ++line;
      begin = cut;
    }
  }

  std::string_view text_;
  const std::vector<std::size_t>& lines_;
  bool joins_sections_;
  std::vector<Node> nodes_;
  std::vector<Passage> passages_;
};

std::vector<Passage> cut_plainly(std::string_view text, const std::vector<std::size_t>& lines) {
  Cutter cutter(text, lines, false);
  cutter.split(0, lines.size() - 1, "", std::nullopt);
  std::vector<Passage> passages = cutter.take();
  for (Passage& passage : passages) passage.section.reset();
  return passages;
}

/// Whether `bytes` begins with a character in UTF-8; how long it is.
std::size_t character_length(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool beyond = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
  return overlong || beyond ? 0 : length;
}

}  // namespace

std::vector<Passage> cut_passages(std::string_view text, Language language, const CodeText& code) {
  const std::vector<std::size_t> lines = line_starts(text);
  std::vector<OutlinePart> parts;
  if (language == Language::markdown) {
    parts = outline_markdown(text, lines);
  } else if (language == Language::text) {
    parts = outline_text(text, lines);
  } else {
    parts = outline_code(text, code, language, lines);
  }
  const bool joins_sections = language != Language::markdown;
  std::vector<Passage> passages = Cutter(text, lines, joins_sections).run(tree_of(std::move(parts), lines.size() - 1));
  const std::size_t reasonable = text.size() / 256 + 500;
  if (passages.size() > std::min(reasonable, passages_max)) passages = cut_plainly(text, lines);
  return passages;
}

std::string valid_text(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = character_length(bytes);
    if (length == 0) {
      text += "\xEF\xBF\xBD";
      bytes.remove_prefix(1);
    } else {
      text += bytes.substr(0, length);
      bytes.remove_prefix(length);
    }
  }
  return text;
}

}  // namespace strata::ingest
