#include "ingest/reference_list.hpp"

#include <algorithm>

namespace strata::ingest {
namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// Takes what stands before the mark from the front of `text`.
std::string_view take_until(std::string_view& text, char mark) {
  const std::size_t end = text.find(mark);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

void add(std::vector<Reference>& references, std::string_view name, Value details) {
  if (name.empty()) return;
  const bool known =
      std::any_of(references.begin(), references.end(), [&](const Reference& one) { return one.name == name; });
  if (!known) references.push_back({std::string(name), std::move(details)});
}

/// Whether what stands behind the name is only what relations have: `(>= 2.34)`, `[amd64]`, `<!nocheck>`, `:any`.
bool is_qualification(std::string_view rest) {
  while (!(rest = trimmed(rest)).empty()) {
    const char close = rest[0] == '(' ? ')' : rest[0] == '[' ? ']' : rest[0] == '<' ? '>' : '\0';
    if (close == '\0') return false;
    const std::size_t end = rest.find(close);
    if (end == std::string_view::npos) return false;
    rest.remove_prefix(end + 1);
  }
  return true;
}

/// `libc6:any (>= 2.34) [amd64] <!nocheck>`; or any other text, which is a name as a whole.
void add_relation(std::vector<Reference>& references, std::string_view relation, bool alternative) {
  relation = trimmed(relation);
  std::string_view name = relation.substr(0, relation.find_first_of(" \t\r\n([<"));
  Value details;
  if (!is_qualification(relation.substr(name.size()))) {
    name = relation;
  } else if (const std::size_t open = relation.find('('); open != std::string_view::npos) {
    std::string_view rest = relation.substr(open + 1);
    details = Value::object({{"version", std::string(trimmed(take_until(rest, ')')))}});
  }
  if (const std::string_view architecture(":any"); name.ends_with(architecture))
    name.remove_suffix(architecture.size());
  if (alternative) {
    if (details.type() == ValueType::null) details = Value::object();
    details.set("alternative", Value(true));
  }
  add(references, name, std::move(details));
}

void add_alternatives(std::vector<Reference>& references, std::string_view group) {
  const bool alternatives = group.find('|') != std::string_view::npos;
  while (!group.empty()) add_relation(references, take_until(group, '|'), alternatives);
}

}  // namespace

std::vector<Reference> references_in(ValueView field) {
  std::vector<Reference> references;
  if (field.type() == ValueType::array) {
    for (const auto& [unused, element] : field) add_alternatives(references, element.string_or(""));
  }
  std::string_view text = field.string_or("");
  while (!text.empty()) add_alternatives(references, take_until(text, ','));
  return references;
}

}  // namespace strata::ingest
