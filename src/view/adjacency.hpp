// The edges of the graph in memory, by node, without their values: for walks that ask for names alone. Held by one
// process, made from the rows when walks have paid for it, and brought to the newest state by the log.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "commit/source.hpp"
#include "follow/view_point.hpp"

namespace strata::view {

/// Thread-safe, but for what is said of readings.
class Adjacency {
 public:
  struct Way {
    std::uint32_t node;
    std::uint32_t type;
  };
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  /// The edges as of one state; others wait to bring it to a newer one while a reading is there.
  class Reading {
   public:
    /// False when there is none: then nothing else may be asked.
    explicit operator bool() const { return adjacency_ != nullptr; }
    std::uint32_t nodes() const { return static_cast<std::uint32_t>(adjacency_->nodes_.size()); }
    /// `none` when it has never had an edge.
    std::uint32_t node(std::string_view name) const;
    std::uint32_t type(std::string_view name) const;
    std::string_view node_name(std::uint32_t node) const { return adjacency_->nodes_[node]; }
    std::string_view type_name(std::uint32_t type) const { return adjacency_->types_[type]; }
    /// The nodes below this number are numbered in the order of their names.
    std::uint32_t in_order() const { return adjacency_->in_order_; }
    /// By type and node. Valid as long as the reading.
    std::span<const Way> out(std::uint32_t node) const { return adjacency_->out_.of(node); }
    std::span<const Way> in(std::uint32_t node) const { return adjacency_->in_.of(node); }

   private:
    friend class Adjacency;
    std::shared_lock<std::shared_mutex> lock_;
    const Adjacency* adjacency_ = nullptr;
  };

  /// The edges as of the source's state, where they are held, or it is worth while to hold them now. Requires: the
  /// source has no writes of its own and keeps no footprint.
  Reading read(commit::Source& source);
  /// A walk over the rows has looked at so many edges.
  void note_walk(std::uint64_t edges) { edges_walked_ += edges; }
  void clear();

 private:
  /// Where edges lead from each node: all together, and apart those of nodes that have changed since.
  class Ways {
   public:
    struct Edge {
      std::uint32_t from;
      Way way;
    };
    /// `less`: the order of the ways of a node.
    using Less = std::function<bool(const Way&, const Way&)>;
    void fill(const std::vector<Edge>& edges, std::uint32_t nodes, const Less& less);
    std::span<const Way> of(std::uint32_t node) const;
    void add(std::uint32_t from, Way way, const Less& less);
    void remove(std::uint32_t from, Way way, const Less& less);
    std::size_t changed() const { return changed_ways_; }
    void clear();

   private:
    std::vector<Way>& own(std::uint32_t node);
    std::vector<std::uint64_t> begins_;
    std::vector<Way> ways_;
    std::unordered_map<std::uint32_t, std::vector<Way>> changed_;
    std::size_t changed_ways_ = 0;
  };

  void fill(commit::Source& source, std::uint64_t edges);
  bool catch_up(commit::Source& source);
  void forget();
  bool less(const Way& a, const Way& b) const;
  std::uint32_t number_node(std::string_view part, std::string_view name);
  std::uint32_t number_type(std::string_view name);

  mutable std::shared_mutex mutex_;
  bool held_ = false;
  follow::ViewPoint point_;
  commit::Space space_;
  std::deque<std::string> nodes_;                                ///< Names by number.
  std::deque<std::string> parts_;                                ///< Of those whose names are cut in keys.
  std::unordered_map<std::string_view, std::uint32_t> by_part_;  ///< As they stand in keys.
  std::vector<std::string> types_;
  std::uint32_t in_order_ = 0;
  Ways out_;
  Ways in_;
  std::uint64_t edges_ = 0;
  std::atomic<std::uint64_t> edges_walked_{0};
};

}  // namespace strata::view
