#include "engine/lmdb/lmdb_engine.hpp"

#include <exception>
#include <thread>

#include "engine/engine_parameters.hpp"
#include "engine/lmdb/environment_registry.hpp"
#include "engine/lmdb/row_cursor.hpp"
#include "platform/file.hpp"
#include "platform/wake_word.hpp"

namespace strata::engine {
namespace {

class LmdbSnapshot : public Snapshot {
 public:
  explicit LmdbSnapshot(Environment& environment) : LmdbSnapshot(environment, environment.begin_read()) {}
  ~LmdbSnapshot() override {
    // A child must not clear its parent's slot in the shared reader table.
    if (!rows_.environment().inherited()) rows_.environment().end_read(rows_.transaction());
  }

  std::optional<bytes_view> get(Key key) override { return rows_.get(key); }
  void get_many(std::span<const Key> keys, const Sink& sink) override { rows_.get_many(keys, sink); }
  std::unique_ptr<Cursor> scan(KeyRange range, ScanHints hints) override { return rows_.scan(range, hints); }
  std::uint64_t token() const override { return token_; }

 private:
  LmdbSnapshot(Environment& environment, Environment::Reading reading)
      : rows_(environment, reading.transaction), token_(reading.token) {}

  RowReader rows_;
  std::uint64_t token_;
};

/// Log entries and transaction ids come in the order of their keys. Appending fills their pages to the brim.
bool grows_at_the_end(Space space) { return space.group() == SpaceGroup::log || space.group() == SpaceGroup::ids; }

class LmdbWriteTransaction : public WriteTransaction {
 public:
  LmdbWriteTransaction(Environment& environment, Deadline deadline)
      : pass_(environment.enter_gate(deadline)), rows_(environment, environment.begin_write()) {}
  ~LmdbWriteTransaction() override {
    if (rows_.environment().inherited()) {
      static_cast<void>(pass_.release());  // the gate is the parent's
    } else if (rows_.transaction() != nullptr) {
      if (std::this_thread::get_id() != owner_) std::terminate();  // LMDB's mutex could never be released
      rows_.environment().abandon_write(end());
    }
  }

  std::optional<bytes_view> get(Key key) override { return rows_.get(key); }
  void get_many(std::span<const Key> keys, const Sink& sink) override { rows_.get_many(keys, sink); }
  std::unique_ptr<Cursor> scan(KeyRange range, ScanHints hints) override { return rows_.scan(range, hints); }

  void put(Key key, bytes_view value) override;
  void erase(Key key) override;
  void erase_range(KeyRange range) override;
  void commit(Durability durability) override;

 private:
  void begin_change();
  void end_change(int code, const char* operation);
  int erase_rows(MDB_cursor* cursor, const StoredRange& range);
  bool is_whole_tree(MDB_cursor* cursor, const StoredRange& range);
  MDB_txn* end() noexcept {
    MDB_txn* transaction = rows_.transaction();
    rows_.end();
    return transaction;
  }

