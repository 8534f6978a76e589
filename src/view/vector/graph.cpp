#include "view/vector/graph.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "strata/error.hpp"
#include "view/vector/graph_walk.hpp"

namespace strata::view {
namespace {

/// A level of a finished graph.
class LowestLevel {
 public:
  LowestLevel(const Rows& rows, const GraphLayout& layout, const std::byte* bytes)
      : rows_(rows), links_(bytes + GraphLayout::header_bytes), list_bytes_(layout.list_bytes()) {}

  std::size_t node_count() const { return rows_.count(); }
  const std::byte* row(std::uint32_t node) const { return rows_[node]; }
  std::size_t row_size() const { return rows_.stride(); }
  std::size_t list(std::uint32_t node, std::uint32_t* out) const {
    std::memcpy(out, links_ + node * list_bytes_, list_bytes_);
    return list_bytes_ / sizeof(std::uint32_t);
  }
  void prefetch_list(std::uint32_t node) const {
    const std::byte* list = links_ + node * list_bytes_;
    __builtin_prefetch(list);
    __builtin_prefetch(list + 64);
  }

 private:
  const Rows& rows_;
  const std::byte* links_;
  std::size_t list_bytes_;
};

class UpperLevel {
 public:
  /// `level` from 1.
  UpperLevel(const Rows& rows, const GraphLayout& layout, const std::byte* bytes, std::size_t level)
      : rows_(rows),
        numbers_(bytes + layout.upper_rows),
        links_(bytes + layout.upper_links_of(level, 0)),
        list_bytes_(layout.list_bytes() / 2),
        nodes_(layout.nodes[level - 1]) {}

  std::size_t node_count() const { return nodes_; }
  /// Damaged numbers lead to the first row.
  std::uint32_t row_number(std::uint32_t node) const {
    const std::uint32_t row = load_u32(numbers_ + std::size_t{4} * node);
    return row < rows_.count() ? row : 0;
  }
  const std::byte* row(std::uint32_t node) const { return rows_[row_number(node)]; }
  std::size_t row_size() const { return rows_.stride(); }
  std::size_t list(std::uint32_t node, std::uint32_t* out) const {
    std::memcpy(out, links_ + node * list_bytes_, list_bytes_);
    return list_bytes_ / sizeof(std::uint32_t);
  }
  void prefetch_list(std::uint32_t node) const { __builtin_prefetch(links_ + node * list_bytes_); }

 private:
  const Rows& rows_;
  const std::byte* numbers_;
  const std::byte* links_;
  std::size_t list_bytes_;
  std::size_t nodes_;
};

/// The rows that are equal to a row of the graph, and stand behind it.
class Twins {
 public:
  Twins(const GraphLayout& layout, const std::byte* bytes) : layout_(layout), bytes_(bytes) {}

  bool any() const { return layout_.groups > 0; }

  /// Until `visit` says false; then false.
  template <class Visit>
  bool each(std::uint32_t row, const Visit& visit) const {
    const std::size_t group = find(row);
    if (group == layout_.groups) return true;
    const std::uint32_t end = std::min(number(layout_.group_starts, group + 1), layout_.twins);
    for (std::uint32_t at = number(layout_.group_starts, group); at < end; ++at) {
      const std::uint32_t twin = number(layout_.group_members, at);
      if (twin < layout_.rows && !visit(twin)) return false;
    }
    return true;
  }

 private:
  std::uint32_t number(std::size_t part, std::size_t at) const { return load_u32(bytes_ + part + 4 * at); }

  std::size_t find(std::uint32_t row) const {
    std::size_t low = 0;
    std::size_t high = layout_.groups;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (number(layout_.group_rows, middle) < row) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < layout_.groups && number(layout_.group_rows, low) == row ? low : layout_.groups;
  }

  const GraphLayout& layout_;
  const std::byte* bytes_;
};

/// This thread's working memory, lent to one search at a time: a filter may search too.
class SpaceLoan {
 public:
  SpaceLoan() {
    if (idle().empty()) {
      space_ = std::make_unique<WalkSpace>();
    } else {
      space_ = std::move(idle().back());
      idle().pop_back();
    }
  }
  ~SpaceLoan() {
    constexpr std::size_t kept_max = 2;
    if (idle().size() < kept_max) idle().push_back(std::move(space_));
  }
  SpaceLoan(const SpaceLoan&) = delete;
  SpaceLoan& operator=(const SpaceLoan&) = delete;
  WalkSpace& operator*() { return *space_; }

