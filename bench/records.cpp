// A store of 200-byte records: filling it, warm point reads, scans, open time and idle memory.
#include <chrono>
#include <functional>
#include <map>
#include <stdexcept>
#include <thread>

#include "bench/process.hpp"
#include "bench/record_set.hpp"
#include "bench/setting.hpp"
#include "strata/store.hpp"

#ifdef STRATA_BENCH_LMDB
#include "bench/lmdb_environment.hpp"
#endif
#ifdef STRATA_BENCH_SQLITE
#include "bench/sqlite_database.hpp"
#endif

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double read_ratio_bar = 2.5;
constexpr double idle_megabytes_bar = 30;
constexpr auto open_bar = std::chrono::milliseconds(100);

/// One get alone is shorter than the clock's own time, so this many are timed together.
constexpr std::size_t reads_timed_together = 16;

Run read_for(const std::vector<std::string>& keys, double seconds,
             const std::function<void(const std::string&)>& read) {
  for (const std::string& key : keys) read(key);
  Run run;
  std::size_t at = 0;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(seconds);
  auto begin = start;
  while (begin < end) {
    for (std::size_t count = 0; count < reads_timed_together; ++count) {
      read(keys[at]);
      at = at + 1 < keys.size() ? at + 1 : 0;
    }
    const auto now = Clock::now();
    run.times.add((now - begin) / reads_timed_together);
    begin = now;
  }
  run.seconds = std::chrono::duration<double>(begin - start).count();
  run.operations = run.times.count() * reads_timed_together;
  return run;
}

Run read_store(const ContenderPlace& place, const std::vector<std::string>& keys, double seconds) {
  const Store store = Store::open(store_url(place), {.create = false});
  const Snapshot snapshot = store.snapshot();
  const Collection collection = snapshot.collection("notes");
  return read_for(keys, seconds, [&](const std::string& key) {
    const std::optional<Record> record = collection.get(key);
    if (!record || record->value.encoded().size() != row_bytes) throw std::runtime_error("record " + key + " is gone");
  });
}

#ifdef STRATA_BENCH_LMDB
/// Within one read transaction, the value looked at where it lies.
Run read_raw_lmdb(const std::string& directory, const std::vector<std::string>& keys, double seconds) {
  LmdbEnvironment environment(directory);
  MDB_txn* transaction = environment.begin(MDB_RDONLY);
  const Run run = read_for(keys, seconds, [&](const std::string& key) {
    MDB_val name = lmdb_value(key);
    MDB_val value{};
    require_lmdb(mdb_get(transaction, environment.records(), &name, &value), "get");
    if (value.mv_size != row_bytes) throw std::runtime_error("record " + key + " is not as it was");
  });
  mdb_txn_abort(transaction);
  return run;
}
#endif

std::map<std::string, ContenderPlace> fill_all(Setting& setting, std::uint64_t count) {
  setting.report.section(
      "Import: transactions of 1,000 durable 200-byte records, random keys, no index (p50 and p99 of a transaction)");
  std::map<std::string, ContenderPlace> places;
  std::map<std::string, Run> runs;
  for (const std::string& name : embedded_contenders()) {
    std::string directory = "records-" + name;
    std::replace(directory.begin(), directory.end(), ' ', '-');
    const ContenderPlace place{name, setting.place(directory), KeyOrder::ordered};
    runs[name] = fill_records(*open_contender(place), count);
    places[name] = place;
  }
  for (const auto& [name, run] : runs) {
    Line line{.work = grouped(static_cast<double>(count)) + " records",
              .who = name,
              .run = run,
              .figure = {},
              .ratios = {},
              .note = {}};
    if (is_strata(name)) {
      const std::string raw = name.substr(name.find(' ') + 1);
      line.ratios.emplace_back(raw, run.rate() / runs.at(raw).rate());
    }
    setting.report.add(line);
  }
  return places;
}

#ifdef STRATA_BENCH_LMDB
Run read_in_processes(const ContenderPlace& place, std::uint64_t count, std::size_t processes, double seconds) {
  std::vector<std::unique_ptr<RoleProcess>> crew;
  for (std::size_t number = 0; number < processes; ++number) {
    crew.push_back(std::make_unique<RoleProcess>(
        "read", std::vector<std::string>{place.name, place.where, std::to_string(count), std::to_string(number)}));
  }
  for (const auto& reader : crew) reader->go(seconds);
  Run all;
  for (const auto& reader : crew) all.join(reader->result());
  return all;
}

