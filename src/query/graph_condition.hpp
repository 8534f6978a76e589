// Which edges a question follows, and which nodes it enters.
#pragma once

#include <string_view>

#include "commit/source.hpp"
#include "filter/filter.hpp"
#include "model/graph_rows.hpp"
#include "strata/graph.hpp"

namespace strata::query {

class GraphCondition {
 public:
  /// `invalid_argument` as filters say; each parameter must be used in one of the two.
  GraphCondition(const Follow& follow, Time now);

  bool asks_edges() const { return !edges_.is_trivial(); }
  bool asks_nodes() const { return asks_nodes_; }
  /// Requires: a whole edge.
  bool matches(const model::EdgeView& edge) const;
  bool matches(commit::Source& source, std::string_view node) const;

 private:
  filter::Filter edges_;
  filter::Filter nodes_;
  bool asks_nodes_;
};

/// The edge as filters see it: `from`, `type`, `to`, and the members of its value; a value that is no object is
/// `value`.
Value edge_object(const model::EdgeView& edge);

}  // namespace strata::query
