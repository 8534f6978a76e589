// The one file outside the SQLite engine that includes sqlite3.h: a rival to measure against, not a part of the store
// (docs/decisions/sqlite-baseline-in-the-tour.md).
#include "ingest/sqlite_baseline.hpp"

#ifdef STRATA_HAVE_SQLITE

#include <sqlite3.h>

#include <filesystem>
#include <memory>

#include "ingest/importer.hpp"

namespace strata::ingest {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

class Database {
 public:
  explicit Database(const std::string& path) {
    sqlite3* opened = nullptr;
    const int result = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    database_.reset(opened);
    require(result, SQLITE_OK);
  }
  void run(const std::string& sql) {
    require(sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  }
  Statement prepare(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    require(sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &statement, nullptr), SQLITE_OK);
    return Statement(statement);
  }
  void require(int result, int expected) const {
    if (result == expected) return;
    throw Error(ErrorCode::io, std::string("the SQLite database for comparison cannot be written: ") +
                                   (database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(result)));
  }

 private:
  std::unique_ptr<sqlite3, CloseDatabase> database_;
};

std::string in_quotes(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

void bind_text(sqlite3_stmt* statement, int place, std::string_view text) {
  sqlite3_bind_text64(statement, place, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

std::string index_expression(const IndexField& field) {
  if (field.path == "created" || field.path == "updated") return field.path;
  return "json_extract(value, " + in_quotes("$." + in_quotes(field.path, '"'), '\'') + ")";
}

void copy_collection(Database& database, const Collection& collection) {
  const std::string table = in_quotes(collection.name(), '"');
  database.run("CREATE TABLE " + table + " (key TEXT PRIMARY KEY, value TEXT, created INTEGER, updated INTEGER)");
  const Statement insert = database.prepare("INSERT INTO " + table + " VALUES (?, ?, ?, ?)");
  std::string json;
  collection.scan({}, [&](const Record& record) {
    json.clear();
    record.value.view().to_json(json);
    bind_text(insert.get(), 1, record.key);
    bind_text(insert.get(), 2, json);
    sqlite3_bind_int64(insert.get(), 3, record.created.micros);
    sqlite3_bind_int64(insert.get(), 4, record.updated.micros);
    database.require(sqlite3_step(insert.get()), SQLITE_DONE);
    sqlite3_reset(insert.get());
    return true;
  });
  for (const IndexDescription& index : collection.indexes()) {
    std::string columns;
    for (const IndexField& field : index.options.fields)
      columns += (columns.empty() ? "" : ", ") + index_expression(field);
    const std::string name = in_quotes(collection.name() + "/" + index.options.name, '"');
    database.run("CREATE INDEX " + name + " ON " + table + " (" + columns + ")");
  }
}

void copy_edges(Database& database, const Graph& graph) {
  if (graph.count() == 0) return;
  database.run(
      "CREATE TABLE edge (source TEXT, type TEXT, target TEXT, value TEXT, created INTEGER, updated INTEGER, "
      "PRIMARY KEY (source, type, target)) WITHOUT ROWID");
  const Statement insert = database.prepare("INSERT INTO edge VALUES (?, ?, ?, ?, ?, ?)");
  graph.scan([&](const Edge& edge) {
    const std::string json = edge.value.to_json();
    bind_text(insert.get(), 1, edge.from);
    bind_text(insert.get(), 2, edge.type);
    bind_text(insert.get(), 3, edge.to);
    bind_text(insert.get(), 4, json);
    sqlite3_bind_int64(insert.get(), 5, edge.created.micros);
    sqlite3_bind_int64(insert.get(), 6, edge.updated.micros);
    database.require(sqlite3_step(insert.get()), SQLITE_DONE);
    sqlite3_reset(insert.get());
    return true;
  });
  database.run("CREATE INDEX edge_target ON edge (target, type, source)");
}

}  // namespace

std::optional<std::uint64_t> sqlite_json_bytes(const Store& store, const std::string& path) {
  const Snapshot snapshot = store.snapshot();
  {
    Database database(path);
    database.run("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN");
    for (const std::string& name : snapshot.collections()) {
      if (name != imports_collection) copy_collection(database, snapshot.collection(name));
    }
    copy_edges(database, snapshot.graph());
    database.run("COMMIT");
  }
  return std::filesystem::file_size(path);
}

}  // namespace strata::ingest

#else

namespace strata::ingest {

std::optional<std::uint64_t> sqlite_json_bytes(const Store&, const std::string&) { return std::nullopt; }

}  // namespace strata::ingest

#endif
