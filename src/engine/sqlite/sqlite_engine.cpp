#include "engine/sqlite/sqlite_engine.hpp"

#include <sqlite3.h>

#include <memory>
#include <new>
#include <utility>

#include "engine/engine_parameters.hpp"
#include "engine/process_bond.hpp"
#include "engine/shared_by_directory.hpp"
#include "engine/sqlite/database.hpp"
#include "engine/sqlite/row_reader.hpp"
#include "engine/stored_key.hpp"
#include "platform/file.hpp"
#include "platform/file_status_calls.hpp"
#include "platform/wake_word.hpp"
#include "strata/engine.hpp"
#include "strata/error.hpp"

namespace strata::engine {
namespace sqlite {
namespace {

SharedByDirectory<Database>& databases() {
  static auto* const instance = new SharedByDirectory<Database>;  // outlives every handle, static ones too
  return *instance;
}

class SqliteSnapshot : public Snapshot {
 public:
  SqliteSnapshot(Database& database, Database::Pinned pinned)
      : database_(database), pinned_(pinned), rows_(database, *pinned.connection) {}
  ~SqliteSnapshot() override {
    rows_.end_views();
    database_.end_read(pinned_.connection);
  }

  std::uint64_t token() const override { return pinned_.token; }
  std::optional<bytes_view> get(Key key) override { return rows_.get(key); }
  void get_many(std::span<const Key> keys, const Sink& sink) override { rows_.get_many(keys, sink); }
  std::unique_ptr<Cursor> scan(KeyRange range, ScanHints hints) override { return rows_.scan(range, hints); }

 private:
  Database& database_;
  Database::Pinned pinned_;
  RowReader rows_;
};

class SqliteWriteTransaction : public WriteTransaction {
 public:
  /// Takes the turn once nothing can fail any more.
  SqliteWriteTransaction(Database& database, Database::Turn& turn)
      : database_(database), rows_(database, *turn.connection) {
    turn_ = std::move(turn);
  }
  ~SqliteWriteTransaction() override {
    rows_.end_views();
    database_.abandon(turn_);
  }

  std::optional<bytes_view> get(Key key) override {
    check();
    return rows_.get(key);
  }
  void get_many(std::span<const Key> keys, const Sink& sink) override {
    check();
    rows_.get_many(keys, sink);
  }
  std::unique_ptr<Cursor> scan(KeyRange range, ScanHints hints) override {
    check();
    return rows_.scan(range, hints);
  }

  void put(Key key, bytes_view value) override {
    check();
    check_row(key, value);
    const StoredKey stored(key);
    const Bytes kept = rows_.lends(value) ? Bytes(value) : Bytes();
    write(Query::put, key.space, "put a row", stored.view(), kept.empty() ? value : bytes_view(kept));
  }
  void erase(Key key) override {
    check();
    write(Query::erase, key.space, "erase a row", StoredKey(key).view(), {});
  }
  void erase_range(KeyRange range) override {
    check();
    const StoredRange stored(range);
    write(Query::erase_range, range.space, "erase a range", stored.begin, stored.end);
  }

  void commit(Durability durability) override {
    check();
    rows_.end_views();
    database_.commit(turn_, durability, changed_);
  }

 private:
  void check() const {
    database_.check();
    if (turn_.connection != nullptr) return;
    throw Error(ErrorCode::closed, "a write transaction of " + database_.place() + " was used after its end");
  }

  void write(Query query, Space space, std::string_view operation, bytes_view first, bytes_view second) {
    rows_.end_views();
    try {
      Statement statement(*turn_.connection, query, space.group());
      statement.bind(1, first);
      if (query != Query::erase) statement.bind(2, second);
      statement.step(operation);
      changed_ = true;
    } catch (const Error& error) {
      database_.poison(error.what());
      throw;
    }
  }

  Database& database_;
  Database::Turn turn_;
  RowReader rows_;
  bool changed_ = false;
};

class SqliteEngine : public Engine {
 public:
  SqliteEngine(const OpenRequest& request, std::shared_ptr<Database> database)
      : read_only_(request.read_only), database_(std::move(database)) {
    capabilities_.name = "sqlite";
    capabilities_.version = sqlite3_libversion();
    capabilities_.many_processes = true;
    capabilities_.shrinks_in_place = true;
    const std::string run = platform::join(request.store_directory, "run");
    wake_ = platform::open_wake_word(platform::join(run, "wake"));
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  std::unique_ptr<Snapshot> snapshot() override {
    const Database::Pinned pinned = database_->begin_read();
    try {
      return std::make_unique<SqliteSnapshot>(*database_, pinned);
    } catch (...) {
      database_->end_read(pinned.connection);
      throw;
    }
  }
  std::unique_ptr<WriteTransaction> begin_write(Deadline deadline, std::span<const Key>) override {
    refuse_if_read_only();
    Database::Turn turn = database_->begin_write(deadline);
    try {
      return std::make_unique<SqliteWriteTransaction>(*database_, turn);
    } catch (...) {
      database_->abandon(turn);
      throw;
    }
  }
  Wake& wake() override { return *wake_; }
  std::uint64_t lineage() override { return 0; }
  void maintain() override { database_->maintain(); }
  void compact(Progress& progress) override {
    refuse_if_read_only();
    database_->compact(progress);
  }
  EngineStatistics statistics() override { return database_->statistics(); }

 private:
  void refuse_if_read_only() const {
    database_->check();
    if (!read_only_) return;
    throw Error(ErrorCode::unsupported, database_->place() + " is open for reading alone; open it for writing");
  }

  Capabilities capabilities_;
  const bool read_only_;
  std::shared_ptr<Database> database_;
  std::unique_ptr<Wake> wake_;
};

/// SQLite remembers by device and inode which locks this process holds. A forked child holds none of them, and must not
/// find what its parent left there.
void prepare_for_forks() {
  static const bool prepared = [] {
    sqlite3_vfs* system = sqlite3_vfs_find(nullptr);
    if (system == nullptr) throw std::bad_alloc();  // SQLite starts whenever there is memory: it is tried again
    const platform::FileStatusCalls calls = platform::file_status_calls();
    return system->xSetSystemCall(system, "stat", calls.stat) == SQLITE_OK &&
           system->xSetSystemCall(system, "fstat", calls.fstat) == SQLITE_OK;
  }();
  if (!prepared) throw Error(ErrorCode::internal, "SQLite did not take its system calls; report this defect in Strata");
  static const ProcessBond first_use;
  if (first_use.inherited()) sqlite3_randomness(0, nullptr);  // or it draws what its parent draws
}

std::unique_ptr<Engine> open_sqlite(const OpenRequest& request) {
  EngineParameters parameters("sqlite:", request.parameters);
  DatabaseOptions options;
  options.cache_bytes = parameters.bytes("cache_bytes", std::uint64_t{8} << 20, {.least = 1 << 20});
  options.mmap_bytes = parameters.bytes("mmap_bytes", std::uint64_t{1} << 30, {.most = INT64_MAX});
  options.wal_bytes = parameters.bytes("wal_bytes", std::uint64_t{8} << 20, {.least = 1 << 16, .most = INT64_MAX});
  parameters.refuse_unknown();
  prepare_for_forks();
  auto database = databases().open(request.directory, [&] { return std::make_unique<Database>(request, options); });
  if (!request.read_only) database->allow_writing(request.store_directory);
  return std::make_unique<SqliteEngine>(request, std::move(database));
}

}  // namespace
}  // namespace sqlite

void register_sqlite_engine() { register_engine("sqlite", sqlite::open_sqlite); }

}  // namespace strata::engine