void measure_reads(Setting& setting, const std::map<std::string, ContenderPlace>& places, std::uint64_t count) {
  setting.report.section("Point reads, warm, 200 bytes, through a snapshot (raw: mdb_get in one read transaction)");
  for (const std::size_t processes : {1, 2, 4}) {
    constexpr int rounds = 2;
    Run store;
    Run raw;
    for (int round = 0; round < rounds; ++round) {
      raw.append(read_in_processes(places.at("lmdb"), count, processes, setting.seconds / rounds));
      store.append(read_in_processes(places.at("strata lmdb"), count, processes, setting.seconds / rounds));
    }
    const std::string work = std::to_string(processes) + (processes == 1 ? " process" : " processes");
    const auto cost =
        static_cast<double>(store.times.percentile(50).count()) / static_cast<double>(raw.times.percentile(50).count());
    setting.report.add({.work = work, .who = "lmdb", .run = raw, .figure = {}, .ratios = {}, .note = {}});
    setting.report.add({.work = work,
                        .who = "strata lmdb",
                        .run = store,
                        .figure = {},
                        .ratios = {{"the time of lmdb", cost}},
                        .note = {}});
    if (processes == 1) {
      setting.report.bar(
          {"point read, beside raw LMDB: time", "<= " + times(read_ratio_bar), times(cost), cost <= read_ratio_bar});
    }
  }
}
#endif

/// Scans as often as the time allows; a time is that of one whole scan.
Run scan_for(double seconds, std::uint64_t count, const std::function<std::uint64_t()>& scan) {
  Run run;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(seconds);
  do {
    const auto begin = Clock::now();
    if (scan() != count) throw std::runtime_error("a scan did not see all records");
    run.times.add(Clock::now() - begin);
    run.operations += count;
  } while (Clock::now() < end);
  run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return run;
}

Run scan_store(const ContenderPlace& place, double seconds, std::uint64_t count) {
  const Store store = Store::open(store_url(place), {.create = false});
  return scan_for(seconds, count, [&] {
    std::uint64_t rows = 0;
    store.snapshot().collection("notes").scan({}, [&](const Record& record) {
      rows += record.value.encoded().size() == row_bytes ? 1 : 0;
      return true;
    });
    return rows;
  });
}

#ifdef STRATA_BENCH_LMDB
Run scan_raw_lmdb(const ContenderPlace& place, double seconds, std::uint64_t count) {
  LmdbEnvironment environment(place.where);
  return scan_for(seconds, count, [&] {
    MDB_txn* transaction = environment.begin(MDB_RDONLY);
    MDB_cursor* cursor = nullptr;
    require_lmdb(mdb_cursor_open(transaction, environment.records(), &cursor), "open a cursor");
    std::uint64_t rows = 0;
    MDB_val key{};
    MDB_val value{};
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) rows += value.mv_size == row_bytes ? 1 : 0;
    mdb_cursor_close(cursor);
    mdb_txn_abort(transaction);
    return rows;
  });
}
#endif

#ifdef STRATA_BENCH_SQLITE
Run scan_raw_sqlite(const ContenderPlace& place, double seconds, std::uint64_t count) {
  SqliteDatabase database(place.where + "/records.sqlite");
  SqliteStatement select = database.prepare("SELECT key, value FROM records ORDER BY key");
  return scan_for(seconds, count, [&] {
    std::uint64_t rows = 0;
    while (select.step()) rows += select.column(1).size() == row_bytes ? 1 : 0;
    select.reset();
    return rows;
  });
}
#endif

