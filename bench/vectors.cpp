// Nearest vectors: how long an index takes to build, how many queries a second one thread answers at a recall of 0.90,
// 0.95 and 0.99 of the ten nearest, and how large the index is. Clustered synthetic vectors, squared distance.
#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>

#include "bench/setting.hpp"
#include "bench/vector_rival.hpp"
#include "view/vector/graph.hpp"
#include "view/vector/lists.hpp"
#include "view/vector/nearest.hpp"
#include "view/vector/vector_random.hpp"

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;
using view::FloatRows;

constexpr std::size_t k = 10;
constexpr std::size_t dimension = 128;
constexpr std::size_t vectors_usual = 10'000;
constexpr std::size_t vectors_soak = 100'000;
constexpr std::size_t queries_measured = 500;
constexpr std::size_t vectors_in_cluster = 500;
constexpr std::uint64_t seed = 20'160'330;

view::RowShape shape_of(ElementType type) { return {Metric::l2, type, dimension}; }

std::size_t again_of(std::size_t effort) { return std::min(effort, std::max<std::size_t>(2 * k, 32)); }

/// The walk on rows of 8 bits, the best ranked again by the vectors themselves; or on the vectors at once.
class StrataGraph final : public VectorIndexer {
 public:
  StrataGraph(std::string name, ElementType type) : name_(std::move(name)), type_(type) {}
  std::string name() const override { return name_; }

  void build(const FloatRows& vectors) override {
    exact_.emplace(shape_of(ElementType::f32), vectors);
    if (type_ != ElementType::f32) walked_.emplace(shape_of(type_), vectors);
    bytes_ = view::build_graph(walked().rows(), {}).value();
    graph_.emplace(walked().rows(), bytes_);
  }

  void search(const std::vector<float>& query, std::size_t wanted, std::size_t effort,
              std::vector<std::uint32_t>& out) override {
    target_.assign(query);
    graph_->search(target_, walked_ ? again_of(effort) : wanted, effort, nullptr, found_);
    if (walked_) {
      exact_target_.assign(query);
      view::rank_again(exact_->rows(), exact_target_, wanted, found_);
    }
    out.clear();
    for (const view::Neighbor& neighbor : found_) out.push_back(neighbor.row);
  }

  double bytes_per_vector() const override {
    const double graph = static_cast<double>(bytes_.size()) / static_cast<double>(exact_->rows().count());
    return graph + static_cast<double>(exact_->rows().stride() + (walked_ ? walked_->rows().stride() : 0));
  }

 private:
  const view::RowStore& walked() const { return walked_ ? *walked_ : *exact_; }

  std::string name_;
  ElementType type_;
  std::optional<view::RowStore> exact_;
  std::optional<view::RowStore> walked_;
  std::vector<std::byte> bytes_;
  std::optional<view::Graph> graph_;
  view::Target target_{shape_of(type_)};
  view::Target exact_target_{shape_of(ElementType::f32)};
  std::vector<view::Neighbor> found_;
};

class StrataLists final : public VectorIndexer {
 public:
  std::string name() const override { return "strata ivf"; }

  void build(const FloatRows& vectors) override {
    exact_.emplace(shape_of(ElementType::f32), vectors);
    codes_.emplace(shape_of(ElementType::i8), vectors);
    bytes_ = view::build_lists(codes_->rows(), {}).value();
    lists_.emplace(codes_->rows(), bytes_);
  }

  void search(const std::vector<float>& query, std::size_t wanted, std::size_t effort,
              std::vector<std::uint32_t>& out) override {
    target_.assign(query);
    exact_target_.assign(query);
    lists_->search(target_, again_of(effort), effort, nullptr, found_);
    view::rank_again(exact_->rows(), exact_target_, wanted, found_);
    out.clear();
    for (const view::Neighbor& neighbor : found_) out.push_back(neighbor.row);
  }

  double bytes_per_vector() const override {
    return static_cast<double>(bytes_.size()) / static_cast<double>(exact_->rows().count()) +
           static_cast<double>(exact_->rows().stride() + codes_->rows().stride());
  }

  std::vector<std::size_t> efforts() const override {
    std::vector<std::size_t> all;
    for (std::size_t effort = 100; effort < 2 * exact_->rows().count(); effort += effort / 2) all.push_back(effort);
    return all;
  }

 private:
  std::optional<view::RowStore> exact_;
  std::optional<view::RowStore> codes_;
  std::vector<std::byte> bytes_;
  std::optional<view::Lists> lists_;
  view::Target target_{shape_of(ElementType::i8)};
  view::Target exact_target_{shape_of(ElementType::f32)};
  std::vector<view::Neighbor> found_;
};

struct Questions {
  FloatRows queries;
  std::vector<std::vector<std::uint32_t>> answers;  ///< Exact; ascending.
};

Questions make_questions(const FloatRows& vectors, FloatRows queries) {
  const view::RowStore store(shape_of(ElementType::f32), vectors);
  Questions questions{.queries = std::move(queries), .answers = {}};
  for (const std::vector<float>& query : questions.queries) {
    std::vector<std::uint32_t> rows;
    for (const auto& found : view::find_nearest(store.rows(), {store.rows().shape(), query}, {.k = k})) {
      rows.push_back(found.row);
    }
    std::sort(rows.begin(), rows.end());
    questions.answers.push_back(std::move(rows));
  }
  return questions;
}

