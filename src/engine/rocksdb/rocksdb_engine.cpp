#include "engine/rocksdb/rocksdb_engine.hpp"

#include <rocksdb/version.h>

#include <memory>
#include <utility>

#include "engine/engine_parameters.hpp"
#include "engine/rocksdb/database.hpp"
#include "engine/rocksdb/row_reader.hpp"
#include "engine/shared_by_directory.hpp"
#include "engine/stored_key.hpp"
#include "platform/file.hpp"
#include "platform/wake_word.hpp"
#include "strata/engine.hpp"
#include "strata/error.hpp"

namespace strata::engine {
namespace lsm {
namespace {

SharedByDirectory<Database>& databases() {
  static auto* const instance = new SharedByDirectory<Database>;  // outlives every handle, static ones too
  return *instance;
}

class RocksdbSnapshot : public Snapshot {
 public:
  explicit RocksdbSnapshot(Database& database)
      : database_(database), snapshot_(database.begin_read()), rows_(database, snapshot_, nullptr) {}
  ~RocksdbSnapshot() override {
    rows_.end_views();
    database_.end_read(snapshot_);
  }

  std::uint64_t token() const override { return snapshot_->GetSequenceNumber() + 1; }
  std::optional<bytes_view> get(Key key) override { return rows_.get(key); }
  void get_many(std::span<const Key> keys, const Sink& sink) override { rows_.get_many(keys, sink); }
  std::unique_ptr<Cursor> scan(KeyRange range, ScanHints hints) override { return rows_.scan(range, hints); }

 private:
  Database& database_;
  const rocksdb::Snapshot* snapshot_;
  RowReader rows_;
};

class RocksdbWriteTransaction : public WriteTransaction {
 public:
  /// Requires: database.begin_write() has returned.
  explicit RocksdbWriteTransaction(Database& database) : database_(database), rows_(database, nullptr, &batch_) {}
  ~RocksdbWriteTransaction() override {
    rows_.end_views();
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
    // The batch copies the value, which may lie in a view of this very transaction, before that view ends.
    expect(batch_.Put(database_.family(key.space), slice_of(StoredKey(key).view()), slice_of(value)), "put a row");
    rows_.end_views();
  }
  void erase(Key key) override {
    check();
    expect(batch_.Delete(database_.family(key.space), slice_of(StoredKey(key).view())), "erase a row");
    rows_.end_views();
  }
  void erase_range(KeyRange range) override {
    check();
    for (const Bytes& key : rows_.keys_in(range)) {
      expect(batch_.Delete(database_.family(range.space), slice_of(key)), "erase a range");
    }
    rows_.end_views();
  }

  void commit(Durability durability) override {
    check();
    rows_.end_views();
    ended_ = true;
    database_.commit(batch_, durability);
  }

 private:
  void check() const {
    database_.check();
    if (ended_) {
      throw Error(ErrorCode::closed, "a write transaction of " + database_.place() + " was used after its end");
    }
  }
  void expect(const rocksdb::Status& status, std::string_view operation) const {
    if (!status.ok()) database_.fail(status, operation);
  }

  Database& database_;
  rocksdb::WriteBatchWithIndex batch_{rocksdb::BytewiseComparator(), 0, /*overwrite_key=*/true};
  RowReader rows_;
  bool ended_ = false;
};

class RocksdbEngine : public Engine {
 public:
  RocksdbEngine(const OpenRequest& request, std::shared_ptr<Database> database)
      : read_only_(request.read_only), database_(std::move(database)), wake_(platform::make_local_wake_word()) {
    capabilities_.name = "rocksdb";
    capabilities_.version = rocksdb::GetRocksVersionAsString();
    capabilities_.shrinks_in_place = true;
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  std::unique_ptr<Snapshot> snapshot() override { return std::make_unique<RocksdbSnapshot>(*database_); }
  std::unique_ptr<WriteTransaction> begin_write(Deadline deadline, std::span<const Key>) override {
    refuse_if_read_only();
    database_->begin_write(deadline);
    return std::make_unique<RocksdbWriteTransaction>(*database_);
  }
  Wake& wake() override { return *wake_; }
  std::uint64_t lineage() override { return 0; }
  void maintain() override { database_->check(); }  // RocksDB looks after itself in threads of its own
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

/// RocksDB's threads are not in a forked child, and it does not notice.
void refuse_after_fork(const std::string& place) {
  static const ProcessBond first_use;
  if (!first_use.inherited()) return;
  throw Error(ErrorCode::unsupported, place +
                                          ": the parent of this process had used RocksDB when it forked, and RocksDB "
                                          "does not survive that; start a program that opens the store itself");
}

std::unique_ptr<Engine> open_rocksdb(const OpenRequest& request) {
  EngineParameters parameters("rocksdb:", request.parameters);
  DatabaseOptions options;
  options.cache_bytes = parameters.bytes("cache_bytes", std::uint64_t{8} << 20, {.least = 1 << 20});
  options.write_buffer_bytes = parameters.bytes("write_buffer_bytes", std::uint64_t{16} << 20, {.least = 1 << 20});
  parameters.refuse_unknown();
  refuse_after_fork("rocksdb:" + request.directory);
  auto database = databases().open(request.directory, [&] { return std::make_unique<Database>(request, options); });
  if (database->read_only() && !request.read_only) {
    throw Error(ErrorCode::unsupported,
                database->place() + " is open for reading alone in this process; close it there first");
  }
  return std::make_unique<RocksdbEngine>(request, std::move(database));
}

}  // namespace
}  // namespace lsm

void register_rocksdb_engine() { register_engine("rocksdb", lsm::open_rocksdb); }

}  // namespace strata::engine
