#include "engine/rocksdb/database.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <array>
#include <cstdarg>

#include "engine/rocksdb/rocksdb_error.hpp"
#include "platform/file.hpp"
#include "platform/process.hpp"

namespace strata::engine::lsm {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr double filter_bits_per_key = 10;
constexpr int open_files_max = 512;
/// Less than this is read back from the log faster than anybody notices.
constexpr std::uint64_t flush_at_close_above = 2 * mebibyte;

/// One column family per group; RocksDB wants the first to have this name.
const std::array<std::string, space_groups> family_names{
    rocksdb::kDefaultColumnFamilyName, "log", "ids", "events", "record", "derived", "local", "history"};

/// RocksDB's own log is no use to us, and where its asserts are built in, one that cannot be written ends the process:
/// on a full disk that would come before any error of ours.
class SilentLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::DBOptions database_options(const DatabaseOptions& given, bool read_only) {
  rocksdb::DBOptions options;
  options.create_if_missing = !read_only;
  options.create_missing_column_families = !read_only;
  options.db_write_buffer_size = given.write_buffer_bytes;
  options.max_total_wal_size = 2 * given.write_buffer_bytes;
  options.max_background_jobs = 2;
  options.max_open_files = open_files_max;
  // Opening a store need not write: its log is read into memory and stays.
  options.avoid_flush_during_recovery = true;
  options.track_and_verify_wals_in_manifest = true;
  options.max_bgerror_resume_count = 0;  // a failed write stops the engine until it is opened again
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.info_log = std::make_shared<SilentLogger>();
  return options;
}

rocksdb::ColumnFamilyOptions family_options(const DatabaseOptions& given) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(given.cache_bytes);
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(filter_bits_per_key));
  table.whole_key_filtering = true;
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kLZ4Compression;
  options.write_buffer_size = given.write_buffer_bytes;  // the bound is that of the database
  options.arena_block_size = mebibyte / 4;
  options.target_file_size_base = 16 * mebibyte;
  options.max_bytes_for_level_base = 64 * mebibyte;
  options.level_compaction_dynamic_level_bytes = true;
  return options;
}

}  // namespace

Database::Database(const OpenRequest& request, const DatabaseOptions& options)
    : directory_(request.directory), place_("rocksdb:" + request.directory), read_only_(request.read_only) {
  if (read_only_ && !platform::exists(platform::join(directory_, "CURRENT"))) {
    throw Error(ErrorCode::not_found, place_ + ": there is no store here; open it for writing once to make one");
  }
  occupant_ =
      std::make_unique<Occupant>(directory_, place_, OccupantOptions{.engine = "RocksDB", .read_only = read_only_});
  open(options);
}

Database::~Database() {
  if (inherited()) {
    static_cast<void>(database_.release());  // its threads and locks are the parent's
    return;
  }
  std::uint64_t unflushed = 0;
  if (!read_only_ && !poisoned_ &&
      database_->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &unflushed) &&
      unflushed > flush_at_close_above) {
    database_->Flush({}, families_).PermitUncheckedError();  // what fails here stays in the log
  }
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    database_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
  database_->Close().PermitUncheckedError();
}

void Database::open(const DatabaseOptions& options) {
  const rocksdb::ColumnFamilyOptions family = family_options(options);
  std::vector<rocksdb::ColumnFamilyDescriptor> wanted;
  for (const std::string& name : family_names) wanted.emplace_back(name, family);
  rocksdb::DB* opened = nullptr;
  const rocksdb::DBOptions settings = database_options(options, read_only_);
  const rocksdb::Status status = read_only_
                                     ? rocksdb::DB::OpenForReadOnly(settings, directory_, wanted, &families_, &opened)
                                     : rocksdb::DB::Open(settings, directory_, wanted, &families_, &opened);
  if (!status.ok()) fail(status, "open the database");
  database_.reset(opened);
  if (!read_only_) platform::sync_directory(directory_);
}

void Database::fail(const rocksdb::Status& status, std::string_view operation) const {
  throw rocksdb_error(status, place_, operation);
}

