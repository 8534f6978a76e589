#include "model/graph_name.hpp"

#include <algorithm>

#include "codec/hash.hpp"
#include "codec/ordered.hpp"
#include "commit/catalogue.hpp"
#include "model/record.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

// Names have no control characters, so these sort before all that a name may go on with.
constexpr char separator = '\x01';
constexpr char cut_mark = '\x02';
constexpr std::size_t part_bytes_max = 89;
constexpr std::size_t part_bytes_kept = 56;  // with the mark and 32 digits: 89
static_assert(2 * part_bytes_max + edge_type_bytes_max + 2 <= user_key_bytes_max);

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

void check_text(std::string_view what, std::string_view text, std::size_t bytes_max) {
  const auto refuse = [&](const std::string& why) {
    std::string shown(text.substr(0, 60));
    std::replace_if(shown.begin(), shown.end(), is_control, '?');
    throw Error(ErrorCode::invalid_argument, std::string(what) + " `" + shown + "`: " + why);
  };
  const std::string bounds = "1 to " + std::to_string(bytes_max) + " bytes";
  if (text.empty()) refuse("it is empty; give it " + bounds);
  if (text.size() > bytes_max) refuse("it has " + std::to_string(text.size()) + " bytes; give it " + bounds);
  if (std::any_of(text.begin(), text.end(), is_control)) refuse("it has a control character; leave it out");
  const Value checks_utf8{text};
}

Bytes cut_for_index(Bytes encoded) {
  if (encoded.size() > codec::indexed_part_bytes_kept) encoded.resize(codec::indexed_part_bytes_kept);
  return encoded;
}

}  // namespace

const OwnCollection& edges_collection() {
  static const OwnCollection collection{
      edges_name, {{.name = std::string(edges_index_name), .fields = {{.path = "to"}, {.path = "type"}}}}};
  return collection;
}

const OwnCollection& edge_types_collection() {
  static const OwnCollection collection{edge_types_name, {}};
  return collection;
}

void check_node(std::string_view node) { check_text("node", node, node_bytes_max); }
void check_edge_type(std::string_view type) { check_text("edge type", type, edge_type_bytes_max); }

Bytes node_part(std::string_view node) {
  if (node.size() <= part_bytes_max) return Bytes(node);
  std::size_t kept = part_bytes_kept;
  while (kept > 0 && (static_cast<unsigned char>(node[kept]) & 0xC0) == 0x80) --kept;
  Bytes part(node.substr(0, kept));
  part += cut_mark;
  part += codec::hash128(node).to_string();
  return part;
}

Bytes edge_key(std::string_view from, std::string_view type, std::string_view to) {
  Bytes key = out_prefix(from, type);
  key += node_part(to);
  return key;
}

std::optional<EdgeKey> split_edge_key(bytes_view key) {
  const std::size_t first = key.find(separator);
  const std::size_t second = first == bytes_view::npos ? first : key.find(separator, first + 1);
  if (second == bytes_view::npos) return std::nullopt;
  EdgeKey out{key.substr(0, first), key.substr(first + 1, second - first - 1), key.substr(second + 1)};
  if (out.from.empty() || out.type.empty() || out.to.empty()) return std::nullopt;
  return out;
}

bool is_cut(std::string_view part) { return part.size() > 33 && part[part.size() - 33] == cut_mark; }

Bytes out_prefix(std::string_view node) {
  Bytes prefix = node_part(node);
  prefix += separator;
  return prefix;
}

Bytes out_prefix(std::string_view node, std::string_view type) {
  Bytes prefix = out_prefix(node);
  prefix += type;
  prefix += separator;
  return prefix;
}

Bytes in_prefix(std::string_view node) {
  Bytes encoded;
  codec::append_ordered(encoded, Value(node).view());
  return cut_for_index(std::move(encoded));
}

Bytes in_prefix(std::string_view node, std::string_view type) {
  Bytes encoded;
  codec::append_ordered(encoded, Value(node).view());
  codec::append_ordered(encoded, Value(type).view());
  return cut_for_index(std::move(encoded));
}

std::optional<NodeRecord> node_record(std::string_view node) {
  const std::size_t slash = node.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == node.size()) return std::nullopt;
  if (is_own(node) || node.size() - slash - 1 > user_key_bytes_max) return std::nullopt;
  return NodeRecord{node.substr(0, slash), node.substr(slash + 1)};
}

std::string record_node(std::string_view collection, std::string_view key) {
  std::string node(collection);
  node += '/';
  node += key;
  return node;
}

}  // namespace strata::model
