// What a walk over the graph stands on: nodes by number, and where edges lead from each.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "commit/source.hpp"
#include "model/graph_rows.hpp"
#include "query/graph_condition.hpp"
#include "strata/graph.hpp"
#include "view/adjacency.hpp"

namespace strata::query {

using NodeNumber = std::uint32_t;
inline constexpr NodeNumber no_node = ~NodeNumber{0};

/// Texts by number, in the order of their coming. Views last as long as the list.
class NameList {
 public:
  std::uint32_t number(std::string_view name);
  /// no_node when it is not in the list.
  std::uint32_t find(std::string_view name) const;
  std::string_view name(std::uint32_t number) const { return names_[number]; }
  std::size_t size() const { return names_.size(); }

 private:
  std::deque<std::string> names_;
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
};

/// An edge as one walks it.
struct Step {
  NodeNumber node = no_node;  ///< Where it leads.
  std::uint32_t type = 0;
  double weight = 1;
};

/// A node that a walk came to, and by which edge.
struct Met {
  NodeNumber node = no_node;
  NodeNumber previous = no_node;
  std::uint32_t type = 0;
};

class Neighbours {
 public:
  virtual ~Neighbours() = default;
  virtual NodeNumber number(std::string_view node) = 0;
  virtual std::string_view name(NodeNumber node) const = 0;
  virtual std::string_view type_name(std::uint32_t type) const = 0;

  enum class Way { forward, backward };
  using Visit = std::function<bool(const Step&)>;
  /// The edges that are followed from a node, by type and by name of where they lead; `backward`: those that would be
  /// followed to it, whatever is said about entering nodes. `visit` returns false to stop.
  virtual void visit(NodeNumber node, Way way, const Visit& visit) = 0;

  std::uint64_t edges_visited() const { return edges_visited_; }
  /// Into the order of the nodes' names.
  virtual void sort(std::vector<Met>& met) const;

 protected:
  std::uint64_t edges_visited_ = 0;
};

/// Walks over what is held in memory. Requires: no filters, no weights.
class AdjacencyNeighbours : public Neighbours {
 public:
  AdjacencyNeighbours(view::Adjacency::Reading reading, const Follow& follow);

  NodeNumber number(std::string_view node) override;
  std::string_view name(NodeNumber node) const override;
  std::string_view type_name(std::uint32_t type) const override { return reading_.type_name(type); }
  void visit(NodeNumber node, Way way, const Visit& visit) override;
  void sort(std::vector<Met>& met) const override;

 private:
  bool visit_ways(std::span<const view::Adjacency::Way> ways, NodeNumber left_out, const Visit& visit);

  view::Adjacency::Reading reading_;
  Direction direction_;
  bool all_types_;
  std::vector<std::uint32_t> chosen_types_;  ///< Sorted by number.
  NameList others_;                          ///< Nodes without edges, numbered behind the others.
};

/// Reads the rows of a source.
class RowNeighbours : public Neighbours {
 public:
  /// `weight`: as PathOptions::weight.
  RowNeighbours(commit::Source& source, const Follow& follow, const std::string& weight = {});

  NodeNumber number(std::string_view node) override { return nodes_.number(node); }
  std::string_view name(NodeNumber node) const override { return nodes_.name(node); }
  std::string_view type_name(std::uint32_t type) const override { return types_.name(type); }
  void visit(NodeNumber node, Way way, const Visit& visit) override;

 private:
  double weight_of(const model::EdgeView& edge) const;
  bool may_enter(NodeNumber node);
  bool take(const model::EdgeView& edge, std::string_view other, Way way, const Visit& visit);

  commit::Source& source_;
  model::EdgeRows rows_;
  GraphCondition condition_;
  Direction direction_;
  std::vector<std::string> chosen_types_;
  std::string weight_;
  model::EdgeRows::Part part_;
  NameList nodes_;
  NameList types_;
  enum class Verdict : std::uint8_t { unknown, enter, leave };
  std::vector<Verdict> verdicts_;  ///< By node.
};

}  // namespace strata::query