  // The gate is left last: other processes must find LMDB's own mutex free.
  std::unique_ptr<platform::Gate::Pass> pass_;
  RowReader rows_;
  const std::thread::id owner_ = std::this_thread::get_id();
  bool changed_ = false;
  int failure_ = 0;
};

void LmdbWriteTransaction::begin_change() {
  rows_.check();
  if (failure_ != 0) rows_.environment().fail(failure_, "go on with a transaction after a failed change");
  rows_.end_cursors();
}

void LmdbWriteTransaction::end_change(int code, const char* operation) {
  if (code == 0) {
    changed_ = true;
    return;
  }
  failure_ = code;
  rows_.environment().fail_write(code, operation);
}

void LmdbWriteTransaction::put(Key key, bytes_view value) {
  begin_change();
  check_row(key, value);
  const StoredKey stored(key);
  const MDB_dbi tree = rows_.environment().tree(key.space);
  MDB_val name = to_lmdb(stored.view());
  MDB_val data = to_lmdb(value);
  int code = MDB_KEYEXIST;
  if (grows_at_the_end(key.space)) code = mdb_put(rows_.transaction(), tree, &name, &data, MDB_APPEND);
  if (code == MDB_KEYEXIST) code = mdb_put(rows_.transaction(), tree, &name, &data, 0);
  end_change(code, "write a row");
}

void LmdbWriteTransaction::erase(Key key) {
  begin_change();
  const StoredKey stored(key);
  MDB_val name = to_lmdb(stored.view());
  const int code = mdb_del(rows_.transaction(), rows_.environment().tree(key.space), &name, nullptr);
  if (code != MDB_NOTFOUND) end_change(code, "erase a row");
}

void LmdbWriteTransaction::erase_range(KeyRange range) {
  begin_change();
  const StoredRange stored(range);
  if (stored.begin >= stored.end) return;
  const MDB_dbi tree = rows_.environment().tree(range.space);
  MDB_cursor* cursor = nullptr;
  int code = mdb_cursor_open(rows_.transaction(), tree, &cursor);
  if (code != 0) end_change(code, "erase a range");
  const bool whole = is_whole_tree(cursor, stored);
  if (!whole) code = erase_rows(cursor, stored);
  mdb_cursor_close(cursor);
  if (whole) code = mdb_drop(rows_.transaction(), tree, 0);
  end_change(code, "erase a range");
}

int LmdbWriteTransaction::erase_rows(MDB_cursor* cursor, const StoredRange& range) {
  MDB_val key = to_lmdb(range.begin);
  int code = mdb_cursor_get(cursor, &key, nullptr, MDB_SET_RANGE);
  while (code == 0 && from_lmdb(key) < range.end) {
    code = mdb_cursor_del(cursor, 0);
    if (code == 0) code = mdb_cursor_get(cursor, &key, nullptr, MDB_NEXT);
  }
  return code == MDB_NOTFOUND ? 0 : code;
}

/// Then its pages can be freed without reading each row.
bool LmdbWriteTransaction::is_whole_tree(MDB_cursor* cursor, const StoredRange& range) {
  MDB_val key{};
  if (mdb_cursor_get(cursor, &key, nullptr, MDB_FIRST) != 0 || from_lmdb(key) < range.begin) return false;
  return mdb_cursor_get(cursor, &key, nullptr, MDB_LAST) == 0 && from_lmdb(key) < range.end;
}

void LmdbWriteTransaction::commit(Durability durability) {
  begin_change();
  Environment& environment = rows_.environment();
  if (std::this_thread::get_id() != owner_) {
    throw Error(ErrorCode::internal,
                environment.place() + ": a write transaction must end in the thread that began it");
  }
  const bool flush = !changed_ && durability == Durability::sync;
  environment.commit_write(end(), durability);
  // LMDB syncs nothing when nothing changed, but relaxed commits that this transaction has read must survive now.
  if (flush) environment.flush();
  pass_.reset();
}

class LmdbEngine : public Engine {
 public:
  LmdbEngine(const OpenRequest& request, const EnvironmentOptions& options)
      : read_only_(request.read_only),
        environment_(share_environment(request, options)),
        wake_(platform::open_wake_word(platform::join(platform::join(request.store_directory, "run"), "wake"))) {
    int major = 0;
    int minor = 0;
    int patch = 0;
    mdb_version(&major, &minor, &patch);
    capabilities_.name = "lmdb";
    capabilities_.version = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
    capabilities_.many_processes = true;
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  std::unique_ptr<Snapshot> snapshot() override { return std::make_unique<LmdbSnapshot>(*environment_); }
  std::unique_ptr<WriteTransaction> begin_write(Deadline deadline, std::span<const Key>) override {
    environment_->check();
    if (read_only_) {
      throw Error(ErrorCode::unsupported, environment_->place() + " is open for reading alone; open it for writing");
    }
    return std::make_unique<LmdbWriteTransaction>(*environment_, deadline);
  }
  Wake& wake() override { return *wake_; }
  std::uint64_t lineage() override { return 0; }
  void maintain() override { environment_->sweep_readers(); }
  void compact(Progress&) override { environment_->check(); }
  EngineStatistics statistics() override { return environment_->statistics(); }

 private:
  const bool read_only_;
  EnvironmentShare environment_;
  std::unique_ptr<Wake> wake_;
  Capabilities capabilities_;
};

std::unique_ptr<Engine> open_lmdb(const OpenRequest& request) {
  EngineParameters parameters("lmdb:", request.parameters);
  EnvironmentOptions options;
  options.map_bytes =
      parameters.bytes("map_bytes", std::uint64_t{1} << 40, {.least = 1 << 20, .most = std::uint64_t{1} << 46});
  options.readers = static_cast<unsigned>(parameters.number("readers", 1022, {.least = 1022, .most = 1 << 16}));
  options.readahead = parameters.flag("readahead", false);
  parameters.refuse_unknown();
  if (request.directory.empty() || request.store_directory.empty()) {
    throw Error(ErrorCode::invalid_argument, "lmdb: wants a directory, as in lmdb:DIR");
  }
  return std::make_unique<LmdbEngine>(request, options);
}

}  // namespace

void register_lmdb_engine() { register_engine("lmdb", open_lmdb); }

}  // namespace strata::engine
