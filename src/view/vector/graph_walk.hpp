// The walk over one level of a graph, towards a target. Building and searching share it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "view/vector/candidate_pool.hpp"
#include "view/vector/target.hpp"

namespace strata::view {

/// Which nodes a walk has met. Starting anew costs nothing but every 255th time.
class Visited {
 public:
  void start(std::size_t nodes) {
    if (stamps_.size() < nodes) stamps_.resize(nodes);
    if (++stamp_ == 0) {
      std::fill(stamps_.begin(), stamps_.end(), std::uint8_t{0});
      stamp_ = 1;
    }
  }
  /// False when it was met before.
  bool meet(std::uint32_t node) {
    if (stamps_[node] == stamp_) return false;
    stamps_[node] = stamp_;
    return true;
  }

 private:
  std::vector<std::uint8_t> stamps_;
  std::uint8_t stamp_ = 0;
};

/// More than the longest list of nodes has.
inline constexpr std::size_t list_nodes_max = 128;

/// What a walk works with, kept from one to the next.
struct WalkSpace {
  Visited visited;
  CandidatePool pool;
  std::vector<CandidateKey> frontier;  ///< Of a walk with a filter: a heap.
  std::array<std::uint32_t, list_nodes_max> nodes{};
  std::array<const std::byte*, list_nodes_max> places{};
  std::array<float, list_nodes_max> scores{};
};

/// The cache lines of a row that are asked for ahead; what lies behind them comes by itself.
inline void prefetch_row(const std::byte* row, std::size_t bytes) {
  constexpr std::size_t line = 64;
  constexpr std::size_t bytes_max = 8 * line;
  for (std::size_t at = 0; at < std::min(bytes, bytes_max); at += line) __builtin_prefetch(row + at);
}

/// `Level` is one level of a graph: its `list(node, out)` copies the numbers next to a node, `node_count()` bounds
/// them, `row(node)` is where the vector lies, `row_size()` its bytes, `prefetch_list(node)` asks for a list ahead.
template <class Level>
class LevelWalk {
 public:
  LevelWalk(const Level& level, const Target& target, WalkSpace& space)
      : level_(level), target_(target), space_(space) {}

  std::uint64_t compared() const { return compared_; }

  /// One step after the other to the nearest neighbour, until none is nearer.
  CandidateKey descend(CandidateKey from) {
    while (true) {
      CandidateKey best = from;
      const std::size_t count = score_list(candidate_node(from), [](std::uint32_t) { return true; });
      for (std::size_t at = 0; at < count; ++at) {
        best = std::max(best, candidate_key(space_.scores[at], space_.nodes[at]));
      }
      if (best == from) return best;
      from = best;
    }
  }

  CandidateKey key_of(std::uint32_t node) {
    ++compared_;
    return candidate_key(target_.score(level_.row(node)), node);
  }

  /// Leaves the best `ef` that were met in the pool.
  void explore(CandidateKey from, std::size_t ef) {
    start(from, ef);
    space_.pool.offer(from);
    std::uint32_t node = 0;
    while (space_.pool.take_next(node)) {
      const std::size_t count = score_unmet(node);
      for (std::size_t at = 0; at < count; ++at) {
        space_.pool.offer(candidate_key(space_.scores[at], space_.nodes[at]));
      }
      if (const CandidateKey* next = space_.pool.peek()) level_.prefetch_list(candidate_node(*next));
    }
  }

  /// The same, but only nodes that `accept` takes come into the pool; the others are passed through.
  template <class AcceptNode>
  void explore(CandidateKey from, std::size_t ef, const AcceptNode& accept) {
    start(from, ef);
    auto& frontier = space_.frontier;
    frontier.assign(1, from);
    if (accept(candidate_node(from))) space_.pool.offer(from);
    while (!frontier.empty()) {
      std::pop_heap(frontier.begin(), frontier.end());
      const CandidateKey nearest = frontier.back();
      frontier.pop_back();
      if (space_.pool.full() && nearest < space_.pool.worst()) break;
      const std::size_t count = score_unmet(candidate_node(nearest));
      for (std::size_t at = 0; at < count; ++at) {
        const CandidateKey key = candidate_key(space_.scores[at], space_.nodes[at]);
        if (space_.pool.full() && key < space_.pool.worst()) continue;
        frontier.push_back(key);
        std::push_heap(frontier.begin(), frontier.end());
        if (accept(space_.nodes[at])) space_.pool.offer(key);
      }
    }
  }

 private:
  void start(CandidateKey from, std::size_t ef) {
    space_.pool.reset(ef);
    space_.visited.start(level_.node_count());
    space_.visited.meet(candidate_node(from));
  }

  std::size_t score_unmet(std::uint32_t node) {
    return score_list(node, [this](std::uint32_t next) { return space_.visited.meet(next); });
  }

  /// Scores the nodes next to one that `wanted` takes; a number that is no node ends the list.
  template <class Wanted>
  std::size_t score_list(std::uint32_t node, const Wanted& wanted) {
    const std::size_t length = level_.list(node, space_.nodes.data());
    const std::size_t bound = level_.node_count();
    std::size_t count = 0;
    for (std::size_t at = 0; at < length; ++at) {
      const std::uint32_t next = space_.nodes[at];
      if (next >= bound) break;
      if (!wanted(next)) continue;
      space_.nodes[count] = next;
      space_.places[count] = level_.row(next);
      prefetch_row(space_.places[count], level_.row_size());
      ++count;
    }
    target_.scores(space_.places.data(), count, space_.scores.data());
    compared_ += count;
    return count;
  }

  const Level& level_;
  const Target& target_;
  WalkSpace& space_;
  std::uint64_t compared_ = 0;
};

}  // namespace strata::view
