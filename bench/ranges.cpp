// A temporal range of 100 records out of ever larger stores: its cost must grow with the answer, not with the store.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <random>
#include <stdexcept>

#include "bench/setting.hpp"
#include "strata/store.hpp"

#ifdef STRATA_BENCH_SQLITE
#include "bench/sqlite_database.hpp"
#endif

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// Records of one commit share their time, so a commit of that many is a range with that answer.
constexpr std::size_t answer_records = 100;
constexpr double growth_bar = 2;

class Grown {
 public:
  virtual ~Grown() = default;
  /// Up to so many records, answer_records at a time.
  virtual void grow(std::uint64_t records) = 0;
  /// Asks for all records of one moment; the rows visited for that.
  virtual std::uint64_t ask(std::uint64_t number) = 0;
};

class GrownStore : public Grown {
 public:
  explicit GrownStore(const std::string& url) : store_(Store::open(url, {.durability = Durability::relaxed})) {
    store_.collection("notes").create_index({.fields = {{"updated"}}});
  }
  void grow(std::uint64_t records) override {
    std::vector<Row> rows(answer_records);
    while (times_.size() * answer_records < records) {
      source_.fill(rows);
      CommitResult result;
      const auto put_all = [&](Transaction& transaction) {
        Collection collection = transaction.collection("notes");
        for (const Row& row : rows) collection.put(row.key, ValueView(row.value));
      };
      store_.transact(put_all, {}, &result);
      times_.push_back(result.time);
    }
  }
  std::uint64_t ask(std::uint64_t number) override {
    const Time since = times_[number % times_.size()];
    Query query;
    query.since = since;
    query.until = since + std::chrono::microseconds(1);
    const QueryResult result = store_.collection("notes").find(query);
    if (result.records.size() != answer_records) throw std::runtime_error("a range has not the records it should");
    return result.plan.rows_visited;
  }

 private:
  Store store_;
  RowSource source_{KeyOrder::ordered, 1};
  std::vector<Time> times_;
};

#ifdef STRATA_BENCH_SQLITE
class GrownTable : public Grown {
 public:
  explicit GrownTable(const std::string& directory) : database_(make(directory)) {
    database_.run(
        "PRAGMA synchronous = OFF; CREATE TABLE records (key TEXT PRIMARY KEY, value BLOB, updated INTEGER);"
        "CREATE INDEX by_updated ON records (updated)");
    insert_ = database_.prepare("INSERT INTO records (key, value, updated) VALUES (?, ?, ?)");
    select_ = database_.prepare("SELECT key, value FROM records WHERE updated >= ? AND updated < ? ORDER BY key");
  }
  void grow(std::uint64_t records) override {
    std::vector<Row> rows(answer_records);
    for (; moments_ * answer_records < records; ++moments_) {
      source_.fill(rows);
      database_.run("BEGIN");
      for (const Row& row : rows) {
        insert_.bind_text(1, row.key);
        insert_.bind_blob(2, row.value);
        insert_.bind(3, static_cast<std::int64_t>(moments_));
        insert_.run();
      }
      database_.run("COMMIT");
    }
  }
  std::uint64_t ask(std::uint64_t number) override {
    const auto since = static_cast<std::int64_t>(number % moments_);
    select_.bind(1, since);
    select_.bind(2, since + 1);
    std::vector<std::pair<std::string, std::string>> rows;
    while (select_.step()) rows.emplace_back(select_.column(0), select_.column(1));
    select_.reset();
    if (rows.size() != answer_records) throw std::runtime_error("a range has not the rows it should");
    return rows.size();
  }

 private:
  static std::string make(const std::string& directory) {
    std::filesystem::create_directories(directory);
    return directory + "/records.sqlite";
  }
  SqliteDatabase database_;
  SqliteStatement insert_;
  SqliteStatement select_;
  RowSource source_{KeyOrder::ordered, 1};
  std::uint64_t moments_ = 0;
};
#endif

struct Answered {
  Run run;
  std::uint64_t rows_visited = 0;
};

Answered ask_for(Grown& grown, double seconds) {
  std::mt19937_64 random(1);
  Answered answered;
  constexpr int warming = 50;
  for (int time = 0; time < warming; ++time) grown.ask(random());
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(seconds);
  do {
    const auto begin = Clock::now();
    answered.rows_visited = std::max(answered.rows_visited, grown.ask(random()));
    answered.run.times.add(Clock::now() - begin);
  } while (Clock::now() < end);
  answered.run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  answered.run.operations = answered.run.times.count();
  return answered;
}

std::unique_ptr<Grown> open_grown(Setting& setting, const std::string& name) {
  std::string directory = "ranges-" + name;
  std::replace(directory.begin(), directory.end(), ' ', '-');
  const std::string path = setting.place(directory);
#ifdef STRATA_BENCH_SQLITE
  if (!is_strata(name)) return std::make_unique<GrownTable>(path);
#endif
  return std::make_unique<GrownStore>(store_url({name, path}));
}

void measure(Setting& setting, const std::string& name, const std::vector<std::uint64_t>& sizes) {
  const std::unique_ptr<Grown> grown = open_grown(setting, name);
  double smallest = 0;
  for (const std::uint64_t size : sizes) {
    grown->grow(size);
    const Answered answered = ask_for(*grown, setting.seconds / 2);
    const auto p50 = static_cast<double>(answered.run.times.percentile(50).count());
    if (smallest == 0) smallest = p50;
    setting.report.add({.work = "100 out of " + grouped(static_cast<double>(size)),
                        .who = name,
                        .run = answered.run,
                        .figure = {},
                        .ratios = {{"the time out of " + grouped(static_cast<double>(sizes[0])), p50 / smallest}},
                        .note = is_strata(name) ? std::to_string(answered.rows_visited) + " rows visited" : ""});
    if (!is_strata(name) || size != sizes.back()) continue;
    const std::string out_of = grouped(static_cast<double>(size));
    setting.report.bar({"range of 100 out of " + out_of + ", " + name.substr(7) + ": rows visited", "<= 101",
                        std::to_string(answered.rows_visited), answered.rows_visited <= answer_records + 1});
    setting.report.bar({"range of 100 out of " + out_of + ", " + name.substr(7) + ": time beside out of 1,000",
                        "<= " + times(growth_bar), times(p50 / smallest), p50 / smallest <= growth_bar});
  }
}

}  // namespace

void bench_ranges(Setting& setting) {
  setting.report.section("Temporal range: the 100 records of a moment, by the index on `updated`, in a growing store");
  std::vector<std::uint64_t> sizes{1'000, 10'000, 100'000};
  if (setting.soak) sizes.push_back(1'000'000);
  for (const std::string& engine : strata_engines()) measure(setting, "strata " + engine, sizes);
#ifdef STRATA_BENCH_SQLITE
  measure(setting, "sqlite", sizes);
#endif
}

}  // namespace strata::bench
