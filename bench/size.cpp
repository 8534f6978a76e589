// Import and stored bytes: a package catalogue with two indexes, against SQLite rows with JSON text.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>

#include "bench/package_record.hpp"
#include "bench/setting.hpp"
#include "platform/file.hpp"
#include "strata/store.hpp"

#ifdef STRATA_BENCH_SQLITE
#include "bench/sqlite_database.hpp"
#endif

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Records = std::vector<std::pair<std::string, Value>>;

constexpr std::size_t transaction_records = 1000;
constexpr double size_bar = 0.6;

struct Stored {
  Run run;
  std::uint64_t bytes = 0;      ///< As the import left it, closed.
  std::uint64_t compacted = 0;  ///< After compact(), or VACUUM.
  std::uint64_t reusable = 0;   ///< Of `bytes`: inside the files, free for later writes.
};

/// Calls `commit` with one batch after the other; a time is that of a batch.
template <class Commit>
Run in_batches(const Records& records, const Commit& commit) {
  Run run;
  const auto start = Clock::now();
  for (std::size_t begin = 0; begin < records.size(); begin += transaction_records) {
    const std::size_t end = std::min(begin + transaction_records, records.size());
    const auto batch_start = Clock::now();
    commit(begin, end);
    run.times.add(Clock::now() - batch_start);
  }
  run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  run.operations = records.size();
  return run;
}

/// Without `run/`, 1 MiB of hints in every store that can be deleted when it is closed.
std::uint64_t engine_bytes(const std::string& store_directory) {
  return platform::tree_bytes(store_directory + "/engine");
}

Stored store_records(const ContenderPlace& place, const Records& records) {
  Stored stored;
  {
    Store store = Store::open(store_url(place));
    Collection packages = store.collection("packages");
    packages.create_index({.fields = {{"Section"}}});
    packages.create_index({.fields = {{"Installed-Size"}}});
    stored.run = in_batches(records, [&](std::size_t begin, std::size_t end) {
      store.transact([&](Transaction& transaction) {
        Collection collection = transaction.collection("packages");
        for (std::size_t at = begin; at < end; ++at) collection.put(records[at].first, records[at].second);
      });
    });
    stored.reusable = store.statistics().garbage_bytes;
    store.close();
  }
  stored.bytes = engine_bytes(place.where);
  Store store = Store::open(store_url(place));
  store.compact();
  store.close();
  stored.compacted = engine_bytes(place.where);
  return stored;
}

#ifdef STRATA_BENCH_SQLITE
Stored store_rows(const std::string& directory, const Records& records) {
  std::filesystem::create_directories(directory);
  const std::string path = directory + "/packages.sqlite";
  Stored stored;
  {
    SqliteDatabase database(path);
    database.run(
        "CREATE TABLE packages (key TEXT PRIMARY KEY, value TEXT);"
        "CREATE INDEX by_section ON packages (json_extract(value, '$.Section'));"
        "CREATE INDEX by_size ON packages (json_extract(value, '$.\"Installed-Size\"'))");
    SqliteStatement insert = database.prepare("REPLACE INTO packages (key, value) VALUES (?, ?)");
    std::string json;
    stored.run = in_batches(records, [&](std::size_t begin, std::size_t end) {
      database.run("BEGIN IMMEDIATE");
      for (std::size_t at = begin; at < end; ++at) {
        json.clear();
        records[at].second.view().to_json(json);
        insert.bind_text(1, records[at].first);
        insert.bind_text(2, json);
        insert.run();
      }
      database.run("COMMIT");
    });
  }
  stored.bytes = platform::tree_bytes(directory);
  SqliteDatabase(path).run("VACUUM");
  stored.compacted = platform::tree_bytes(directory);
  return stored;
}
#endif

std::string megabytes(std::uint64_t bytes) { return decimal(static_cast<double>(bytes) / 1e6, 1) + " MB"; }

void measure(Setting& setting, const std::string& what, const Records& records) {
  std::map<std::string, Stored> all;
  for (const std::string& engine : strata_engines()) {
    const std::string directory = setting.place("size-" + engine);
    all["strata " + engine] = store_records({"strata " + engine, directory}, records);
    std::filesystem::remove_all(directory);
  }
#ifdef STRATA_BENCH_SQLITE
  all["sqlite, JSON"] = store_rows(setting.place("size-rows"), records);
  std::filesystem::remove_all(setting.place("size-rows"));
#endif
  const auto rival = all.find("sqlite, JSON");
  const std::string work = grouped(static_cast<double>(records.size())) + " " + what;
  for (const auto& [name, stored] : all) {
    Line import{.work = work, .who = name, .run = stored.run, .figure = {}, .ratios = {}, .note = {}};
    Line size{.work = "  stored", .who = name, .run = {}, .figure = megabytes(stored.bytes), .ratios = {}, .note = {}};
    size.note = megabytes(stored.compacted) + " compacted";
    if (stored.reusable > 0) size.note += ", " + megabytes(stored.reusable) + " of it reusable at first";
    if (is_strata(name) && rival != all.end()) {
      const double ratio = static_cast<double>(stored.bytes) / static_cast<double>(rival->second.bytes);
      import.ratios.emplace_back("sqlite", stored.run.rate() / rival->second.run.rate());
      size.ratios.emplace_back("sqlite", ratio);
      setting.report.bar({"stored bytes, " + what + ", " + name.substr(7) + " beside SQLite with JSON",
                          "<= " + times(size_bar), times(ratio), ratio <= size_bar});
    }
    setting.report.add(import);
    setting.report.add(size);
  }
}

}  // namespace

void bench_size(Setting& setting) {
  setting.report.section(
      "Import of packages with two indexes, transactions of 1,000, durable (p50 and p99 of a transaction); stored "
      "bytes");
  Records records;
  const std::size_t made_up_count = setting.soak ? 200'000 : 20'000;
  for (const PackageRecord& record : made_up_packages(made_up_count)) {
    records.emplace_back(record.key, value_of(record));
  }
  measure(setting, "made-up packages", records);
  records = machine_packages();
  if (!records.empty()) measure(setting, "real packages", records);
}

}  // namespace strata::bench
