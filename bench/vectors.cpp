// Nearest vectors: how long an index takes to build, how many queries a second one thread and all cores answer at a
// recall of 0.90, 0.95 and 0.99 of the ten nearest, and how large the index is. Clustered synthetic vectors and real
// ones, squared distance. The index alone; section `search` measures it in a store.
#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <functional>
#include <future>
#include <optional>
#include <stdexcept>

#include "bench/plot.hpp"
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
constexpr std::size_t dimension_made = 128;
constexpr std::size_t vectors_usual = 10'000;
constexpr std::size_t vectors_soak = 100'000;
constexpr std::size_t queries_measured = 500;
constexpr std::size_t vectors_in_cluster = 500;
constexpr std::uint64_t seed = 20'160'330;

view::RowShape shape_of(ElementType type, std::size_t dimension) { return {Metric::l2, type, dimension}; }

std::size_t again_of(std::size_t effort) { return std::min(effort, std::max<std::size_t>(2 * k, 32)); }

/// Finds by what is short, ranks again by the vectors themselves.
class StrataGraphSearcher final : public VectorSearcher {
 public:
  /// `walked`: null where the graph is walked on the exact rows.
  StrataGraphSearcher(const view::Graph& graph, const view::RowStore& exact, const view::RowStore* walked,
                      std::size_t effort)
      : graph_(graph),
        exact_(exact),
        walked_(walked),
        effort_(effort),
        target_((walked ? *walked : exact).rows().shape()),
        exact_target_(exact.rows().shape()) {}

  void search(const std::vector<float>& query, std::size_t wanted, std::vector<std::uint32_t>& out) override {
    target_.assign(query);
    graph_.search(target_, walked_ ? again_of(effort_) : wanted, effort_, nullptr, found_);
    if (walked_) {
      exact_target_.assign(query);
      view::rank_again(exact_.rows(), exact_target_, wanted, found_);
    }
    out.clear();
    for (const view::Neighbor& neighbor : found_) out.push_back(neighbor.row);
  }

 private:
  const view::Graph& graph_;
  const view::RowStore& exact_;
  const view::RowStore* walked_;
  std::size_t effort_;
  view::Target target_;
  view::Target exact_target_;
  std::vector<view::Neighbor> found_;
};

class StrataGraph final : public VectorIndexer {
 public:
  StrataGraph(std::string name, ElementType type) : name_(std::move(name)), type_(type) {}
  std::string name() const override { return name_; }

  void build(const FloatRows& vectors) override {
    const std::size_t dimension = vectors.front().size();
    exact_.emplace(shape_of(ElementType::f32, dimension), vectors);
    if (type_ != ElementType::f32) walked_.emplace(shape_of(type_, dimension), vectors);
    bytes_ = view::build_graph((walked_ ? *walked_ : *exact_).rows(), {}).value();
    graph_.emplace((walked_ ? *walked_ : *exact_).rows(), bytes_);
  }

  std::unique_ptr<VectorSearcher> searcher(std::size_t effort, std::size_t) override {
    return std::make_unique<StrataGraphSearcher>(*graph_, *exact_, walked_ ? &*walked_ : nullptr, effort);
  }

  double bytes_per_vector() const override {
    const double graph = static_cast<double>(bytes_.size()) / static_cast<double>(exact_->rows().count());
    return graph + static_cast<double>(exact_->rows().stride() + (walked_ ? walked_->rows().stride() : 0));
  }

 private:
  std::string name_;
  ElementType type_;
  std::optional<view::RowStore> exact_;
  std::optional<view::RowStore> walked_;
  std::vector<std::byte> bytes_;
  std::optional<view::Graph> graph_;
};

class StrataListsSearcher final : public VectorSearcher {
 public:
  StrataListsSearcher(const view::Lists& lists, const view::RowStore& exact, const view::RowStore& codes,
                      std::size_t effort)
      : lists_(lists),
        exact_(exact),
        effort_(effort),
        target_(codes.rows().shape()),
        exact_target_(exact.rows().shape()) {}

