// Questions about the graph as a whole: its cycles, an order of its nodes.
#pragma once

#include <string>
#include <vector>

#include "commit/source.hpp"
#include "strata/graph.hpp"

namespace strata::query {

/// At most `limit` (0: all), by their first nodes.
std::vector<Path> cycles(commit::Source& source, std::size_t limit, const std::vector<std::string>& types);
/// Among those that may stand next, the least by name does. `invalid_argument`, naming a cycle, when there is one.
std::vector<std::string> topological_order(commit::Source& source, const std::vector<std::string>& types);

}  // namespace strata::query
