#include "engine/duckdb/duckdb_engine.hpp"

#include <memory>
#include <utility>

#include "engine/duckdb/database.hpp"
#include "engine/duckdb/row_reader.hpp"
#include "engine/engine_parameters.hpp"
#include "engine/shared_by_directory.hpp"
#include "platform/wake_word.hpp"
#include "strata/engine.hpp"
#include "strata/error.hpp"

namespace strata::engine {
namespace duck {
namespace {

SharedByDirectory<Database>& databases() {
  static auto* const instance = new SharedByDirectory<Database>;  // outlives every handle, static ones too
  return *instance;
}

class DuckdbSnapshot : public Snapshot {
 public:
  explicit DuckdbSnapshot(Database& database) : database_(database), rows_(database, database.begin_read(), nullptr) {
    database_.count_snapshot(+1);
  }
  ~DuckdbSnapshot() override { database_.count_snapshot(-1); }

  std::uint64_t token() const override { return rows_.view()->commits(); }
  std::optional<bytes_view> get(Key key) override { return rows_.get(key); }
  void get_many(std::span<const Key> keys, const Sink& sink) override { rows_.get_many(keys, sink); }
  std::unique_ptr<Cursor> scan(KeyRange range, ScanHints hints) override { return rows_.scan(range, hints); }

 private:
  Database& database_;
  RowReader rows_;
};

class DuckdbWriteTransaction : public WriteTransaction {
 public:
  /// Requires: database.begin_write() has returned, and `view` was made since.
  DuckdbWriteTransaction(Database& database, std::shared_ptr<View> view)
      : database_(database), rows_(database, std::move(view), &overlay_) {}
  ~DuckdbWriteTransaction() override {
    rows_.close();
    if (!ended_) database_.abandon();
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
    // Copied before the views end: the value may lie in one of this very transaction.
    overlay_[Bytes(StoredKey(key).view())] = Bytes(value);
    rows_.end_views();
  }
  void erase(Key key) override {
    check();
    overlay_[Bytes(StoredKey(key).view())] = std::nullopt;
    rows_.end_views();
  }
  void erase_range(KeyRange range) override {
    check();
    for (Bytes& key : rows_.keys_in(range)) overlay_[std::move(key)] = std::nullopt;
    rows_.end_views();
  }

  /// DuckDB syncs its log at every commit, whatever was asked for.
  void commit(Durability) override {
    check();
    ended_ = true;
    std::shared_ptr<View> view = rows_.view();
    rows_.close();
    database_.commit(std::move(view), overlay_);
  }

 private:
  void check() const {
    database_.check();
    if (ended_) {
      throw Error(ErrorCode::closed, "a write transaction of " + database_.place() + " was used after its end");
    }
  }

  Database& database_;
  Overlay overlay_;
  RowReader rows_;
  bool ended_ = false;
};

class DuckdbEngine : public Engine {
 public:
  DuckdbEngine(const OpenRequest& request, std::shared_ptr<Database> database)
      : read_only_(request.read_only), database_(std::move(database)), wake_(platform::make_local_wake_word()) {
    capabilities_.name = "duckdb";
    capabilities_.version = library().library_version();
    capabilities_.shrinks_in_place = true;
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  std::unique_ptr<Snapshot> snapshot() override { return std::make_unique<DuckdbSnapshot>(*database_); }
  std::unique_ptr<WriteTransaction> begin_write(Deadline deadline, std::span<const Key>) override {
    refuse_if_read_only();
    database_->begin_write(deadline);
    try {
      return std::make_unique<DuckdbWriteTransaction>(*database_, database_->begin_read());
    } catch (...) {
      database_->abandon();
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

/// DuckDB's threads and locks are not in a forked child, and it does not notice.
void refuse_after_fork(const std::string& place) {
  static const ProcessBond first_use;
  if (!first_use.inherited()) return;
  throw Error(ErrorCode::unsupported, place +
                                          ": the parent of this process had used DuckDB when it forked, and DuckDB "
                                          "does not survive that; start a program that opens the store itself");
}

std::unique_ptr<Engine> open_duckdb(const OpenRequest& request) {
  EngineParameters parameters("duckdb:", request.parameters);
  DatabaseOptions options;
  options.cache_bytes = parameters.bytes("cache_bytes", std::uint64_t{8} << 20, {.least = 1 << 20});
  options.memory_bytes = parameters.bytes("memory_bytes", std::uint64_t{128} << 20, {.least = 32 << 20});
  options.threads = parameters.number("threads", 1, {.least = 1, .most = 64});
  parameters.refuse_unknown();
  refuse_after_fork("duckdb:" + request.directory);
  auto database = databases().open(request.directory, [&] { return std::make_unique<Database>(request, options); });
  if (database->read_only() && !request.read_only) {
    throw Error(ErrorCode::unsupported,
                database->place() + " is open for reading alone in this process; close it there first");
  }
  return std::make_unique<DuckdbEngine>(request, std::move(database));
}

}  // namespace
}  // namespace duck

void register_duckdb_engine() { register_engine("duckdb", duck::open_duckdb); }

}  // namespace strata::engine
