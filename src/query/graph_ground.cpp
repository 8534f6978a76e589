#include "query/graph_ground.hpp"

namespace strata::query {

GraphGround::GraphGround(view::Adjacency& adjacency, commit::Source& source, const Follow& follow,
                         const std::string& weight)
    : adjacency_(adjacency) {
  const bool names_alone =
      follow.where.empty() && follow.node_where.empty() && follow.parameters.empty() && weight.empty();
  // A transaction must know what it has read, and sees edges of its own.
  if (names_alone && !source.tracks()) {
    if (auto reading = adjacency_.read(source)) {
      neighbours_ = std::make_unique<AdjacencyNeighbours>(std::move(reading), follow);
      in_memory_ = true;
      return;
    }
  }
  neighbours_ = std::make_unique<RowNeighbours>(source, follow, weight);
  pays_ = names_alone && !source.tracks();
}

GraphGround::~GraphGround() {
  if (pays_) adjacency_.note_walk(neighbours_->edges_visited());
}

}  // namespace strata::query