 private:
  static std::vector<std::unique_ptr<WalkSpace>>& idle() {
    static thread_local std::vector<std::unique_ptr<WalkSpace>> spaces = [] {
      std::vector<std::unique_ptr<WalkSpace>> none;
      none.reserve(4);
      return none;
    }();
    return spaces;
  }

  std::unique_ptr<WalkSpace> space_;
};

/// From the entry through the upper levels to where the walk on the lowest begins.
CandidateKey find_start(const Rows& rows, const GraphLayout& layout, const std::byte* bytes, const Target& target,
                        WalkSpace& space, std::uint64_t& compared) {
  std::uint32_t start = layout.entry;
  std::uint32_t node = 0;
  for (std::size_t level = layout.levels; level > 0; --level) {
    const UpperLevel upper(rows, layout, bytes, level);
    LevelWalk walk(upper, target, space);
    node = candidate_node(walk.descend(walk.key_of(node)));
    start = upper.row_number(node);
    compared += walk.compared();
  }
  return candidate_key(target.score(rows[start]), start);
}

/// Answers of the best nodes and their twins. A filter was asked about the nodes together with their twins.
void collect(const CandidatePool& pool, const Twins& twins, std::size_t k, const Accept& accept,
             std::vector<Neighbor>& out) {
  for (std::size_t at = 0; at < pool.size() && out.size() < k; ++at) {
    const Neighbor found{candidate_node(pool[at]), candidate_score(pool[at])};
    if (!twins.any()) {
      out.push_back(found);
      continue;
    }
    if (!accept || accept(found.row)) out.push_back(found);
    std::size_t taken = 0;
    twins.each(found.row, [&](std::uint32_t twin) {
      if (accept && !accept(twin)) return true;
      out.push_back({twin, found.score});
      return ++taken < k;
    });
  }
  std::sort(out.begin(), out.end(), nearer);
  if (out.size() > k) out.resize(k);
}

}  // namespace

std::size_t ef_default(std::size_t k) { return std::max<std::size_t>(128, 2 * k); }

Graph::Graph(const Rows& rows, std::span<const std::byte> bytes)
    : rows_(rows), layout_(GraphLayout::read(bytes)), bytes_(bytes.data()) {
  if (layout_.rows != rows.count()) {
    throw Error(ErrorCode::corruption, "a vector graph is of " + std::to_string(layout_.rows) + " rows where " +
                                           std::to_string(rows.count()) + " lie beside it: it is to be built again");
  }
}

std::size_t Graph::search(const Target& target, std::size_t k, std::size_t ef, const Accept& accept,
                          std::vector<Neighbor>& out) const {
  check_shape(rows_, target);
  out.clear();
  if (rows_.count() == 0 || k == 0) return 0;
  ef = std::min(std::max(ef == 0 ? ef_default(k) : ef, k), rows_.count());
  SpaceLoan loan;
  WalkSpace& space = *loan;
  std::uint64_t compared = 1;
  const CandidateKey start = find_start(rows_, layout_, bytes_, target, space, compared);
  const LowestLevel lowest(rows_, layout_, bytes_);
  const Twins twins(layout_, bytes_);
  LevelWalk walk(lowest, target, space);
  if (!accept) {
    walk.explore(start, ef);
  } else {
    const auto refused = [&accept](std::uint32_t row) { return !accept(row); };
    walk.explore(start, ef,
                 [&](std::uint32_t row) { return accept(row) || (twins.any() && !twins.each(row, refused)); });
  }
  collect(space.pool, twins, k, accept, out);
  return compared + walk.compared();
}

std::size_t Graph::reachable() const {
  if (rows_.count() == 0) return 0;
  const LowestLevel lowest(rows_, layout_, bytes_);
  const Twins twins(layout_, bytes_);
  std::vector<bool> met(rows_.count());
  std::vector<std::uint32_t> waiting{layout_.entry};
  std::array<std::uint32_t, list_nodes_max> nodes{};
  met[layout_.entry] = true;
  std::size_t count = 0;
  while (!waiting.empty()) {
    const std::uint32_t node = waiting.back();
    waiting.pop_back();
    ++count;
    twins.each(node, [&count](std::uint32_t) { return ++count > 0; });
    const std::size_t length = lowest.list(node, nodes.data());
    for (std::size_t at = 0; at < length && nodes[at] < rows_.count(); ++at) {
      if (met[nodes[at]]) continue;
      met[nodes[at]] = true;
      waiting.push_back(nodes[at]);
    }
  }
  return count;
}

}  // namespace strata::view
