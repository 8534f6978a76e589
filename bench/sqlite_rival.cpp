#include <filesystem>

#include "bench/rivals.hpp"
#include "bench/sqlite_database.hpp"

namespace strata::bench {
namespace {

/// A connection for each writer, its statements prepared once.
class SqliteWriter : public Writer {
 public:
  explicit SqliteWriter(const std::string& path)
      : database_(path),
        begin_(database_.prepare("BEGIN IMMEDIATE")),
        insert_(database_.prepare("INSERT INTO records (key, value, rank) VALUES (?, ?, ?)")),
        commit_(database_.prepare("COMMIT")) {}

  void commit(std::span<const Row> rows) override {
    if (rows.size() > 1) begin_.run();
    for (const Row& row : rows) {
      insert_.bind_text(1, row.key);
      insert_.bind_blob(2, row.value);
      insert_.bind(3, static_cast<std::int64_t>(row.rank));
      insert_.run();
    }
    if (rows.size() > 1) commit_.run();
  }

 private:
  SqliteDatabase database_;
  SqliteStatement begin_;
  SqliteStatement insert_;
  SqliteStatement commit_;
};

class SqliteRival : public Contender {
 public:
  SqliteRival(const std::string& directory, KeyOrder order) : path_(directory + "/records.sqlite") {
    std::filesystem::create_directories(directory);
    database_ = std::make_unique<SqliteDatabase>(path_);
    database_->run("CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, value BLOB, rank INTEGER)");
    if (order == KeyOrder::random) database_->run("CREATE INDEX IF NOT EXISTS by_rank ON records (rank)");
  }
  std::unique_ptr<Writer> writer() override { return std::make_unique<SqliteWriter>(path_); }

 private:
  std::string path_;
  std::unique_ptr<SqliteDatabase> database_;  ///< Keeps the log from being removed whenever no writer is open.
};

}  // namespace

std::unique_ptr<Contender> open_sqlite_rival(const std::string& directory, KeyOrder order) {
  return std::make_unique<SqliteRival>(directory, order);
}

}  // namespace strata::bench
