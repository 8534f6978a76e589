#include "model/graph.hpp"

#include <algorithm>
#include <set>

#include "model/own_collection.hpp"
#include "model/record.hpp"
#include "strata/error.hpp"

namespace strata {

std::string_view to_string(EdgeRule rule) {
  switch (rule) {
    case EdgeRule::dangling:
      return "dangling";
    case EdgeRule::restrict:
      return "restrict";
    case EdgeRule::cascade:
      return "cascade";
  }
  return "unknown";
}

std::optional<EdgeRule> parse_edge_rule(std::string_view text) {
  for (const EdgeRule rule : {EdgeRule::dangling, EdgeRule::restrict, EdgeRule::cascade}) {
    if (to_string(rule) == text) return rule;
  }
  return std::nullopt;
}

}  // namespace strata

namespace strata::model {
namespace {

using Part = EdgeRows::Part;

std::string shown(std::string_view from, std::string_view type, std::string_view to) {
  const auto cut = [](std::string_view text) {
    return std::string(text.substr(0, 80)) + (text.size() > 80 ? "..." : "");
  };
  return "edge `" + cut(from) + "` -" + std::string(type) + "-> `" + cut(to) + "`";
}

void check_names(std::string_view from, std::string_view type, std::string_view to) {
  check_node(from);
  check_edge_type(type);
  check_node(to);
}

/// An edge as the caller sees it: one that this transaction wrote has version 0.
void check_version(commit::Source& source, std::string_view from, std::string_view type, std::string_view to,
                   Version expected) {
  const auto present = EdgeRows(source).get(from, type, to);
  if (present ? present->version == expected && expected != Version{} : expected == Version{}) return;
  throw Error(ErrorCode::conflict,
              shown(from, type, to) + " was expected " +
                  (expected == Version{} ? "to be absent" : "to have version " + std::to_string(expected.value)) +
                  ", but " +
                  (present ? "it has version " + std::to_string(present->version.value) : "it does not exist") +
                  "; read it again");
}

EdgeRule decode_rule(std::string_view type, ValueView body) {
  if (const auto rule = parse_edge_rule(body["rule"].string_or({}))) return *rule;
  throw Error(ErrorCode::corruption,
              "the rule of edge type `" + std::string(type) + "` cannot be read; declare it again");
}

EdgeRule rule_of(commit::Source& source, std::string_view type) {
  const auto record = get_record(source, edge_types_name, type);
  return record ? decode_rule(type, record->value.view()) : EdgeRule::dangling;
}

void check_end(commit::Source& source, const EdgeView& edge, EdgeRule rule, std::string_view node) {
  if (may_be_end(source, node)) return;
  throw Error(ErrorCode::not_found, shown(edge.from, edge.type, edge.to) + ": there is no record `" +
                                        std::string(node) + "`, which the rule `" + std::string(to_string(rule)) +
                                        "` of its type wants; put the record first");
}

commit::Write erase_of(const commit::CollectionDefinition& edges, Bytes key) {
  commit::Write write;
  write.kind = commit::Write::Kind::erase;
  write.space = edges.records();
  write.key = std::move(key);
  return write;
}

/// Keys of the edges of a node, each once.
std::vector<Bytes> keys_of(const EdgeRows& rows, std::string_view node, std::span<const std::string> types,
                           std::size_t limit) {
  std::vector<Bytes> keys;
  rows.visit(node, Direction::both, types, Part::names, [&](const EdgeView& edge) {
    keys.push_back(edge_key(edge.from, edge.type, edge.to));
    return keys.size() < limit;
  });
  return keys;
}

void erase_edges(commit::Transaction& transaction, std::string_view whose, std::vector<Bytes> keys) {
  if (keys.size() > transaction_changes_max) {
    throw Error(ErrorCode::limit_exceeded, std::string(whose) + " has more than " +
                                               std::to_string(transaction_changes_max) +
                                               " edges that would go in one transaction; unlink some of them first");
  }
  if (keys.empty()) return;
  const commit::CollectionDefinition& edges = *transaction.collection(edges_name);
  for (Bytes& key : keys) transaction.write(erase_of(edges, std::move(key)));
}

/// Whether a rule has ever been declared. All that a store without rules pays.
bool has_rules(commit::Source& source) { return source.collection(edge_types_name) && source.collection(edges_name); }

[[noreturn]] void refuse(std::string_view what, const EdgeView& edge) {
  throw Error(ErrorCode::invalid_argument, std::string(what) + " is held by " + shown(edge.from, edge.type, edge.to) +
                                               ", whose type has the rule `restrict`; unlink it first");
}

std::vector<std::string> names_of(const EdgeRules& rules) {
  std::vector<std::string> names;
  for (const auto& [name, unused] : rules) names.push_back(name);
  return names;
}

}  // namespace

void link_edge(commit::Transaction& transaction, std::string_view from, std::string_view type, std::string_view to,
               ValueView value, const LinkOptions& options) {
  check_names(from, type, to);
  if (options.if_version) check_version(transaction, from, type, to, *options.if_version);
  if (const EdgeRule rule = rule_of(transaction, type); rule != EdgeRule::dangling) {
    const EdgeView edge{from, type, to, {}, {}, {}, {}};
    check_end(transaction, edge, rule, from);
    check_end(transaction, edge, rule, to);
  }
  std::vector<std::pair<std::string, Value>> body{{"from", Value(from)}, {"type", Value(type)}, {"to", Value(to)}};
  if (!value.is_missing() && value.type() != ValueType::null) body.emplace_back("value", Value(value));
  const Value encoded = Value::object(body);
  if (encoded.encoded().size() > record_bytes_max) {
    throw Error(ErrorCode::limit_exceeded, shown(from, type, to) + " has " + std::to_string(encoded.encoded().size()) +
                                               " bytes, more than the 1 MiB that an edge may have; link to a record");
  }
  commit::Write write;
  write.space = own_collection_for_writing(transaction, edges_collection()).records();
  write.key = edge_key(from, type, to);
  write.body = encoded.encoded();
  transaction.write(std::move(write));
}

bool unlink_edge(commit::Transaction& transaction, std::string_view from, std::string_view type, std::string_view to,
                 const LinkOptions& options) {
  check_names(from, type, to);
  if (options.if_version) check_version(transaction, from, type, to, *options.if_version);
  if (!EdgeRows(transaction).has(from, type, to)) return false;
  transaction.write(erase_of(*transaction.collection(edges_name), edge_key(from, type, to)));
  return true;
}

std::uint64_t unlink_all_edges(commit::Transaction& transaction, std::string_view node) {
  check_node(node);
  std::vector<Bytes> keys = keys_of(EdgeRows(transaction), node, {}, transaction_changes_max + 1);
  const std::uint64_t count = keys.size();
  erase_edges(transaction, "node `" + std::string(node) + "`", std::move(keys));
  return count;
}

EdgeRules edge_rules(commit::Source& source) {
  EdgeRules rules;
  const commit::CollectionDefinition* types = source.collection(edge_types_name);
  if (!types) return rules;
  const auto cursor = source.scan(types->records(), {types->records(), {}, {}}, {});
  while (cursor->next()) {
    const codec::RecordRow row = decode_row(*types, cursor->key(), cursor->value());
    rules.insert_or_assign(std::string(cursor->key()), decode_rule(cursor->key(), ValueView(row.body)));
  }
  if (const commit::PendingWrites* pending = source.pending(types->records())) {
    for (const auto& [key, write] : *pending) {
      rules.erase(key);
      if (write.kind == commit::Write::Kind::put) rules.emplace(key, decode_rule(key, ValueView(write.body)));
    }
  }
  return rules;
}

void set_edge_rule(commit::Transaction& transaction, std::string_view type, EdgeRule rule) {
  check_edge_type(type);
  if (rule == EdgeRule::dangling) {
    if (rule_of(transaction, type) == rule) return;
    transaction.write(erase_of(*transaction.collection(edge_types_name), Bytes(type)));
    return;
  }
  EdgeRows(transaction).visit_all(Part::names, [&](const EdgeView& edge) {
    if (edge.type != type) return true;
    for (const std::string_view node : {edge.from, edge.to}) {
      if (may_be_end(transaction, node)) continue;
      throw Error(ErrorCode::invalid_argument, shown(edge.from, edge.type, edge.to) + ": there is no record `" +
                                                   std::string(node) + "`, which the rule `" +
                                                   std::string(to_string(rule)) + "` wants; put it, or unlink first");
    }
    return true;
  });
  // Both exist from the first rule on, so that whoever erases a record sees that there are rules.
  own_collection_for_writing(transaction, edges_collection());
  commit::Write write;
  write.space = own_collection_for_writing(transaction, edge_types_collection()).records();
  write.key = type;
  write.body = Value::object({{"rule", Value(to_string(rule))}}).encoded();
  transaction.write(std::move(write));
}

std::vector<EdgeType> edge_types(commit::Source& source) {
  std::map<std::string, EdgeType, std::less<>> types;
  for (const auto& [name, rule] : edge_rules(source)) types.emplace(name, EdgeType{name, rule, 0});
  EdgeRows(source).visit_all(Part::names, [&](const EdgeView& edge) {
    auto found = types.find(edge.type);
    if (found == types.end()) {
      const std::string name(edge.type);
      found = types.emplace(name, EdgeType{name, EdgeRule::dangling, 0}).first;
    }
    ++found->second.edges;
    return true;
  });
  std::vector<EdgeType> out;
  for (auto& [unused, type] : types) out.push_back(std::move(type));
  return out;
}

bool may_be_end(commit::Source& source, std::string_view node) {
  const auto record = node_record(node);
  return !record || !source.collection(record->collection) || has_record(source, record->collection, record->key);
}

void release_record(commit::Transaction& transaction, std::string_view collection, std::string_view key, bool existed) {
  if (is_own(collection) || !has_rules(transaction)) return;
  const std::string node = record_node(collection, key);
  if (node.size() > node_bytes_max) return;
  const EdgeRules rules = edge_rules(transaction);
  std::vector<std::string> types = names_of(rules);
  if (types.empty()) return;
  const EdgeRows rows(transaction);
  if (existed) {
    std::vector<std::string> holding = types;
    std::erase_if(holding, [&](const std::string& type) { return rules.at(type) != EdgeRule::restrict; });
    if (!holding.empty()) {
      rows.visit(node, Direction::both, holding, Part::names,
                 [&](const EdgeView& edge) -> bool { refuse("record `" + node + "`", edge); });
    }
  }
  erase_edges(transaction, "record `" + node + "`", keys_of(rows, node, types, transaction_changes_max + 1));
}

void release_collection(commit::Transaction& transaction, std::string_view collection) {
  if (is_own(collection) || !has_rules(transaction)) return;
  const EdgeRules rules = edge_rules(transaction);
  if (rules.empty()) return;
  const std::string prefix = record_node(collection, {});
  std::vector<Bytes> keys;
  EdgeRows(transaction).visit_all(Part::names, [&](const EdgeView& edge) {
    if (!edge.from.starts_with(prefix) && !edge.to.starts_with(prefix)) return true;
    const auto rule = rules.find(edge.type);
    if (rule == rules.end()) return true;
    if (rule->second == EdgeRule::restrict) refuse("collection `" + std::string(collection) + "`", edge);
    keys.push_back(edge_key(edge.from, edge.type, edge.to));
    return keys.size() <= transaction_changes_max;
  });
  erase_edges(transaction, "collection `" + std::string(collection) + "`", std::move(keys));
}

bool release_expired(commit::Writer& writer, commit::Request& request, Time now) {
  commit::View view(writer.transaction(), nullptr, writer.catalogue());
  commit::ViewSource source(view, now);
  if (request.writes.empty() || !has_rules(source)) return false;
  const std::vector<std::string> types = names_of(edge_rules(source));
  if (types.empty()) return false;
  constexpr std::size_t edges_at_once = transaction_changes_max / 2;
  const EdgeRows rows(source);
  std::set<Bytes> keys;
  bool more = false;
  std::erase_if(request.writes, [&](const commit::Write& write) {
    const commit::CollectionDefinition* collection = source.view().catalogue().find(write.space);
    if (!collection || is_own(collection->name)) return false;
    const std::string node = record_node(collection->name, write.key);
    if (node.size() > node_bytes_max) return false;
    if (keys.size() >= edges_at_once) return more = true;
    try {
      const std::vector<Bytes> of_record = keys_of(rows, node, types, edges_at_once);
      keys.insert(of_record.begin(), of_record.end());
      if (of_record.size() < edges_at_once) return false;
      return more = true;
    } catch (const Error&) {
      return true;  // stays, hidden: whoever reads its edges, or verifies, is told what is damaged
    }
  });
  for (const Bytes& key : keys) request.writes.push_back(erase_of(*source.collection(edges_name), key));
  return more;
}

}  // namespace strata::model
