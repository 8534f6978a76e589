#include "ingest/file_reading.hpp"

#include <algorithm>

#include "ingest/code_text.hpp"
#include "ingest/folder_ingest.hpp"
#include "ingest/references.hpp"
#include "ingest/system.hpp"

namespace strata::ingest {
namespace {

constexpr std::size_t binary_bytes = 8192;

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7F; }

/// What a node may be called: UTF-8 without control characters, not too long.
std::string node_name(const std::string& text) {
  std::string name = valid_text(text);
  std::replace_if(name.begin(), name.end(), is_control, '?');
  if (name.size() > node_bytes_max) {
    std::size_t end = node_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
    name.resize(end);
  }
  return name;
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// The part of the content that is cut: whole lines, if there are any.
std::size_t cut_length(std::string_view content, std::uint64_t most) {
  if (content.size() <= most) return content.size();
  const std::size_t end = content.rfind('\n', most - 1);
  if (end != std::string_view::npos && end + 1 > most / 2) return end + 1;
  std::size_t length = most;
  for (int i = 0; i < 4 && length > 0 && (static_cast<unsigned char>(content[length]) & 0xC0) == 0x80; ++i) --length;
  return length;
}

std::uint64_t count_lines(std::string_view text) {
  const auto breaks = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  return breaks + (!text.empty() && text.back() != '\n' ? 1 : 0);
}

}  // namespace

FileText read_file_text(const std::string& place, const std::string& path, std::uint64_t passage_bytes_max) {
  FileText text;
  text.place = place;
  InputFile file(place);
  text.modified_ns = file.status().modified_ns;
  text.content = file.read(binary_bytes);
  if (text.content.find('\0') != std::string::npos) {
    text.binary = true;
    return text;
  }
  text.content += file.read(large_file_bytes + 1 - text.content.size());
  text.size = text.content.size();
  text.lines = count_lines(text.content);
  if (text.size > large_file_bytes) {
    text.large = true;
    bool ends_line = text.content.back() == '\n';
    if (!ends_line) --text.lines;
    for (std::string part = file.read(large_file_bytes); !part.empty(); part = file.read(large_file_bytes)) {
      text.size += part.size();
      text.lines += static_cast<std::uint64_t>(std::count(part.begin(), part.end(), '\n'));
      ends_line = part.back() == '\n';
    }
    if (!ends_line) ++text.lines;
  }
  text.language = language_of(path, text.content);
  text.cut_bytes = cut_length(text.content, passage_bytes_max);
  text.truncated = text.cut_bytes < text.size;
  return text;
}

IngestedFile prepare_file(const FileText& text, FileIdentity identity, const IngestRoot& root,
                          const ReferenceTargets& targets, const std::vector<Symbol>& symbols) {
  IngestedFile file;
  file.key = std::move(identity.key);
  file.root = std::move(identity.root);
  file.path = std::move(identity.path);
  file.recipe = std::move(identity.recipe);
  file.language = text.language.name;
  file.size = text.size;
  file.lines = text.lines;
  file.modified_ns = text.modified_ns;
  file.large = text.large;

  const std::string_view cut = std::string_view(text.content).substr(0, text.cut_bytes);
  const Language language = text.language.language;
  const bool is_code = language != Language::text && language != Language::markdown;
  const CodeText code = is_code ? blank_comments(cut, language) : CodeText{};
  for (const Passage& passage : cut_passages(cut, language, code)) {
    const std::string title = valid_text(passage.title.empty() ? name_of(file.path) : passage.title);
    std::vector<std::pair<std::string, Value>> members{{"file", Value(file.key)},
                                                       {"title", Value(title)},
                                                       {"first_line", Value(passage.first_line)},
                                                       {"last_line", Value(passage.last_line)},
                                                       {"language", Value(file.language)}};
    if (passage.section) members.emplace_back("section", Value(passage_key(file.key, *passage.section + 1)));
    members.emplace_back("text", Value(valid_text(cut.substr(passage.begin, passage.end - passage.begin))));
    file.passages.push_back(Value::object(members));
  }
  for (const ReferenceTarget& target : targets.find(file.path, language, find_references(cut, language, code))) {
    file.edges.push_back(
        {target.type, target.is_file ? file_node(root.key_of(target.name)) : node_name(target.name), {}, target.line});
  }
  for (const Symbol& symbol : symbols) {
    file.edges.push_back({std::string(defines_edge), node_name("symbol:" + symbol.name), symbol.kind, symbol.line});
  }
  return file;
}

}  // namespace strata::ingest
