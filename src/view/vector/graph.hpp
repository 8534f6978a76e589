// A navigable graph over rows: nearest rows without comparing with every one (HNSW: Malkov and Yashunin, "Efficient and
// robust approximate nearest neighbor search using Hierarchical Navigable Small World graphs", 2016).
//
// Built in memory, then one immutable run of bytes beside the rows. Rows that are equal byte by byte stand in the graph
// once; the others hang on the first of them. Every row can be reached from the entry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "view/vector/graph_layout.hpp"
#include "view/vector/target.hpp"
#include "view/vector/vector_rows.hpp"

namespace strata::view {

struct GraphOptions {
  std::size_t connections = 16;       ///< M, 4 to 64: edges of a row; twice as many on the lowest level.
  std::size_t ef_construction = 200;  ///< 8 to 1,000.
  std::size_t threads = 1;
  Advance advance{};  ///< Called now and then, by one thread at a time.
};

/// The graph's bytes; nothing when `advance` stopped the work. With one thread the same rows always make the same
/// bytes. Throws: invalid_argument when an option is out of bounds.
std::optional<std::vector<std::byte>> build_graph(const Rows& rows, const GraphOptions& options);

/// What building takes at most besides the rows, the graph's bytes included.
std::size_t build_bytes(std::size_t count, const GraphOptions& options);

/// Candidates that a walk keeps where the caller names none: finds 95 of 100 and more.
std::size_t ef_default(std::size_t k);

/// A view of a graph's bytes and its rows. Both stay as they are while this is used. Searching is safe from many
/// threads, and from within `accept`. Whatever the bytes hold, a search ends and reads nothing outside of them.
class Graph {
 public:
  /// Throws: corruption when the bytes are no graph of these rows.
  Graph(const Rows& rows, std::span<const std::byte> bytes);

  std::size_t count() const { return rows_.count(); }
  const Rows& rows() const { return rows_; }

  /// The nearest rows that were found among those that `accept` takes, at most k, in the order of `nearer`. `ef`: how
  /// many candidates the walk keeps (0: ef_default; never fewer than k). With `accept` the walk passes through rows
  /// that it refuses, until it holds `ef` others: a filter that takes few rows makes the walk long. Returns how many
  /// rows were compared. Throws: invalid_argument when the target's shape is not that of the rows.
  std::size_t search(const Target& target, std::size_t k, std::size_t ef, const Accept& accept,
                     std::vector<Neighbor>& out) const;

  /// Rows that a walk over all edges of the lowest level reaches from the entry, equal rows included.
  std::size_t reachable() const;

 private:
  Rows rows_;
  GraphLayout layout_;
  const std::byte* bytes_ = nullptr;
};

}  // namespace strata::view
