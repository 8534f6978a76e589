// Searching a store: vectors as records, with a filter, right after a put, right after opening; beside what embeds in
// the same way: sqlite-vec and LanceDB, each in a process of its own (`tools/setup --rivals`).
#include "strata/search.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "bench/process.hpp"
#include "bench/rival_program.hpp"
#include "bench/setting.hpp"
#include "strata/store.hpp"
#include "view/vector/vector_random.hpp"

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;
using view::FloatRows;

constexpr std::size_t k = 10;
constexpr std::size_t dimension = 384;
constexpr std::size_t vectors_usual = 10'000;
constexpr std::size_t vectors_soak = 100'000;
constexpr std::size_t vectors_in_cluster = 100;
constexpr std::size_t queries_asked = 200;
constexpr std::size_t inserts = 100;
constexpr std::size_t groups = 100;  ///< Records are spread over them evenly.
constexpr std::uint64_t seed = 20'260'101;

/// What is asked: all of the records, or those in the first so many groups.
struct Task {
  std::string name;
  std::size_t groups;
};
const std::array<Task, 3> tasks{{{"all", groups}, {"10 % match", groups / 10}, {"1 % match", 1}}};

struct Data {
  FloatRows vectors;  ///< The group of a vector is its number modulo `groups`.
  FloatRows queries;
  /// For each task, for each query: the numbers of the k nearest, ascending.
  std::vector<std::vector<std::vector<std::uint32_t>>> answers;
};

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

std::vector<std::uint32_t> nearest(const FloatRows& vectors, const std::vector<float>& query, std::size_t of_groups) {
  std::vector<std::pair<double, std::uint32_t>> all;
  for (std::uint32_t number = 0; number < vectors.size(); ++number) {
    if (number % groups < of_groups) all.emplace_back(distance(vectors[number], query), number);
  }
  std::partial_sort(all.begin(), all.begin() + k, all.end());
  std::vector<std::uint32_t> best;
  for (std::size_t i = 0; i < k; ++i) best.push_back(all[i].second);
  std::sort(best.begin(), best.end());
  return best;
}

Data make_data(std::size_t count) {
  view::RandomSource random(seed);
  const FloatRows centres = view::random_vectors(random, count / vectors_in_cluster, dimension);
  Data data;
  data.vectors = view::clustered_vectors(random, count, centres, 1);
  data.queries = view::clustered_vectors(random, queries_asked, centres, 1);
  for (const Task& task : tasks) {
    auto& answers = data.answers.emplace_back();
    for (const auto& query : data.queries) answers.push_back(nearest(data.vectors, query, task.groups));
  }
  return data;
}

std::string key_of(std::size_t number) {
  std::string digits = std::to_string(number);
  return std::string(9 - digits.size(), '0') + digits;
}

Value record_of(const std::vector<float>& vector, std::size_t number) {
  std::vector<Value> elements;
  for (const float element : vector) elements.emplace_back(static_cast<double>(element));
  return Value::object({{"group", number % groups}, {"embedding", Value::array(elements)}});
}

/// One store, searched.
class Searched {
 public:
  Searched(Setting& setting, const Data& data, std::string engine, VectorIndex index)
      : setting_(setting), data_(data), name_("strata " + engine + " " + std::string(to_string(index))) {
    url_ = engine + ":" + setting.place("search-" + engine + "-" + std::string(to_string(index)));
    fill(index);
  }

  void run() {
    {
      Store store = Store::open(url_);
      const Collection vectors = store.collection("vectors");
      for (std::size_t task = 0; task < tasks.size(); ++task) ask(vectors, task);
      insert(store);
    }
    open();
  }

 private:
  void fill(VectorIndex index) {
    constexpr std::size_t per_commit = 1'000;
    const auto begin = Clock::now();
    Store store = Store::open(url_);
    Collection vectors = store.collection("vectors");
    vectors.create_index({.name = "group", .fields = {{"group"}}});
    vectors.create_vector({.field = "embedding", .dimension = dimension, .metric = Metric::l2, .index = index});
    for (std::size_t from = 0; from < data_.vectors.size(); from += per_commit) {
      store.transact([&](Transaction& transaction) {
        Collection inside = transaction.collection("vectors");
        for (std::size_t number = from; number < std::min(from + per_commit, data_.vectors.size()); ++number)
          inside.put(key_of(number), record_of(data_.vectors[number], number));
      });
    }
    vectors.build_search();
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    setting_.report.add({.work = "put and index all",
                         .who = name_,
                         .run = std::nullopt,
                         .figure = decimal(seconds, 2) + " s",
                         .ratios = {},
                         .note = {}});
  }

  /// No two questions are the same, so that none is answered by an answer that was kept.
  static Search search_for(std::vector<float> query, std::size_t time) {
    constexpr float least = 1e-5F;
    query[0] += least * static_cast<float>(time);
    Search search;
    search.near = {{.vector = std::move(query)}};
    search.limit = k;
    search.fields = {"group"};
    return search;
  }

