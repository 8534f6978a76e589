// How the graph is stored: edges are records of the store's own collection `.edge`, with members `from`, `type`, `to`
// and, unless it is null, `value`. The key is the node that the edge leads from, its type and the node that it leads
// to, so that the edges out of a node are one range of keys; an index on `to` and `type` gives those into it. Rules of
// edge types are the records of `.edge_type`.
//
// In keys a node longer than 89 bytes is cut and followed by its hash, so that a key has at most 240 bytes; such nodes
// sort by what is left of them, and are read from the record.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/own_collection.hpp"
#include "strata/graph.hpp"

namespace strata::model {

inline constexpr std::string_view edges_name = ".edge";
inline constexpr std::string_view edge_types_name = ".edge_type";
inline constexpr std::string_view edges_index_name = "to,type";

const OwnCollection& edges_collection();
const OwnCollection& edge_types_collection();

/// `invalid_argument` unless it is 1 to 500 bytes of UTF-8 without control characters.
void check_node(std::string_view node);
/// `invalid_argument` unless it is 1 to 60 bytes of UTF-8 without control characters.
void check_edge_type(std::string_view type);

/// The node as it stands in keys.
Bytes node_part(std::string_view node);
Bytes edge_key(std::string_view from, std::string_view type, std::string_view to);

/// Views into the key.
struct EdgeKey {
  std::string_view from;
  std::string_view type;
  std::string_view to;
};
/// Nothing when it is no edge's key.
std::optional<EdgeKey> split_edge_key(bytes_view key);
/// Whether the part of a key is less than the node's name.
bool is_cut(std::string_view part);

/// What all keys of the edges out of a node (of a type) begin with, and no others.
Bytes out_prefix(std::string_view node);
Bytes out_prefix(std::string_view node, std::string_view type);
/// What all entries in the index of the edges into a node (of a type) begin with. Others may too: look at the key.
Bytes in_prefix(std::string_view node);
Bytes in_prefix(std::string_view node, std::string_view type);

/// A node that may name a record: the collection and the key.
struct NodeRecord {
  std::string_view collection;
  std::string_view key;
};
/// Nothing when it cannot be `collection/key`.
std::optional<NodeRecord> node_record(std::string_view node);
std::string record_node(std::string_view collection, std::string_view key);

}  // namespace strata::model
