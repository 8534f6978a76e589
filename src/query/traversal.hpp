// Walks from nodes: by hop, the cheapest path, all paths, what is connected.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/graph_neighbours.hpp"
#include "strata/graph.hpp"

namespace strata::query {

/// `invalid_argument` without a start, or with one that is no node's name.
TraversalResult traverse(Neighbours& neighbours, const Traversal& traversal);
/// Each edge counts what its Step says. `hops` 0: no bound.
std::optional<Path> cheapest_path(Neighbours& neighbours, std::string_view from, std::string_view to, std::size_t hops);
/// The same where each edge counts 1.
std::optional<Path> shortest_path(Neighbours& neighbours, std::string_view from, std::string_view to, std::size_t hops);
std::vector<Path> all_paths(Neighbours& neighbours, std::string_view from, std::string_view to, std::size_t hops,
                            std::size_t limit);
/// Names of all that is reached from the node, itself included, sorted.
std::vector<std::string> reached_from(Neighbours& neighbours, std::string_view node);

}  // namespace strata::query
