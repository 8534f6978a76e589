#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "codec/hash.hpp"
#include "strata/error.hpp"
#include "view/vector/graph.hpp"
#include "view/vector/graph_walk.hpp"
#include "view/vector/random_source.hpp"

namespace strata::view {
namespace {

/// Held for a few comparisons at most.
class SpinLock {
 public:
  void lock() {
    constexpr int attempts = 64;
    for (int attempt = 0; held_.test_and_set(std::memory_order_acquire); ++attempt) {
      if (attempt >= attempts) std::this_thread::yield();
    }
  }
  void unlock() { held_.clear(std::memory_order_release); }

 private:
  std::atomic_flag held_;
};

/// A level that is being built. Lists are read while others write them: each number is one that was there a moment ago.
class GrowingLevel {
 public:
  GrowingLevel(const Rows& rows, std::uint32_t* links, std::size_t list_numbers, std::size_t nodes,
               const std::uint32_t* numbers)
      : rows_(rows), links_(links), list_numbers_(list_numbers), nodes_(nodes), numbers_(numbers) {}

  std::size_t node_count() const { return nodes_; }
  std::uint32_t row_number(std::uint32_t node) const { return numbers_ == nullptr ? node : numbers_[node]; }
  const std::byte* row(std::uint32_t node) const { return rows_[row_number(node)]; }
  std::size_t row_size() const { return rows_.stride(); }
  std::size_t list_max() const { return list_numbers_; }
  void prefetch_list(std::uint32_t node) const { __builtin_prefetch(links_ + node * list_numbers_); }

  std::size_t list(std::uint32_t node, std::uint32_t* out) const {
    for (std::size_t at = 0; at < list_numbers_; ++at) out[at] = number(node, at).load(std::memory_order_relaxed);
    return list_numbers_;
  }
  void set_list(std::uint32_t node, const std::vector<std::uint32_t>& nodes) const {
    for (std::size_t at = 0; at < list_numbers_; ++at) {
      number(node, at).store(at < nodes.size() ? nodes[at] : no_node, std::memory_order_relaxed);
    }
  }
  void set(std::uint32_t node, std::size_t at, std::uint32_t next) const {
    number(node, at).store(next, std::memory_order_relaxed);
  }

 private:
  std::atomic_ref<std::uint32_t> number(std::uint32_t node, std::size_t at) const {
    return std::atomic_ref<std::uint32_t>(links_[node * list_numbers_ + at]);
  }

  const Rows& rows_;
  std::uint32_t* links_;
  std::size_t list_numbers_;
  std::size_t nodes_;
  const std::uint32_t* numbers_;
};

/// Which rows are equal to an earlier one.
struct EqualRows {
  std::vector<std::uint32_t> firsts;  ///< Ascending.
  std::vector<std::uint32_t> starts{0};
  std::vector<std::uint32_t> others;

  explicit EqualRows(const Rows& rows) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> hashes;
    hashes.reserve(rows.count());
    for (std::uint32_t row = 0; row < rows.count(); ++row) hashes.emplace_back(codec::hash64(bytes_of(rows, row)), row);
    std::sort(hashes.begin(), hashes.end());
    std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;  // the first, another
    for (std::size_t at = 0, first = 0; at < hashes.size(); ++at) {
      if (hashes[at].first != hashes[first].first) first = at;
      const std::uint32_t one = hashes[first].second;
      const std::uint32_t other = hashes[at].second;
      if (at != first && bytes_of(rows, one) == bytes_of(rows, other)) pairs.emplace_back(one, other);
    }
    std::sort(pairs.begin(), pairs.end());
    for (const auto& [one, other] : pairs) {
      if (firsts.empty() || firsts.back() != one) {
        firsts.push_back(one);
        starts.push_back(starts.back());
      }
      others.push_back(other);
      ++starts.back();
    }
  }

 private:
  static bytes_view bytes_of(const Rows& rows, std::uint32_t row) {
    return {reinterpret_cast<const char*>(rows[row]), rows.stride()};
  }
};

/// The same for the same row every time.
std::size_t level_of(std::uint32_t row, std::size_t connections) {
  const double uniform = 1 - RandomSource(row).uniform();
  const double level = -std::log(uniform) / std::log(static_cast<double>(connections));
  return std::min(static_cast<std::size_t>(level), graph_levels_max);
}

/// Of a list of neighbours.
struct Places {
  std::size_t max = 0;
  std::size_t filled = 0;  ///< By candidates that others are nearer to, when too few are better.
};

/// What one thread works with.
struct Workplace {
  explicit Workplace(const RowShape& shape) : target(shape), other(shape) {}
  Target target;
  Target other;
  WalkSpace space;
  std::vector<CandidateKey> candidates;
  std::vector<std::vector<std::uint32_t>> chosen;  ///< For each level of the row that is added.
  std::vector<std::uint32_t> kept;
  std::vector<std::uint32_t> passed;
  std::vector<const std::byte*> kept_rows;
};

class GraphBuilder {
 public:
  GraphBuilder(const Rows& rows, const GraphOptions& options);
  std::optional<std::vector<std::byte>> build();