  void ask(const Collection& vectors, std::size_t task) {
    Run run;
    std::size_t found = 0;
    std::size_t asked = 0;
    const auto start = Clock::now();
    const auto end = start + std::chrono::duration<double>(setting_.seconds);
    for (std::size_t time = 0; time == 0 || Clock::now() < end; ++time) {
      for (std::size_t number = 0; number < data_.queries.size(); ++number) {
        Search search = search_for(data_.queries[number], time);
        if (tasks[task].groups < groups) search.where = "group < " + std::to_string(tasks[task].groups);
        const auto begin = Clock::now();
        const SearchResult result = vectors.search(search);
        run.times.add(Clock::now() - begin);
        ++asked;
        const auto& answer = data_.answers[task][number];
        for (const Hit& hit : result.hits)
          found += std::binary_search(answer.begin(), answer.end(), std::stoul(hit.record.key)) ? 1 : 0;
      }
    }
    run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    run.operations = asked;
    const double recall = static_cast<double>(found) / static_cast<double>(k * asked);
    const auto p99 = run.times.percentile(99);
    setting_.report.add({.work = "10 nearest, " + tasks[task].name,
                         .who = name_,
                         .run = std::move(run),
                         .figure = {},
                         .ratios = {},
                         .note = "recall " + decimal(recall, 3)});
    if (tasks[task].groups == groups && data_.vectors.size() == vectors_usual && name_ == "strata lmdb flat") {
      setting_.report.bar({"10 nearest of 10,000 x 384, exact, p99", "< 5 ms", milliseconds_or_less(p99),
                           p99 < std::chrono::milliseconds(5)});
    }
  }

  /// From the beginning of a durable put until a search has found it.
  void insert(Store& store) {
    view::RandomSource random(seed + 1);
    Collection vectors = store.collection("vectors");
    Run run;
    for (std::size_t number = 0; number < inserts; ++number) {
      const std::vector<float> vector = view::random_vector(random, dimension);
      const std::string key = "new" + std::to_string(number);
      const auto begin = Clock::now();
      vectors.put(key, record_of(vector, number));
      const SearchResult result = vectors.search(search_for(vector, 0));
      run.times.add(Clock::now() - begin);
      if (result.hits.empty() || result.hits[0].record.key != key)
        throw std::runtime_error("what was put is not found");
    }
    run.operations = inserts;
    for (const auto time : run.times.all()) run.seconds += std::chrono::duration<double>(time).count();
    setting_.report.add({.work = "put one, until a search finds it",
                         .who = name_,
                         .run = std::move(run),
                         .figure = {},
                         .ratios = {},
                         .note = {}});
  }

  void open() {
    Run run;
    constexpr int times = 5;
    for (int time = 0; time < times; ++time) {
      const auto begin = Clock::now();
      Store store = Store::open(url_);
      static_cast<void>(store.collection("vectors").search(search_for(data_.queries[0], 0)));
      run.times.add(Clock::now() - begin);
    }
    setting_.report.add({.work = "open, until the first answer",
                         .who = name_,
                         .run = std::nullopt,
                         .figure = milliseconds_or_less(run.times.percentile(50)),
                         .ratios = {},
                         .note = {}});
  }

  Setting& setting_;
  const Data& data_;
  std::string name_;
  std::string url_;
};

void write_floats(const std::string& path, const FloatRows& rows) {
  std::ofstream file(path, std::ios::binary);
  for (const auto& row : rows)
    file.write(reinterpret_cast<const char*>(row.data()), static_cast<std::streamsize>(row.size() * sizeof(float)));
}

/// A program that does the same with another store, and says what it measured.
void run_rival(Setting& setting, const std::string& name, std::vector<std::string> command, const std::string& place) {
  for (const std::string& argument : {place, std::to_string(dimension), decimal(setting.seconds, 1)})
    command.push_back(argument);
  Program program({.arguments = std::move(command), .user = {}, .output_file = {}});
  for (std::string text = program.receive(); text != "end"; text = program.receive())
    setting.report.add(line_of(name, text).line);
}

void run_rivals(Setting& setting, const Data& data) {
  namespace fs = std::filesystem;
  const std::string place = setting.place("search-rivals");
  fs::create_directories(place);
  write_floats(place + "/vectors.f32", data.vectors);
  write_floats(place + "/queries.f32", data.queries);
  std::ofstream answers(place + "/answers.txt");
  for (std::size_t task = 0; task < tasks.size(); ++task) {
    answers << tasks[task].groups << '\n';
    for (const auto& answer : data.answers[task]) {
      for (const std::uint32_t number : answer) answers << number << ' ';
      answers << '\n';
    }
  }
  answers.close();
#ifdef STRATA_BENCH_SQLITE_VEC
  run_rival(setting, "sqlite-vec", {STRATA_BENCH_SQLITE_VEC, STRATA_BENCH_RIVALS "/sqlite-vec/vec0.so"}, place);
#endif
  const std::string lancedb = STRATA_BENCH_RIVALS "/lancedb";
  if (fs::exists(lancedb + "/node_modules/@lancedb/lancedb"))
    run_rival(setting, "lancedb", {"/usr/bin/env", "node", STRATA_BENCH_SOURCE "/lancedb_rival.mjs", lancedb}, place);
}

}  // namespace

void bench_search(Setting& setting) {
  const std::size_t count = setting.soak ? vectors_soak : vectors_usual;
  setting.report.section("Searching a store of " + grouped(static_cast<double>(count)) + " x " +
                         std::to_string(dimension) + " vectors, one thread");
  const Data data = make_data(count);
  for (const VectorIndex index : {VectorIndex::flat, VectorIndex::hnsw, VectorIndex::ivf}) {
    Searched searched(setting, data, "lmdb", index);
    searched.run();
  }
  run_rivals(setting, data);
}

}  // namespace strata::bench