void Database::poison(const std::string& reason) noexcept {
  std::scoped_lock lock(reason_mutex_);
  if (poisoned_) return;
  try {
    reason_ = reason;
  } catch (const std::bad_alloc&) {
    reason_.clear();
  }
  poisoned_.store(true, std::memory_order_release);
}

void Database::refuse() const {
  if (inherited()) {
    throw Error(ErrorCode::closed, place_ +
                                       " was opened by the parent of this process, and RocksDB does not survive "
                                       "fork(); close it there, and start a program that opens it itself");
  }
  std::scoped_lock lock(reason_mutex_);
  throw Error(ErrorCode::io, place_ +
                                 " is stopped since a write failed; close it everywhere in this process and open it "
                                 "again. The failure: " +
                                 reason_);
}

const rocksdb::Snapshot* Database::begin_read() {
  check();
  snapshots_.fetch_add(1, std::memory_order_relaxed);
  return database_->GetSnapshot();
}

void Database::end_read(const rocksdb::Snapshot* snapshot) noexcept {
  if (inherited()) return;
  snapshots_.fetch_sub(1, std::memory_order_relaxed);
  database_->ReleaseSnapshot(snapshot);
}

void Database::begin_write(Deadline deadline) {
  check();
  if (!writers_.enter(deadline)) {
    throw Error(ErrorCode::busy, place_ + ": another thread is writing; try again later, or with a later deadline");
  }
  if (!poisoned_) return;
  writers_.leave();
  refuse();
}

void Database::commit(rocksdb::WriteBatchWithIndex& batch, Durability durability) {
  std::uint64_t commit = sync_.commits();
  if (batch.GetWriteBatch()->Count() > 0) {
    const rocksdb::Status status = database_->Write(rocksdb::WriteOptions(), batch.GetWriteBatch());
    if (!status.ok()) {
      const Error error = rocksdb_error(status, place_, "commit");
      poison(error.what());
      writers_.leave();
      throw Error(ErrorCode::io, error.what());
    }
    commit = sync_.committed();
  }
  // The log is in commit order and synced as a whole, so the next writer need not wait for this one's sync.
  writers_.leave();
  if (durability == Durability::sync) sync_through(commit);
}

void Database::abandon() noexcept {
  if (!inherited()) writers_.leave();
}

void Database::sync_through(std::uint64_t commit) {
  sync_.through(commit, [&] {
    check();
    const rocksdb::Status status = database_->SyncWAL();
    if (status.ok()) return;
    const Error error = rocksdb_error(status, place_, "sync the write-ahead log");
    poison(error.what());
    throw Error(ErrorCode::io, error.what());
  });
}

void Database::compact(Progress& progress) {
  check();
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  for (std::size_t group = 0; group < families_.size(); ++group) {
    if (!progress.advance("compact", group, families_.size())) return;
    const rocksdb::Status status = database_->CompactRange(options, families_[group], nullptr, nullptr);
    if (status.ok()) continue;
    const Error error = rocksdb_error(status, place_, "compact");
    poison(error.what());
    throw error;
  }
  progress.advance("compact", families_.size(), families_.size());
}

std::uint64_t Database::property(const std::string& name) const {
  std::uint64_t value = 0;
  return database_->GetAggregatedIntProperty(name, &value) ? value : 0;
}

EngineStatistics Database::statistics() {
  check();
  EngineStatistics statistics;
  statistics.file_bytes = platform::tree_bytes(directory_);
  statistics.live_bytes = property(rocksdb::DB::Properties::kEstimateLiveDataSize) +
                          property(rocksdb::DB::Properties::kCurSizeAllMemTables);
  statistics.readers = snapshots_;
  if (statistics.readers > 0) statistics.oldest_reader_process = platform::process_id();
  statistics.details["commits"] = std::to_string(sync_.commits());
  statistics.details["syncs"] = std::to_string(sync_.syncs());
  statistics.details["memtable_bytes"] = std::to_string(property(rocksdb::DB::Properties::kCurSizeAllMemTables));
  statistics.details["table_bytes"] = std::to_string(property(rocksdb::DB::Properties::kTotalSstFilesSize));
  return statistics;
}

}  // namespace strata::engine::lsm
