#include "view/adjacency.hpp"

#include <algorithm>
#include <mutex>
#include <numeric>

#include "follow/tail.hpp"
#include "model/graph_rows.hpp"
#include "strata/error.hpp"

namespace strata::view {
namespace {

// About what an edge takes, both ways, with its share of the names; and what all may take.
constexpr std::uint64_t edge_bytes = 64;
constexpr std::uint64_t bytes_max = std::uint64_t{256} << 20;
// Walks have paid for it when they have looked at this part of the edges, row by row.
constexpr std::uint64_t part_walked = 4;
// Of a log that is longer, or of more changes, the rows are read anew.
constexpr std::uint64_t entries_max = 2'000;
constexpr std::size_t changes_max = 20'000;

std::uint64_t entries_worth(std::uint64_t edges) { return std::max(entries_max, edges / 8); }

}  // namespace

// ---- Ways

void Adjacency::Ways::clear() { *this = Ways(); }

void Adjacency::Ways::fill(const std::vector<Edge>& edges, std::uint32_t nodes, const Less& less) {
  clear();
  begins_.assign(nodes + std::size_t{1}, 0);
  for (const Edge& edge : edges) ++begins_[edge.from + std::size_t{1}];
  std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
  ways_.resize(edges.size());
  std::vector<std::uint64_t> next(begins_.begin(), begins_.end());
  for (const Edge& edge : edges) ways_[next[edge.from]++] = edge.way;
  for (std::uint32_t node = 0; node < nodes; ++node) {
    std::sort(ways_.begin() + static_cast<std::ptrdiff_t>(begins_[node]),
              ways_.begin() + static_cast<std::ptrdiff_t>(begins_[node + std::size_t{1}]), less);
  }
}

std::span<const Adjacency::Way> Adjacency::Ways::of(std::uint32_t node) const {
  if (!changed_.empty()) {
    if (const auto found = changed_.find(node); found != changed_.end()) return found->second;
  }
  if (node + std::size_t{1} >= begins_.size()) return {};
  return {ways_.data() + begins_[node], static_cast<std::size_t>(begins_[node + std::size_t{1}] - begins_[node])};
}

std::vector<Adjacency::Way>& Adjacency::Ways::own(std::uint32_t node) {
  const auto found = changed_.find(node);
  if (found != changed_.end()) return found->second;
  const std::span<const Way> ways = of(node);
  changed_ways_ += ways.size() + 1;
  return changed_.emplace(node, std::vector<Way>(ways.begin(), ways.end())).first->second;
}

void Adjacency::Ways::add(std::uint32_t from, Way way, const Less& less) {
  std::vector<Way>& ways = own(from);
  const auto place = std::lower_bound(ways.begin(), ways.end(), way, less);
  if (place != ways.end() && !less(way, *place)) return;
  ways.insert(place, way);
  ++changed_ways_;
}

void Adjacency::Ways::remove(std::uint32_t from, Way way, const Less& less) {
  std::vector<Way>& ways = own(from);
  const auto place = std::lower_bound(ways.begin(), ways.end(), way, less);
  if (place != ways.end() && !less(way, *place)) ways.erase(place);
}

// ---- Reading

std::uint32_t Adjacency::Reading::node(std::string_view name) const {
  const auto found = adjacency_->by_part_.find(model::node_part(name));
  return found == adjacency_->by_part_.end() ? none : found->second;
}

std::uint32_t Adjacency::Reading::type(std::string_view name) const {
  const auto& types = adjacency_->types_;
  const auto found = std::find(types.begin(), types.end(), name);
  return found == types.end() ? none : static_cast<std::uint32_t>(found - types.begin());
}

// ---- Adjacency

bool Adjacency::less(const Way& a, const Way& b) const {
  if (a.type != b.type) return types_[a.type] < types_[b.type];
  if (a.node == b.node) return false;
  if (a.node < in_order_ && b.node < in_order_) return a.node < b.node;
  return nodes_[a.node] < nodes_[b.node];
}

std::uint32_t Adjacency::number_node(std::string_view part, std::string_view name) {
  if (const auto found = by_part_.find(part); found != by_part_.end()) return found->second;
  const auto number = static_cast<std::uint32_t>(nodes_.size());
  const std::string& kept = nodes_.emplace_back(name);
  by_part_.emplace(part == name ? std::string_view(kept) : std::string_view(parts_.emplace_back(part)), number);
  return number;
}

std::uint32_t Adjacency::number_type(std::string_view name) {
  const auto found = std::find(types_.begin(), types_.end(), name);
  if (found != types_.end()) return static_cast<std::uint32_t>(found - types_.begin());
  types_.emplace_back(name);
  return static_cast<std::uint32_t>(types_.size() - 1);
}

void Adjacency::forget() {
  held_ = false;
  by_part_.clear();
  nodes_.clear();
  parts_.clear();
  types_.clear();
  in_order_ = 0;
  out_.clear();
  in_.clear();
  edges_ = 0;
}

void Adjacency::clear() {
  const std::unique_lock lock(mutex_);
  forget();
}

void Adjacency::fill(commit::Source& source, std::uint64_t edges) {
  forget();
  struct Found {
    std::uint32_t from, to, type;
  };
  std::vector<Found> found;
  found.reserve(edges);
  std::deque<std::string> names;
  std::unordered_map<std::string_view, std::uint32_t> numbers;
  const auto number = [&](std::string_view name) {
    if (const auto known = numbers.find(name); known != numbers.end()) return known->second;
    const auto next = static_cast<std::uint32_t>(names.size());
    numbers.emplace(names.emplace_back(name), next);
    return next;
  };
  model::EdgeRows(source).visit_all(model::EdgeRows::Part::names, [&](const model::EdgeView& edge) {
    found.push_back({number(edge.from), number(edge.to), number_type(edge.type)});
    return true;
  });
  std::vector<std::uint32_t> order(names.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return names[a] < names[b]; });
  std::vector<std::uint32_t> rank(order.size());
  for (std::uint32_t at = 0; at < order.size(); ++at) {
    rank[order[at]] = at;
    number_node(model::node_part(names[order[at]]), names[order[at]]);
  }
  in_order_ = static_cast<std::uint32_t>(order.size());
  const auto ordered = [this](const Way& a, const Way& b) { return less(a, b); };
  std::vector<Ways::Edge> ways;
  ways.reserve(found.size());
  for (const Found& one : found) ways.push_back({rank[one.from], {rank[one.to], one.type}});
  out_.fill(ways, in_order_, ordered);
  ways.clear();
  ways.reserve(found.size());
  for (const Found& one : found) ways.push_back({rank[one.to], {rank[one.from], one.type}});
  in_.fill(ways, in_order_, ordered);
  edges_ = found.size();
  point_ = follow::point_of(source.view());
  space_ = source.collection(model::edges_name)->records();
  held_ = true;
}

