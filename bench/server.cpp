// Strata on a PostgreSQL server beside a program that uses the server by itself: reads, scans, copies.
#include <chrono>
#include <filesystem>
#include <functional>
#include <stdexcept>

#include "bench/record_set.hpp"
#include "bench/rivals.hpp"
#include "bench/run_threads.hpp"
#include "bench/setting.hpp"
#include "strata/copy.hpp"
#include "strata/store.hpp"

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t records = 100'000;
constexpr std::size_t keys_read = 10'000;

using Read = std::function<std::size_t(const std::string& key)>;

Run read_for(const Read& read, std::uint64_t seed, double seconds) {
  std::vector<std::string> keys = shuffled_keys(records, seed);
  keys.resize(keys_read);
  Run run;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(seconds);
  std::size_t at = 0;
  do {
    const auto begin = Clock::now();
    if (read(keys[at]) != row_bytes) throw std::runtime_error("record " + keys[at] + " is not as it was");
    run.times.add(Clock::now() - begin);
    at = at + 1 < keys.size() ? at + 1 : 0;
  } while (Clock::now() < end);
  run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  run.operations = run.times.count();
  return run;
}

/// `begin` makes what one thread reads with.
Run read_in_threads(const std::function<Read()>& begin, std::size_t threads, double seconds) {
  std::vector<Read> readers;
  for (std::size_t number = 0; number < threads; ++number) readers.push_back(begin());
  return run_threads(threads, [&](std::size_t number) { return read_for(readers[number], number, seconds); });
}

void add(Setting& setting, const std::string& work, const std::string& who, const Run& run, const Run* beside) {
  Line line{.work = work, .who = who, .run = run, .figure = {}, .ratios = {}, .note = {}};
  if (beside != nullptr) line.ratios.emplace_back("postgres", run.rate() / beside->rate());
  setting.report.add(line);
}

void measure_reads(Setting& setting, const std::string& url, const std::string& rival) {
  setting.report.section("PostgreSQL: point reads, warm, 200 bytes (postgres: a prepared SELECT)");
  Store store = Store::open(url, {.create = false});
  const auto select = [&]() -> Read {
    return [reader = std::shared_ptr<ServerReader>(open_postgres_reader(rival))](const std::string& key) {
      return reader->get(key);
    };
  };
  const auto size_of = [](const std::optional<Record>& record) {
    return record ? record->value.encoded().size() : std::size_t{0};
  };
  const auto newest = [&]() -> Read {
    return [&](const std::string& key) { return size_of(store.collection("notes").get(key)); };
  };
  const auto from_snapshot = [&]() -> Read {
    return [&, snapshot = std::make_shared<Snapshot>(store.snapshot())](const std::string& key) {
      return size_of(snapshot->collection("notes").get(key));
    };
  };
  for (const std::size_t threads : {1, 4, 16}) {
    const std::string work = std::to_string(threads) + (threads == 1 ? " thread" : " threads");
    const Run beside = read_in_threads(select, threads, setting.seconds);
    add(setting, work, "postgres", beside, nullptr);
    add(setting, work + ", from a snapshot", "strata postgres",
        read_in_threads(from_snapshot, threads, setting.seconds), &beside);
    add(setting, work + ", the newest state", "strata postgres", read_in_threads(newest, threads, setting.seconds),
        &beside);
  }
}

Run repeat(double seconds, const std::function<std::uint64_t()>& work) {
  Run run;
  const auto start = Clock::now();
  do {
    const auto begin = Clock::now();
    const std::uint64_t rows = work();
    if (rows != records) throw std::runtime_error("a scan did not see all records");
    run.times.add(Clock::now() - begin);
    run.operations += rows;
  } while (Clock::now() < start + std::chrono::duration<double>(seconds));
  run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return run;
}

void measure_scans(Setting& setting, const std::string& url, const std::string& rival) {
  setting.report.section("PostgreSQL: scans in key order (postgres: one SELECT; p50 and p99 of a whole scan)");
  const std::unique_ptr<ServerReader> reader = open_postgres_reader(rival);
  const Run beside = repeat(setting.seconds, [&] { return reader->scan(); });
  const Store store = Store::open(url, {.create = false});
  const Run run = repeat(setting.seconds, [&] {
    std::uint64_t rows = 0;
    store.snapshot().collection("notes").scan({}, [&](const Record& record) {
      rows += record.value.encoded().size() == row_bytes ? 1 : 0;
      return true;
    });
    return rows;
  });
  const std::string work = grouped(static_cast<double>(records)) + " records";
  add(setting, work, "postgres", beside, nullptr);
  add(setting, work, "strata postgres", run, &beside);
}

void measure_copies(Setting& setting, const std::string& url) {
  setting.report.section("PostgreSQL: copies of the whole store, read back and compared");
  const std::string file = "lmdb:" + setting.place("server-copy");
  const std::string back =
      store_url({"strata postgres", setting.make_database("strata_server_back"), KeyOrder::ordered});
  for (const auto& [from, to] : {std::pair(url, file), std::pair(file, back)}) {
    const Store source = Store::open(from, {.read_only = true});
    const auto begin = Clock::now();
    Store target = Store::open(to, {.continue_copy = true});
    Run run;
    run.operations = copy(source, target).records;
    target.close();
    run.times.add(Clock::now() - begin);
    run.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    add(setting, from == url ? "copy to lmdb" : "copy from lmdb", "strata postgres", run, nullptr);
  }
  std::filesystem::remove_all(setting.place("server-copy"));
}

}  // namespace

void bench_server(Setting& setting) {
  if (!setting.make_database) return;
  const std::string work = grouped(static_cast<double>(records)) + " records";
  setting.report.section("PostgreSQL: transactions of 1,000 durable 200-byte records (p50 and p99 of a transaction)");
  const ContenderPlace rival{"postgres", setting.make_database("bench_server"), KeyOrder::ordered};
  const Run beside = fill_records(*open_contender(rival), records);
  const ContenderPlace ours{"strata postgres", setting.make_database("strata_server"), KeyOrder::ordered};
  const Run run = fill_records(*open_contender(ours), records);
  add(setting, work, "postgres", beside, nullptr);
  add(setting, work, "strata postgres", run, &beside);
  measure_reads(setting, store_url(ours), rival.where);
  measure_scans(setting, store_url(ours), rival.where);
#ifdef STRATA_BENCH_LMDB
  measure_copies(setting, store_url(ours));
#endif
}

}  // namespace strata::bench
