// Ingest of this repository's own tree: how fast, and what it takes stored, all kinds together, against SQLite rows.
#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "bench/setting.hpp"
#include "ingest/folder_ingest.hpp"
#include "platform/file.hpp"
#include "strata/search.hpp"
#include "strata/store.hpp"

#ifdef STRATA_BENCH_SQLITE
#include "bench/sqlite_database.hpp"
#endif

namespace strata::bench {
namespace {

constexpr double size_bar = 0.6;
[[maybe_unused]] constexpr std::size_t chunk_bytes = 16384;  // about what Strata's chunks hold

std::string megabytes(std::uint64_t bytes) { return decimal(static_cast<double>(bytes) / 1e6, 1) + " MB"; }

/// Records, content, vectors, edges, and the indexes that are files beside the engine's.
std::uint64_t stored_bytes(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const std::string& name : platform::list_directory(directory)) {
    if (name != "run") bytes += platform::tree_bytes(platform::join(directory, name));
  }
  return bytes;
}

#ifdef STRATA_BENCH_SQLITE
std::string json_of(const std::vector<float>& vector) {
  std::string json = "[";
  std::array<char, 32> digits;
  for (const float element : vector) {
    if (json.size() > 1) json += ',';
    json.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), element).ptr);
  }
  return json + "]";
}

/// The same in rows: content in chunks, records and vectors as JSON, edges with an index for either direction.
void write_rows(Store& store, SqliteDatabase& database) {
  database.run(
      "CREATE TABLE files (key TEXT PRIMARY KEY, value TEXT);"
      "CREATE TABLE chunks (key TEXT, number INTEGER, bytes BLOB, PRIMARY KEY (key, number));"
      "CREATE TABLE passages (key TEXT PRIMARY KEY, value TEXT, vector TEXT);"
      "CREATE TABLE edges (source TEXT, type TEXT, target TEXT, value TEXT, PRIMARY KEY (source, type, target));"
      "CREATE INDEX backwards ON edges (target, type, source);"
      "BEGIN");
  SqliteStatement file = database.prepare("INSERT INTO files VALUES (?, ?)");
  SqliteStatement chunk = database.prepare("INSERT INTO chunks VALUES (?, ?, ?)");
  SqliteStatement passage = database.prepare("INSERT INTO passages VALUES (?, ?, ?)");
  SqliteStatement edge_row = database.prepare("INSERT INTO edges VALUES (?, ?, ?, ?)");
  for (const Record& record : store.collection("files").find().records) {
    const std::string json = record.value.to_json();
    file.bind_text(1, record.key);
    file.bind_text(2, json);
    file.run();
    const Bytes content = store.documents("files").get(record.key).value_or("");
    for (std::size_t at = 0; at < content.size(); at += chunk_bytes) {
      chunk.bind_text(1, record.key);
      chunk.bind(2, static_cast<std::int64_t>(at / chunk_bytes));
      chunk.bind_blob(3, bytes_view(content).substr(at, chunk_bytes));
      chunk.run();
    }
  }
  for (const Record& record : store.collection("passages").find().records) {
    const std::string json = record.value.to_json();
    const std::string vector = json_of(store.collection("passages").vector(record.key).value_or(std::vector<float>()));
    passage.bind_text(1, record.key);
    passage.bind_text(2, json);
    passage.bind_text(3, vector);
    passage.run();
  }
  store.graph().scan([&](const Edge& edge) {
    const std::string json = edge.value.to_json();
    edge_row.bind_text(1, edge.from);
    edge_row.bind_text(2, edge.type);
    edge_row.bind_text(3, edge.to);
    edge_row.bind_text(4, json);
    edge_row.run();
    return true;
  });
  database.run("COMMIT");
  database.run(
      "CREATE VIRTUAL TABLE words USING fts5(title, text, content='', detail='full');"
      "INSERT INTO words (rowid, title, text) SELECT rowid, json_extract(value, '$.title'), json_extract(value, "
      "'$.text') FROM passages;"
      "INSERT INTO words (words) VALUES ('optimize'); VACUUM");
}

std::uint64_t bytes_in_rows(Store& store, const std::string& directory) {
  std::filesystem::create_directories(directory);
  {
    SqliteDatabase database(directory + "/rows.sqlite");
    write_rows(store, database);
  }
  return platform::tree_bytes(directory);  // the write-ahead log went when it was closed
}
#endif

void measure(Setting& setting, const std::string& engine) {
  const std::string directory = setting.place("ingest-" + engine);
  Store store = Store::open(engine + ":" + directory);
  ingest::IngestOptions options;
  options.paths = {std::filesystem::path(STRATA_BENCH_SOURCE).parent_path().string()};
  options.symbols = false;
  ingest::FolderIngest folder_ingest(store, options);
  const ingest::IngestReport first = folder_ingest.run();
  store.collection("passages").build_search();
  const ingest::IngestReport again = folder_ingest.run();
  const auto rate = [](const ingest::IngestReport& report, double amount) { return amount / report.elapsed.count(); };
  setting.report.add(
      {.work = "ingest, " + grouped(static_cast<double>(first.files)) + " files, " + megabytes(first.bytes),
       .who = "strata " + engine,
       .run = {},
       .figure = decimal(rate(first, static_cast<double>(first.bytes)) / 1e6, 2) + " MB/s",
       .ratios = {},
       .note = grouped(static_cast<double>(first.passages)) + " passages, " +
               grouped(static_cast<double>(first.edges)) + " edges"});
  setting.report.add({.work = "  again, nothing changed",
                      .who = "strata " + engine,
                      .run = {},
                      .figure = grouped(rate(again, static_cast<double>(again.unchanged))) + " files/s",
                      .ratios = {},
                      .note = {}});
#ifdef STRATA_BENCH_SQLITE
  const std::uint64_t rows = bytes_in_rows(store, setting.place("ingest-rows"));
  std::filesystem::remove_all(setting.place("ingest-rows"));
#else
  const std::uint64_t rows = 0;
#endif
  store.compact();
  store.close();
  const std::uint64_t bytes = stored_bytes(directory);
  std::filesystem::remove_all(directory);
  Line size{.work = "  stored, all kinds",
            .who = "strata " + engine,
            .run = {},
            .figure = megabytes(bytes),
            .ratios = {},
            .note = {}};
  if (rows > 0) {
    const double ratio = static_cast<double>(bytes) / static_cast<double>(rows);
    size.ratios.emplace_back("sqlite", ratio);
    size.note = megabytes(rows) + " in SQLite rows";
    setting.report.bar({"stored bytes of an ingested tree, " + engine + " beside SQLite rows", "<= " + times(size_bar),
                        times(ratio), ratio <= size_bar});
  }
  setting.report.add(size);
}

}  // namespace

void bench_ingest(Setting& setting) {
  setting.report.section(
      "Ingest of this repository's tree: passages, lexical vectors, words, edges; stored bytes beside SQLite with "
      "content in chunks, JSON records and vectors, edges, FTS5");
  for (const std::string& engine : strata_engines()) {
    if (setting.wants("strata " + engine)) measure(setting, engine);
  }
}

}  // namespace strata::bench
