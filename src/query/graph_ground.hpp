// What a walk stands on: edges held in memory where they say all that is asked, else the rows.
#pragma once

#include <memory>
#include <string>

#include "query/graph_neighbours.hpp"

namespace strata::query {

class GraphGround {
 public:
  /// `weight`: as PathOptions::weight.
  GraphGround(view::Adjacency& adjacency, commit::Source& source, const Follow& follow, const std::string& weight = {});
  ~GraphGround();
  GraphGround(const GraphGround&) = delete;
  GraphGround& operator=(const GraphGround&) = delete;

  Neighbours& neighbours() { return *neighbours_; }
  /// As GraphPlan::access.
  std::string access() const { return in_memory_ ? "adjacency" : "rows"; }

 private:
  view::Adjacency& adjacency_;
  std::unique_ptr<Neighbours> neighbours_;
  bool in_memory_ = false;
  bool pays_ = false;
};

}  // namespace strata::query
