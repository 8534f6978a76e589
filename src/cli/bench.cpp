// bench: what commits and reads take on this machine's disk, in a scratch store beside the person's own.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <mutex>
#include <random>
#include <thread>

#include "cli/command_tree.hpp"
#include "cli/measurement.hpp"
#include "cli/text.hpp"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t batch_records = 100;

/// A directory of its own, removed at the end.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(const fs::path& parent) {
    std::random_device random;
    path_ = parent / (".strata-bench-" + std::to_string(random()) + std::to_string(random()));
    fs::create_directories(parent);
    fs::create_directory(path_);
    fs::permissions(path_, fs::perms::owner_all);
  }
  ~ScratchDirectory() {
    std::error_code ignored;  // the person finds it by its name, if it cannot be removed
    fs::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct Place {
  std::string scheme;  ///< `lmdb`
  fs::path parent;     ///< The directory that the store lies in, or would.
};

/// The engine and the disk that the person's own store is on.
Place place_of(const std::string& location, const std::string& engine) {
  const std::vector<std::string> known_engines = built_in_engines();
  if (!engine.empty() && std::find(known_engines.begin(), known_engines.end(), engine) == known_engines.end()) {
    throw UsageError("bench: --engine: " + engine + " is not one of " + join(known_engines, ", "));
  }
  std::string scheme;
  std::string path = location.substr(0, location.find('?'));
  for (const std::string& known : known_engines) {
    if (!path.starts_with(known + ":")) continue;
    scheme = known;
    path = path.substr(known.size() + 1);
  }
  if (path.find("://") != std::string::npos) {
    throw Error(ErrorCode::unsupported, "bench measures stores on this machine's disks, not " + location);
  }
  if (!engine.empty()) scheme = engine;
  if (scheme.empty()) scheme = "lmdb";
  fs::path absolute = path.empty() ? fs::current_path() / "x" : fs::absolute(path).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();
  return {scheme, absolute.parent_path()};
}

/// About 200 bytes of JSON, different each time.
Value sample(std::mt19937_64& random) {
  std::string text(120, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  return Value::object(
      {{"kind", Value("note")}, {"number", Value(random() % 1'000'000)}, {"score", Value(0.5)}, {"text", Value(text)}});
}

struct Result {
  std::string work;
  Measurement times;
  double seconds = 0;
  std::uint64_t things = 0;  ///< Records, or syncs.
  double commits_per_sync = 0;
};

class Bench {
 public:
  Bench(Session& session, double seconds) : session_(session), seconds_(seconds), bar_(session.progress_bar()) {}

  void run(const Place& place) {
    const ScratchDirectory scratch(place.parent);
    measure_syncs(scratch.path().string());
    OpenOptions options;
    options.origin = "strata bench";
    const std::string url =
        place.scheme == "memory" ? "memory:" : place.scheme + ":" + (scratch.path() / "store").string();
    Store store = Store::open(url, options);
    measure_commits(store, "commit of one record, 1 thread", 1, 1);
    measure_commits(store, "commit of one record, 4 threads", 4, 1);
    measure_commits(store, "commit of 100 records", 1, batch_records);
    measure_reads(store);
    store.close();
    bar_->finish();
    print();
  }

 private:
  void proceed(const std::string& work) {
    ++step_;
    if (!bar_->advance(work, step_, 5))
      throw Interrupted("interrupted: nothing was measured, and the scratch store is gone");
  }

  void measure_syncs(const std::string& directory) {
    proceed("sync");
    Result result{"write of 4 KiB and fdatasync", {}, 0, 0, 0};
    const auto start = Clock::now();
    while (elapsed(start) < seconds_) result.times.add(time_syncs(directory, 20));
    result.seconds = elapsed(start);
    result.things = result.times.count();
    results_.push_back(std::move(result));
  }

  void measure_commits(Store& store, const std::string& work, unsigned threads, std::size_t records) {
    proceed(work);
    Result result{work, {}, 0, 0, 0};
    std::mutex mutex;
    std::exception_ptr failure;
    const StoreStatistics before = store.statistics();
    const auto start = Clock::now();
    std::vector<std::thread> writers;
    for (unsigned number = 0; number < threads; ++number) {
      writers.emplace_back([&, number] {
        Measurement times;
        try {
          write_until(store, start, number, records, times);
        } catch (const Error&) {
          const std::lock_guard lock(mutex);
          failure = std::current_exception();
        }
        const std::lock_guard lock(mutex);
        result.times.add(times.all());
      });
    }
    for (std::thread& writer : writers) writer.join();
    if (failure) std::rethrow_exception(failure);
    result.seconds = elapsed(start);
    result.things = result.times.count() * records;
    const StoreStatistics after = store.statistics();
    if (after.syncs > before.syncs) {
      result.commits_per_sync =
          static_cast<double>(after.commits - before.commits) / static_cast<double>(after.syncs - before.syncs);
    }
    results_.push_back(std::move(result));
  }

  void write_until(Store& store, Clock::time_point start, unsigned number, std::size_t records, Measurement& times) {
    std::mt19937_64 random(step_ * 1000 + number);
    while (elapsed(start) < seconds_) {
      std::vector<Value> values;
      for (std::size_t i = 0; i < records; ++i) values.push_back(sample(random));
      const auto begin = Clock::now();
      store.transact([&](Transaction& transaction) {
        Collection collection = transaction.collection("bench");
        for (const Value& value : values) collection.add(value);
      });
      times.add(Clock::now() - begin);
    }
  }

  void measure_reads(Store& store) {
    proceed("read");
    constexpr std::size_t keys_most = 10'000;
    Collection collection = store.collection("bench");
    std::vector<std::string> keys;
    Query query;
    query.limit = keys_most;
    collection.scan(query, [&](const Record& record) {
      keys.push_back(record.key);
      return keys.size() < keys_most;
    });
    if (keys.empty()) throw Error(ErrorCode::internal, "the commits left no records to read");
    Result result{"read of one record by key", {}, 0, 0, 0};
    std::mt19937_64 random(1);
    const auto start = Clock::now();
    while (elapsed(start) < seconds_) {
      const std::string& key = keys[random() % keys.size()];
      const auto begin = Clock::now();
      if (!collection.get(key)) throw Error(ErrorCode::internal, "record " + key + " of the scratch store is gone");
      result.times.add(Clock::now() - begin);
    }
    result.seconds = elapsed(start);
    result.things = result.times.count();
    results_.push_back(std::move(result));
  }

  void print() {
    const auto rows = make_row_writer(session_.display());
    for (const Result& result : results_) {
      const auto rate = static_cast<std::uint64_t>(static_cast<double>(result.things) / result.seconds);
      const auto p50 = result.times.percentile(50);
      const auto p99 = result.times.percentile(99);
      const bool grouped = result.commits_per_sync > 0;
      const double ratio = std::round(result.commits_per_sync * 100) / 100;
      rows->write({{"work", Value(result.work)},
                   {"p50_us", Value(static_cast<double>(p50.count()) / 1000), human_duration(p50)},
                   {"p99_us", Value(static_cast<double>(p99.count()) / 1000), human_duration(p99)},
                   {"per_second", Value(rate), human_count(rate)},
                   {"commits_per_sync", grouped ? Value(ratio) : Value(nullptr), grouped ? "" : "-"}});
    }
    rows->finish();
  }

  static double elapsed(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

  Session& session_;
  double seconds_;
  std::unique_ptr<ProgressBar> bar_;
  std::uint64_t step_ = 0;
  std::vector<Result> results_;
};

}  // namespace

void add_bench_command(CommandTree& tree) {
  CLI::App& command =
      tree.add({"bench", "",
                "Measure commits and reads on the disk where the store lies, in a scratch store beside it. "
                "The store itself is not touched",
                "strata bench --engine sqlite", "Operation"});
  struct Arguments {
    double seconds = 1;
    std::string engine;
  };
  auto arguments = std::make_shared<Arguments>();
  command.add_option("--seconds", arguments->seconds, "For each kind of work (1)")
      ->type_name("N")
      ->check(CLI::Range(0.01, 600.0).description(""));
  command.add_option("--engine", arguments->engine, "Else the one in the store's URL, else lmdb")->type_name("NAME");
  tree.on_run(command, [arguments](Session& session) {
    Bench(session, arguments->seconds).run(place_of(session.location(), arguments->engine));
    return exit_done;
  });
}

}  // namespace strata::cli
