// Edges over a source, and the rules of their types.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commit/source.hpp"
#include "commit/transaction.hpp"
#include "commit/writer.hpp"
#include "model/graph_rows.hpp"

namespace strata::model {

void link_edge(commit::Transaction& transaction, std::string_view from, std::string_view type, std::string_view to,
               ValueView value, const LinkOptions& options);
bool unlink_edge(commit::Transaction& transaction, std::string_view from, std::string_view type, std::string_view to,
                 const LinkOptions& options);
/// How many there were.
std::uint64_t unlink_all_edges(commit::Transaction& transaction, std::string_view node);

/// Types with a rule other than `dangling`, by name.
using EdgeRules = std::map<std::string, EdgeRule, std::less<>>;
EdgeRules edge_rules(commit::Source& source);
/// Requires: `transaction` runs inside the write section (it looks at every edge).
void set_edge_rule(commit::Transaction& transaction, std::string_view type, EdgeRule rule);
/// Types with edges or a rule, by name.
std::vector<EdgeType> edge_types(commit::Source& source);

/// Whether an edge of a type with a rule may lead from or to this node: it names no collection that is there, or a
/// record that is.
bool may_be_end(commit::Source& source, std::string_view node);

/// Before a record is erased: refuses, or erases its edges, as the rules say. Where there are no rules this is one look
/// into the catalogue. `existed`: the record can be seen; one that has expired cannot, and is not held by anything.
void release_record(commit::Transaction& transaction, std::string_view collection, std::string_view key, bool existed);
/// The same before a collection is dropped.
void release_collection(commit::Transaction& transaction, std::string_view collection);
/// Adds to the erasing of expired records that of their edges of types with a rule. Records whose edges are too many
/// for one transaction are put off; true then.
bool release_expired(commit::Writer& writer, commit::Request& request, Time now);

}  // namespace strata::model