bool Adjacency::catch_up(commit::Source& source) {
  const Position state = source.view().position();
  if (state == point_.position) return true;
  if (state.value - point_.position.value > entries_worth(edges_)) return false;
  follow::Tail tail;
  try {
    tail = follow::read_tail(
        source, {point_.position, 0, 0},
        [&](const codec::Change& change) { return change.space == space_ ? follow::Wanted::last : follow::Wanted::no; },
        changes_max);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::gap) throw;
    return false;
  }
  if (!tail.whole) return false;
  const auto ordered = [this](const Way& a, const Way& b) { return less(a, b); };
  const model::EdgeRows rows(source);
  for (const follow::TailChange& change : tail.changes) {
    const bool put = change.operation == codec::Operation::put;
    const auto key = model::split_edge_key(change.key);
    if (!key || (!put && change.operation != codec::Operation::erase)) return false;
    const auto number = [&](std::string_view part) {
      if (!put || !model::is_cut(part)) return put ? number_node(part, part) : none;
      return none;
    };
    std::uint32_t from = number(key->from);
    std::uint32_t to = number(key->to);
    if (from == none || to == none) {
      const auto known_from = by_part_.find(key->from);
      const auto known_to = by_part_.find(key->to);
      const bool known = known_from != by_part_.end() && known_to != by_part_.end();
      if (!known && !put) continue;  // never seen: made and removed in between
      if (!known) return false;      // its names are in the record alone: the rows are read anew
      from = known_from->second;
      to = known_to->second;
    }
    const std::uint32_t type = number_type(key->type);
    if (put) {
      out_.add(from, {to, type}, ordered);
      in_.add(to, {from, type}, ordered);
    } else {
      out_.remove(from, {to, type}, ordered);
      in_.remove(to, {from, type}, ordered);
    }
  }
  point_ = follow::point_of(source.view());
  // What lies apart is slower to reach, and takes more memory.
  return out_.changed() + in_.changed() <= std::max<std::size_t>(changes_max, edges_ / 2);
}

Adjacency::Reading Adjacency::read(commit::Source& source) {
  Reading reading;
  const follow::ViewPoint state = follow::point_of(source.view());
  const auto is_older = [&] {
    return held_ && point_.store_id == state.store_id && point_.incarnation == state.incarnation &&
           state.position < point_.position;
  };
  reading.lock_ = std::shared_lock(mutex_);
  if (is_older()) return {};
  if (!held_ || point_ != state) {
    reading.lock_.unlock();
    const std::unique_lock lock(mutex_);
    if (is_older()) return {};
    if (held_) {
      held_ = false;  // should it end half way
      held_ = follow::standing_of(source, point_) == follow::Standing::good && catch_up(source);
      if (!held_) forget();
    }
    if (!held_) {
      const std::uint64_t edges = model::EdgeRows(source).count();
      if (edges == 0 || edges * edge_bytes > bytes_max || edges_walked_ < edges / part_walked) return {};
      edges_walked_ = 0;
      fill(source, edges);
    }
  }
  if (!reading.lock_.owns_lock()) {
    reading.lock_ = std::shared_lock(mutex_);
    if (!held_ || point_ != state) return {};  // another one was faster, to another state
  }
  reading.adjacency_ = this;
  return reading;
}

}  // namespace strata::view