  void search(const std::vector<float>& query, std::size_t wanted, std::vector<std::uint32_t>& out) override {
    target_.assign(query);
    exact_target_.assign(query);
    lists_.search(target_, again_of(effort_), effort_, nullptr, found_);
    view::rank_again(exact_.rows(), exact_target_, wanted, found_);
    out.clear();
    for (const view::Neighbor& neighbor : found_) out.push_back(neighbor.row);
  }

 private:
  const view::Lists& lists_;
  const view::RowStore& exact_;
  std::size_t effort_;
  view::Target target_;
  view::Target exact_target_;
  std::vector<view::Neighbor> found_;
};

class StrataLists final : public VectorIndexer {
 public:
  std::string name() const override { return "strata ivf"; }

  void build(const FloatRows& vectors) override {
    const std::size_t dimension = vectors.front().size();
    exact_.emplace(shape_of(ElementType::f32, dimension), vectors);
    codes_.emplace(shape_of(ElementType::i8, dimension), vectors);
    bytes_ = view::build_lists(codes_->rows(), {}).value();
    lists_.emplace(codes_->rows(), bytes_);
  }

  std::unique_ptr<VectorSearcher> searcher(std::size_t effort, std::size_t) override {
    return std::make_unique<StrataListsSearcher>(*lists_, *exact_, *codes_, effort);
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
};

struct Questions {
  FloatRows queries;
  std::vector<std::vector<std::uint32_t>> answers;  ///< Exact; ascending.
};

Questions make_questions(const FloatRows& vectors, FloatRows queries) {
  const view::RowStore store(shape_of(ElementType::f32, vectors.front().size()), vectors);
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

double recall_of(VectorSearcher& searcher, const Questions& questions) {
  std::size_t found = 0;
  std::vector<std::uint32_t> out;
  for (std::size_t number = 0; number < questions.queries.size(); ++number) {
    searcher.search(questions.queries[number], k, out);
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

Run time_searcher(VectorSearcher& searcher, const FloatRows& queries, double seconds) {
  std::vector<std::uint32_t> out;
  return time_queries(queries, seconds, [&](const std::vector<float>& query) { searcher.search(query, k, out); });
}

Run time_all_cores(VectorIndexer& index, const FloatRows& queries, std::size_t effort, double seconds) {
  std::vector<std::future<Run>> threads;
  for (std::size_t thread = 0; thread < vector_threads(); ++thread) {
    threads.push_back(std::async(
        std::launch::async, [&, thread] { return time_searcher(*index.searcher(effort, thread), queries, seconds); }));
  }
  Run all = threads.front().get();
  for (std::size_t thread = 1; thread < threads.size(); ++thread) all.join(threads[thread].get());
  return all;
}

/// What a contestant reached, in the order of wanted_recalls: on one thread, on all cores.
struct Reached {
  std::vector<double> one;
  std::vector<double> all;
  Curve curve;
};

constexpr std::array<double, 3> wanted_recalls{0.90, 0.95, 0.99};

void tell(Setting& setting, const VectorIndexer& index, const std::string& work, const Run& run, double ratio,
          const std::string& note) {
  Line line{.work = work, .who = index.name(), .run = run, .figure = {}, .ratios = {}, .note = note};
  if (ratio > 0) line.ratios = {{"hnswlib", ratio}};
  setting.report.add(line);
}

/// The least effort that reaches each recall, and its speed.
Reached measure(Setting& setting, VectorIndexer& index, const Questions& questions, const Reached& rival, bool barred) {
  constexpr double sweep_share = 0.1;
  Reached reached{{}, {}, {index.name(), {}}};
  for (const std::size_t effort : index.efforts()) {
    const auto searcher = index.searcher(effort, 0);
    const double recall = recall_of(*searcher, questions);
    reached.curve.points.push_back(
        {recall, time_searcher(*searcher, questions.queries, setting.seconds * sweep_share).rate()});
    for (std::size_t next = reached.one.size(); next < wanted_recalls.size() && recall >= wanted_recalls[next];
         ++next) {
      const std::string work = "10 nearest, recall " + decimal(wanted_recalls[next], 2);
      const std::string note = "effort " + std::to_string(effort) + ", recall " + decimal(recall, 3);
      const Run one = time_searcher(*searcher, questions.queries, setting.seconds);
      const Run all = time_all_cores(index, questions.queries, effort, setting.seconds);
      reached.one.push_back(one.rate());
      reached.all.push_back(all.rate());
      const bool beside = next < rival.one.size();
      const double ratio = beside ? one.rate() / rival.one[next] : 0;
      tell(setting, index, work, one, ratio, note);
      tell(setting, index, work + ", " + std::to_string(vector_threads()) + " threads", all,
           beside ? all.rate() / rival.all[next] : 0, note);
      if (barred && beside && wanted_recalls[next] == 0.95 && index.name() == "strata hnsw i8")
        setting.report.bar({"10 nearest at recall 0.95, hnsw beside hnswlib", times(1), times(ratio), ratio >= 1});
    }
    if (recall >= 0.9999 && reached.one.size() == wanted_recalls.size()) break;
  }
  return reached;
}

void measure_exact(Setting& setting, const FloatRows& vectors, const FloatRows& queries) {
  for (const ElementType type : {ElementType::f32, ElementType::i8}) {
    const view::RowStore store(shape_of(type, vectors.front().size()), vectors);
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

struct Dataset {
  std::string name;
  std::string description;
  FloatRows vectors;
  FloatRows queries;
};

/// Sentence embeddings of a real handbook (MiniLM, 384 dimensions), every eighth of them a query: where `tools/setup
/// --rivals` has put them.
std::optional<Dataset> real_vectors() {
  constexpr std::size_t dimension = 384;
  constexpr std::size_t each = 8;
  std::ifstream file(STRATA_BENCH_RIVALS "/embeddings/embeddings.bin", std::ios::binary);
  if (!file) return std::nullopt;
  Dataset real{"real", "embeddings of a handbook", {}, {}};
  std::vector<float> vector(dimension);
  for (std::size_t number = 0; file.read(reinterpret_cast<char*>(vector.data()), dimension * sizeof(float)); ++number)
    (number % each == 0 ? real.queries : real.vectors).push_back(vector);
  if (real.queries.empty()) throw std::runtime_error("embeddings.bin is cut off: run tools/setup --rivals again");
  return real;
}

void measure_dataset(Setting& setting, const Dataset& data, bool barred) {
  setting.report.section("Nearest vectors: " + grouped(static_cast<double>(data.vectors.size())) + " x " +
                         std::to_string(data.vectors.front().size()) + " " + data.description + ", kernels " +
                         std::string(view::kernel_name()));
  const Questions questions = make_questions(data.vectors, data.queries);
  measure_exact(setting, data.vectors, questions.queries);
  Reached rival;
  std::vector<Curve> curves;
  for (const auto& index : contestants()) {
    const auto begin = Clock::now();
    index->build(data.vectors);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    setting.report.add({.work = "build",
                        .who = index->name(),
                        .run = std::nullopt,
                        .figure = decimal(seconds, 2) + " s",
                        .ratios = {},
                        .note = decimal(index->bytes_per_vector(), 0) + " bytes/vector" +
                                (index->note().empty() ? "" : "; " + index->note())});
    Reached reached = measure(setting, *index, questions, rival, barred);
    curves.push_back(reached.curve);
    if (index->name() == "hnswlib") rival = std::move(reached);
  }
  if (!setting.plots.empty()) {
    const std::string title = grouped(static_cast<double>(data.vectors.size())) + " x " +
                              std::to_string(data.vectors.front().size()) + " " + data.description + ", one thread";
    std::ofstream(setting.plots + "/vectors-" + data.name + ".svg") << recall_plot(title, curves);
  }
}

}  // namespace

void bench_vectors(Setting& setting) {
  const std::size_t count = setting.soak ? vectors_soak : vectors_usual;
  const std::size_t clusters = count / vectors_in_cluster;
  view::RandomSource random(seed);
  const FloatRows centres = view::random_vectors(random, clusters, dimension_made);
  Dataset made{"clustered", "in " + std::to_string(clusters) + " clusters", {}, {}};
  made.vectors = view::clustered_vectors(random, count, centres, 1);
  made.queries = view::clustered_vectors(random, queries_measured, centres, 1);
  measure_dataset(setting, made, true);
  if (auto real = real_vectors()) measure_dataset(setting, *real, false);
}

}  // namespace strata::bench