 private:
  void lay_out(const EqualRows& equal);
  void write_equal(const EqualRows& equal);
  bool add_all();
  void work(std::size_t end);
  bool report(std::size_t done);
  void add(std::size_t place, Workplace& at);
  void choose_neighbors(const GrowingLevel& level, CandidateKey from, std::size_t keep_max, Workplace& at,
                        std::vector<std::uint32_t>& chosen);
  void select(const GrowingLevel& level, const std::vector<CandidateKey>& candidates, const Places& places,
              Workplace& at, std::vector<std::uint32_t>& chosen);
  void link_back(const GrowingLevel& level, std::uint32_t node, std::uint32_t to, Workplace& at);
  void connect_rest();
  void spread(std::uint32_t from, std::vector<bool>& met);
  void attach(std::uint32_t row, std::vector<bool>& met, Workplace& at);
  GrowingLevel level(std::size_t number);
  std::uint32_t* numbers_at(std::size_t offset) { return reinterpret_cast<std::uint32_t*>(bytes_.data() + offset); }

  const Rows& rows_;
  const GraphOptions& options_;
  GraphLayout layout_;
  std::vector<std::byte> bytes_;
  std::vector<std::uint32_t> order_;  ///< Nodes as they are added: those of the highest levels first.
  std::vector<SpinLock> locks_;       ///< Of rows.
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex report_;
  std::exception_ptr failure_;  ///< Guarded by report_.
};

void check(const GraphOptions& options) {
  const auto refuse = [](const std::string& what) {
    throw Error(ErrorCode::invalid_argument, "a vector graph " + what);
  };
  if (options.connections < 4 || options.connections > 64) refuse("has 4 to 64 connections");
  if (options.ef_construction < 8 || options.ef_construction > 1000) refuse("has 8 to 1,000 candidates (ef)");
  if (options.threads < 1 || options.threads > 1024) refuse("is built by 1 to 1,024 threads");
}

GraphBuilder::GraphBuilder(const Rows& rows, const GraphOptions& options)
    : rows_(rows), options_(options), locks_(rows.count()) {
  check(options);
  const EqualRows equal(rows);
  lay_out(equal);
  write_equal(equal);
}

void GraphBuilder::lay_out(const EqualRows& equal) {
  std::vector<bool> is_twin(rows_.count());
  for (const std::uint32_t row : equal.others) is_twin[row] = true;
  std::vector<std::vector<std::uint32_t>> of_level(graph_levels_max + 1);
  for (std::uint32_t row = 0; row < rows_.count(); ++row) {
    if (!is_twin[row]) of_level[level_of(row, options_.connections)].push_back(row);
  }
  order_.reserve(rows_.count() - equal.others.size());
  layout_.connections = static_cast<std::uint32_t>(options_.connections);
  layout_.rows = rows_.count();
  for (std::size_t number = of_level.size(); number-- > 0;) {
    order_.insert(order_.end(), of_level[number].begin(), of_level[number].end());
    if (number == 0) break;
    layout_.nodes[number - 1] = static_cast<std::uint32_t>(order_.size());
    if (!order_.empty() && layout_.levels == 0) layout_.levels = static_cast<std::uint32_t>(number);
  }
  layout_.entry = order_.empty() ? 0 : order_.front();
  layout_.groups = static_cast<std::uint32_t>(equal.firsts.size());
  layout_.twins = static_cast<std::uint32_t>(equal.others.size());
  layout_.place();
  bytes_.assign(layout_.bytes, std::byte{0xff});
  layout_.write_header(bytes_.data());
  std::copy_n(order_.begin(), layout_.nodes[0], numbers_at(layout_.upper_rows));
}

void GraphBuilder::write_equal(const EqualRows& equal) {
  std::copy(equal.firsts.begin(), equal.firsts.end(), numbers_at(layout_.group_rows));
  std::copy(equal.starts.begin(), equal.starts.end(), numbers_at(layout_.group_starts));
  std::copy(equal.others.begin(), equal.others.end(), numbers_at(layout_.group_members));
}

GrowingLevel GraphBuilder::level(std::size_t number) {
  if (number == 0) {
    return {rows_, numbers_at(GraphLayout::header_bytes), 2 * options_.connections, rows_.count(), nullptr};
  }
  return {rows_, numbers_at(layout_.upper_links_of(number, 0)), options_.connections, layout_.nodes[number - 1],
          numbers_at(layout_.upper_rows)};
}

std::optional<std::vector<std::byte>> GraphBuilder::build() {
  if (!add_all()) return std::nullopt;
  connect_rest();
  return std::move(bytes_);
}

bool GraphBuilder::add_all() {
  // Rows that are added at the same moment do not find each other: the first ones, which all others lead through, are
  // added one by one.
  constexpr std::size_t alone = 1000;
  next_ = std::min<std::size_t>(1, order_.size());
  work(std::min(alone, order_.size()));
  if (failure_) std::rethrow_exception(failure_);
  next_ = std::min(alone, order_.size());
  {
    std::vector<std::jthread> others;
    for (std::size_t number = 1; number < options_.threads; ++number)
      others.emplace_back([this] { work(order_.size()); });
    work(order_.size());
  }
  if (failure_) std::rethrow_exception(failure_);
  return !stopped_ && report(order_.size());
}

void GraphBuilder::work(std::size_t end) {
  constexpr std::size_t between_reports = 256;
  try {
    Workplace workplace(rows_.shape());
    while (!stopped_) {
      const std::size_t place = next_++;
      if (place >= end) return;
      add(place, workplace);
      if (place % between_reports == 0 && !report(place)) return;
    }
  } catch (...) {
    const std::scoped_lock guard(report_);
    failure_ = std::current_exception();
    stopped_ = true;
  }
}

bool GraphBuilder::report(std::size_t done) {
  if (!options_.advance) return true;
  const std::scoped_lock guard(report_);
  if (!stopped_ && !options_.advance(done, order_.size())) stopped_ = true;
  return !stopped_;
}

void GraphBuilder::add(std::size_t place, Workplace& at) {
  const std::uint32_t row = order_[place];
  std::size_t own_level = 0;
  while (own_level < layout_.levels && place < layout_.nodes[own_level]) ++own_level;
  at.target.assign_row(rows_[row]);
  at.chosen.resize(std::max(at.chosen.size(), own_level + 1));
  std::uint32_t node = 0;  // of the level above
  for (std::size_t number = layout_.levels; number > 0; --number) {
    const GrowingLevel upper = level(number);
    LevelWalk walk(upper, at.target, at.space);
    const CandidateKey from = walk.descend(walk.key_of(node));
    node = candidate_node(from);
    if (number <= own_level) {
      choose_neighbors(upper, from, options_.connections, at, at.chosen[number]);
      if (at.space.pool.size() > 0) node = candidate_node(at.space.pool[0]);
    }
  }
  const GrowingLevel lowest = level(0);
  const std::uint32_t start = layout_.levels > 0 ? order_[node] : layout_.entry;
  choose_neighbors(lowest, candidate_key(at.target.score(rows_[start]), start), options_.connections, at, at.chosen[0]);

  // Nobody meets the row before it leads on at every level.
  for (std::size_t number = 0; number <= own_level; ++number) {
    level(number).set_list(number == 0 ? row : static_cast<std::uint32_t>(place), at.chosen[number]);
  }
  for (std::size_t number = 0; number <= own_level; ++number) {
    const std::uint32_t self = number == 0 ? row : static_cast<std::uint32_t>(place);
    for (const std::uint32_t neighbor : at.chosen[number]) link_back(level(number), neighbor, self, at);
  }
}

void GraphBuilder::choose_neighbors(const GrowingLevel& level, CandidateKey from, std::size_t keep_max, Workplace& at,
                                    std::vector<std::uint32_t>& chosen) {
  LevelWalk(level, at.target, at.space).explore(from, options_.ef_construction);
  at.candidates.clear();
  for (std::size_t number = 0; number < at.space.pool.size(); ++number) at.candidates.push_back(at.space.pool[number]);
  select(level, at.candidates, {.max = keep_max, .filled = keep_max}, at, chosen);
}

/// Keeps a candidate when it is nearer to the row itself than to all that are kept; what is left of `filled` then goes
/// to the nearest of the others. `candidates`: the nearest first.
void GraphBuilder::select(const GrowingLevel& level, const std::vector<CandidateKey>& candidates, const Places& places,
                          Workplace& at, std::vector<std::uint32_t>& chosen) {
  constexpr std::size_t step = 4;
  std::array<float, step> scores{};
  chosen.clear();
  at.kept_rows.clear();
  at.passed.clear();
  for (const CandidateKey candidate : candidates) {
    if (chosen.size() == places.max) break;
    const std::uint32_t node = candidate_node(candidate);
    const float score = candidate_score(candidate);
    at.other.assign_row(level.row(node));
    bool keep = true;
    for (std::size_t begin = 0; keep && begin < chosen.size(); begin += step) {
      const std::size_t count = std::min(step, chosen.size() - begin);
      at.other.scores(at.kept_rows.data() + begin, count, scores.data());
      for (std::size_t number = 0; number < count; ++number) keep = keep && scores[number] <= score;
    }
    if (keep) {
      chosen.push_back(node);
      at.kept_rows.push_back(level.row(node));
    } else {
      at.passed.push_back(node);
    }
  }
  for (std::size_t number = 0; number < at.passed.size() && chosen.size() < places.filled; ++number) {
    chosen.push_back(at.passed[number]);
  }
}

void GraphBuilder::link_back(const GrowingLevel& level, std::uint32_t node, std::uint32_t to, Workplace& at) {
  const std::scoped_lock guard(locks_[level.row_number(node)]);
  std::array<std::uint32_t, list_nodes_max + 1> nodes{};
  std::size_t count = level.list(node, nodes.data());
  count = static_cast<std::size_t>(std::find(nodes.begin(), nodes.begin() + count, no_node) - nodes.begin());
  if (count < level.list_max()) {
    level.set(node, count, to);
    return;
  }
  nodes[count++] = to;
  at.other.assign_row(level.row(node));
  at.candidates.clear();
  for (std::size_t number = 0; number < count; ++number) {
    at.candidates.push_back(candidate_key(at.other.score(level.row(nodes[number])), nodes[number]));
  }
  std::sort(at.candidates.begin(), at.candidates.end(), std::greater<>());
  // Some places stay free, so that the next rows that come need no choice.
  select(level, at.candidates, {.max = level.list_max(), .filled = level.list_max() * 3 / 4}, at, at.kept);
  level.set_list(node, at.kept);
}

/// Dropping edges may have cut rows off. Each comes in between a row that can be reached and one of its neighbours.
void GraphBuilder::connect_rest() {
  if (order_.empty()) return;
  std::vector<bool> met(rows_.count());
  spread(layout_.entry, met);
  Workplace at(rows_.shape());
  for (const std::uint32_t row : order_) {
    if (!met[row]) attach(row, met, at);
  }
}

void GraphBuilder::spread(std::uint32_t from, std::vector<bool>& met) {
  const GrowingLevel lowest = level(0);
  std::array<std::uint32_t, list_nodes_max> nodes{};
  std::vector<std::uint32_t> waiting{from};
  met[from] = true;
  while (!waiting.empty()) {
    const std::uint32_t node = waiting.back();
    waiting.pop_back();
    const std::size_t length = lowest.list(node, nodes.data());
    for (std::size_t at = 0; at < length && nodes[at] != no_node; ++at) {
      if (met[nodes[at]]) continue;
      met[nodes[at]] = true;
      waiting.push_back(nodes[at]);
    }
  }
}

void GraphBuilder::attach(std::uint32_t row, std::vector<bool>& met, Workplace& at) {
  const GrowingLevel lowest = level(0);
  at.target.assign_row(rows_[row]);
  LevelWalk(lowest, at.target, at.space)
      .explore(candidate_key(at.target.score(rows_[layout_.entry]), layout_.entry), options_.ef_construction);
  const std::uint32_t near = candidate_node(at.space.pool[0]);
  std::array<std::uint32_t, list_nodes_max> nodes{};
  const auto length_of = [&](std::uint32_t node) {
    const auto end = nodes.begin() + static_cast<std::ptrdiff_t>(lowest.list(node, nodes.data()));
    return static_cast<std::size_t>(std::find(nodes.begin(), end, no_node) - nodes.begin());
  };
  const std::size_t length = length_of(near);
  if (length < lowest.list_max()) {
    lowest.set(near, length, row);
  } else {
    const std::uint32_t displaced = nodes[length - 1];
    lowest.set(near, length - 1, row);
    lowest.set(row, std::min(length_of(row), lowest.list_max() - 1), displaced);
  }
  spread(row, met);
}

}  // namespace

std::optional<std::vector<std::byte>> build_graph(const Rows& rows, const GraphOptions& options) {
  return GraphBuilder(rows, options).build();
}

std::size_t build_bytes(std::size_t count, const GraphOptions& options) {
  const std::size_t lists = count * options.connections * 8;
  const std::size_t upper = lists / 2 / (options.connections - 1) + count / 2;
  constexpr std::size_t of_row = 4 + 1 + 16 + 12;  // order, lock, hash, equal rows
  constexpr std::size_t of_thread = 1 << 20;
  return lists + upper + count * of_row + options.threads * (count + of_thread) + of_thread;
}

}  // namespace strata::view
