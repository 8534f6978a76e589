// Verifying the graph: each edge stands where its names say, and the rules of the edge types are kept.
#pragma once

#include <functional>
#include <string>

#include "commit/view.hpp"

namespace strata::operate {

/// Calls `problem` for each. Damaged rows are named with the records.
void verify_graph(commit::View& view, const std::function<void(std::string)>& problem);

}  // namespace strata::operate