void measure_scans(Setting& setting, const std::map<std::string, ContenderPlace>& places, std::uint64_t count) {
  setting.report.section("Scans in key order (p50 and p99 of a whole scan, rows per second)");
  std::map<std::string, Run> runs;
  for (const std::string& engine : strata_engines()) {
    runs["strata " + engine] = scan_store(places.at("strata " + engine), setting.seconds, count);
  }
#ifdef STRATA_BENCH_LMDB
  runs["lmdb"] = scan_raw_lmdb(places.at("lmdb"), setting.seconds, count);
#endif
#ifdef STRATA_BENCH_SQLITE
  runs["sqlite"] = scan_raw_sqlite(places.at("sqlite"), setting.seconds, count);
#endif
  for (const auto& [name, run] : runs) {
    Line line{.work = grouped(static_cast<double>(count)) + " records",
              .who = name,
              .run = run,
              .figure = {},
              .ratios = {},
              .note = {}};
    const auto raw = is_strata(name) ? runs.find(name.substr(name.find(' ') + 1)) : runs.end();
    if (raw != runs.end()) line.ratios.emplace_back(raw->first, run.rate() / raw->second.rate());
    setting.report.add(line);
  }
}

void measure_open(Setting& setting, const std::map<std::string, ContenderPlace>& places, std::uint64_t count) {
  constexpr int opens = 10;
  const std::string records = grouped(static_cast<double>(count)) + " records";
  setting.report.section("Open by a new process and read one record; private memory (RssAnon) when it is idle then");
  for (const std::string& engine : strata_engines()) {
    Run run;
    double megabytes = 0;
    double growth = 0;
    for (int number = 0; number < opens; ++number) {
      RoleProcess process("open", {"strata " + engine, places.at("strata " + engine).where});
      process.go(0);
      run.append(process.result());
      megabytes = std::max(megabytes, std::stod(process.receive()));
      growth = std::max(growth, std::stod(process.receive()));
      process.program().wait();
    }
    setting.report.add(
        {.work = "open, " + records, .who = "strata " + engine, .run = run, .figure = {}, .ratios = {}, .note = {}});
    setting.report.add({.work = "idle memory",
                        .who = "strata " + engine,
                        .run = {},
                        .figure = decimal(megabytes, 1) + " MB",
                        .ratios = {},
                        .note = decimal(growth, 1) + " MB more than before the open"});
    const auto p50 = run.times.percentile(50);
    setting.report.bar(
        {"open, " + records + ", " + engine + ": p50", "< 100 ms", milliseconds_or_less(p50), p50 < open_bar});
    setting.report.bar(
        {"idle memory, " + engine, "< 30 MB", decimal(megabytes, 1) + " MB", megabytes < idle_megabytes_bar});
  }
}

double private_megabytes() {
  std::ifstream status("/proc/self/status");
  constexpr std::string_view name = "RssAnon:";
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::stod(line.substr(name.size())) * 1024 / 1e6;
  }
  throw std::runtime_error("/proc/self/status has no RssAnon");
}

}  // namespace

void bench_records(Setting& setting) {
  const std::uint64_t count = setting.soak ? 1'000'000 : 100'000;
  const std::map<std::string, ContenderPlace> places = fill_all(setting, count);
#ifdef STRATA_BENCH_LMDB
  measure_reads(setting, places, count);
#endif
  measure_scans(setting, places, count);
  measure_open(setting, places, count);
}

int read_role(const std::vector<std::string>& arguments) {
  const ContenderPlace place{arguments.at(0), arguments.at(1), KeyOrder::ordered};
  const std::vector<std::string> keys = shuffled_keys(std::stoull(arguments.at(2)), std::stoull(arguments.at(3)));
  say_ready();
  while (const std::optional<double> seconds = await_go()) {
    if (is_strata(place.name)) {
      say_result(read_store(place, keys, *seconds));
      continue;
    }
#ifdef STRATA_BENCH_LMDB
    say_result(read_raw_lmdb(place.where, keys, *seconds));
#endif
  }
  return 0;
}

int open_role(const std::vector<std::string>& arguments) {
  const ContenderPlace place{arguments.at(0), arguments.at(1), KeyOrder::ordered};
  say_ready();
  await_go();
  const double before = private_megabytes();
  Run run;
  const auto begin = Clock::now();
  Store store = Store::open(store_url(place), {.create = false});
  if (!store.collection("notes").get(numbered_key(7))) throw std::runtime_error("record 7 is gone");
  run.times.add(Clock::now() - begin);
  run.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  run.operations = 1;
  say_result(run);
  // Idle: whatever a fresh store does by itself has been done by then.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const double after = private_megabytes();
  say(decimal(after, 3));
  say(decimal(after - before, 3));
  await_go();
  return 0;
}

}  // namespace strata::bench