double recall_of(VectorIndexer& index, const Questions& questions, std::size_t effort) {
  std::size_t found = 0;
  std::vector<std::uint32_t> out;
  for (std::size_t number = 0; number < questions.queries.size(); ++number) {
    index.search(questions.queries[number], k, effort, out);
    const auto& answer = questions.answers[number];
    for (const std::uint32_t row : out) found += std::binary_search(answer.begin(), answer.end(), row) ? 1 : 0;
  }
  return static_cast<double>(found) / static_cast<double>(k * questions.queries.size());
}

Run time_queries(const FloatRows& queries, double seconds, const std::function<void(const std::vector<float>&)>& ask) {
  Run run;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(seconds);
  do {
    for (const std::vector<float>& query : queries) {
      const auto begin = Clock::now();
      ask(query);
      run.times.add(Clock::now() - begin);
    }
    run.operations += queries.size();
  } while (Clock::now() < end);
  run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return run;
}

struct Reached {
  double wanted = 0;
  Run run;
};

/// The least effort that reaches each recall, and its speed.
std::vector<Reached> measure(Setting& setting, VectorIndexer& index, const Questions& questions,
                             const std::vector<Reached>& rival) {
  std::vector<Reached> reached;
  const std::vector<std::size_t> efforts = index.efforts();
  auto effort = efforts.begin();
  for (const double wanted : {0.90, 0.95, 0.99}) {
    double recall = 0;
    while (effort != efforts.end() && (recall = recall_of(index, questions, *effort)) < wanted) ++effort;
    if (effort == efforts.end()) break;
    std::vector<std::uint32_t> out;
    reached.push_back({wanted, time_queries(questions.queries, setting.seconds, [&](const std::vector<float>& query) {
                         index.search(query, k, *effort, out);
                       })});
    Line line{.work = "10 nearest, recall " + decimal(wanted, 2),
              .who = index.name(),
              .run = reached.back().run,
              .figure = {},
              .ratios = {},
              .note = "effort " + std::to_string(*effort) + ", recall " + decimal(recall, 3)};
    if (reached.size() <= rival.size()) {
      const double ratio = reached.back().run.rate() / rival[reached.size() - 1].run.rate();
      line.ratios = {{"hnswlib", ratio}};
      if (wanted == 0.95 && index.name() == "strata hnsw i8") {
        setting.report.bar({"10 nearest at recall 0.95, hnsw beside hnswlib", times(1), times(ratio), ratio >= 1});
      }
    }
    setting.report.add(line);
  }
  return reached;
}

void measure_exact(Setting& setting, const FloatRows& vectors, const FloatRows& queries) {
  for (const ElementType type : {ElementType::f32, ElementType::i8}) {
    const view::RowStore store(shape_of(type), vectors);
    const Run run = time_queries(queries, setting.seconds, [&](const std::vector<float>& query) {
      const auto found = view::find_nearest(store.rows(), {store.rows().shape(), query}, {.k = k});
      if (found.size() != k) throw std::runtime_error("vectors are missing");
    });
    setting.report.add({.work = "10 nearest, every vector compared",
                        .who = type == ElementType::f32 ? "strata flat f32" : "strata flat i8",
                        .run = run,
                        .figure = {},
                        .ratios = {},
                        .note = {}});
  }
}

std::vector<std::unique_ptr<VectorIndexer>> contestants() {
  std::vector<std::unique_ptr<VectorIndexer>> all;
#ifdef STRATA_BENCH_HNSWLIB
  all.push_back(make_hnswlib());
#endif
#ifdef STRATA_BENCH_FAISS
  all.push_back(make_faiss());
#endif
#ifdef STRATA_BENCH_USEARCH
  all.push_back(make_usearch());
#endif
  all.push_back(std::make_unique<StrataGraph>("strata hnsw i8", ElementType::i8));
  all.push_back(std::make_unique<StrataGraph>("strata hnsw f32", ElementType::f32));
  all.push_back(std::make_unique<StrataLists>());
  return all;
}

}  // namespace

void bench_vectors(Setting& setting) {
  const std::size_t count = setting.soak ? vectors_soak : vectors_usual;
  const std::size_t clusters = count / vectors_in_cluster;
  setting.report.section("Nearest vectors: " + grouped(static_cast<double>(count)) + " x " + std::to_string(dimension) +
                         " in " + std::to_string(clusters) + " clusters, one thread, kernels " +
                         std::string(view::kernel_name()));
  view::RandomSource random(seed);
  const FloatRows centres = view::random_vectors(random, clusters, dimension);
  const FloatRows vectors = view::clustered_vectors(random, count, centres, 1);
  const Questions questions = make_questions(vectors, view::clustered_vectors(random, queries_measured, centres, 1));
  measure_exact(setting, vectors, questions.queries);
  std::vector<Reached> rival;
  for (const auto& index : contestants()) {
    const auto begin = Clock::now();
    index->build(vectors);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    setting.report.add({.work = "build",
                        .who = index->name(),
                        .run = std::nullopt,
                        .figure = decimal(seconds, 2) + " s",
                        .ratios = {},
                        .note = decimal(index->bytes_per_vector(), 0) + " bytes/vector" +
                                (index->note().empty() ? "" : "; " + index->note())});
    auto reached = measure(setting, *index, questions, rival);
    if (index->name() == "hnswlib") rival = std::move(reached);
  }
}

}  // namespace strata::bench
