#include "engine/sqlite/database.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "platform/clock.hpp"
#include "platform/process.hpp"

namespace strata::engine::sqlite {
namespace {

using std::chrono::milliseconds;

/// Stands in the header of the file, so that another program's database is told from ours: "Stra".
constexpr std::int64_t application_id = 0x53747261;
constexpr std::int64_t layout_version = 1;

constexpr milliseconds open_patience{2000};
constexpr milliseconds snapshot_patience{2000};
constexpr milliseconds compact_patience{10000};
/// How long a checkpoint waits for the gate, and then for readers, before it leaves the log to grow on.
constexpr milliseconds restart_gate_patience{5};
constexpr milliseconds restart_reader_patience{3};
constexpr milliseconds restart_reader_patience_max{50};
constexpr milliseconds compact_reader_patience{1000};

constexpr std::uint64_t restart_factor = 4;
constexpr std::uint64_t maintain_fraction = 4;
constexpr std::size_t idle_connections_max = 32;
constexpr std::size_t idle_connections_kept = 4;
constexpr std::uint64_t reader_cache_fraction = 8;

/// No commit has reached the log since it was made. Nothing here truncates the log to nothing while someone has it
/// open, so this state, once left, does not come back.
constexpr std::uint64_t token_of_unwritten_log = 1;

}  // namespace

Database::Database(const OpenRequest& request, const DatabaseOptions& options)
    : directory_(request.directory),
      path_(platform::join(request.directory, "strata.sqlite3")),
      place_("sqlite:" + request.directory),
      options_(options),
      wal_pages_due_(std::max<std::uint64_t>(options.wal_bytes / page_bytes, 1)),
      checkpoint_at_pages_(wal_pages_due_) {
  if (!request.read_only) return;
  if (!platform::exists(path_)) {
    throw Error(ErrorCode::not_found, place_ + ": there is no store here; open it for writing once to make one");
  }
  auto connection = connect(Role::reading);
  if (!recognise(*connection)) {
    throw Error(ErrorCode::not_found, place_ + ": the store was never finished; open it for writing once");
  }
  idle_.push_back(connection.get());
  connections_.push_back(std::move(connection));
}

Database::~Database() {
  if (inherited() || !poisoned_) return;
  // What could not be written must not be taken for written now: the next opener recovers from the log as it lies
  // there.
  for (auto& connection : connections_) connection->keep_log_at_close();
  if (writer_) writer_->keep_log_at_close();
}

std::unique_ptr<Connection> Database::connect(Role role) const {
  ConnectionOptions options;
  options.path = path_;
  options.place = place_;
  options.read_only = role == Role::reading && !writable_;
  options.create = role == Role::creating;
  options.cache_bytes = role == Role::reading ? options_.cache_bytes / reader_cache_fraction : options_.cache_bytes;
  options.mmap_bytes = options_.mmap_bytes;
  options.wal_bytes_kept = options_.wal_bytes;
  options.patience = open_patience;
  return std::make_unique<Connection>(options);
}

/// True when it is a database of ours, false when it is still empty.
bool Database::recognise(Connection& connection) const {
  const std::int64_t id = connection.number("PRAGMA application_id", "read the header");
  const std::int64_t version = connection.number("PRAGMA user_version", "read the header");
  if (id == application_id && version == layout_version) return true;
  if (id == application_id) {
    throw Error(ErrorCode::unsupported,
                place_ + ": its layout " + std::to_string(version) + " is newer than this program; use a newer Strata");
  }
  if (id == 0 && connection.number("SELECT count(*) FROM sqlite_schema", "read the schema") == 0) return false;
  throw Error(ErrorCode::unsupported, path_ + " is a database of another program; open another directory");
}

void Database::allow_writing(const std::string& store_directory) {
  std::scoped_lock lock(opening_mutex_);
  if (writable_) return;
  if (gate_ == nullptr) {
    const std::string run = platform::join(store_directory, "run");
    platform::make_directories(run);
    gate_ = std::make_unique<platform::Gate>(platform::join(store_directory, "lock"), platform::join(run, "gate"));
  }
  try {
    open_writer();
  } catch (...) {
    writer_.reset();
    throw;
  }
  // Reading has made SQLite create the log, which stays until the last connection of all processes closes.
  log_ = platform::File(path_ + "-wal", platform::File::Mode::read_write);
  platform::sync_directory(directory_);
  writable_ = true;
}

void Database::open_writer() {
  if (platform::exists(path_)) {
    writer_ = connect(Role::writing);
    if (recognise(*writer_)) return;
  }
  const auto pass = gate_->enter(platform::steady_now() + open_patience);
  writer_ = connect(Role::creating);
  if (recognise(*writer_)) return;
  writer_->execute("PRAGMA journal_mode=WAL", "make the database");
  writer_->begin_write();
  for (std::size_t group = 0; group < space_groups; ++group) {
    writer_->execute(table_definition(static_cast<SpaceGroup>(group)), "make a table");
  }
  writer_->execute("PRAGMA application_id=" + std::to_string(application_id) +
                       "; PRAGMA user_version=" + std::to_string(layout_version),
                   "write the header");
  writer_->commit();
  sync_.committed();
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
  bond_.check(place_);
  std::scoped_lock lock(reason_mutex_);
  throw Error(ErrorCode::io, place_ +
                                 " is stopped since a write failed; close it everywhere in this process and open it "
                                 "again. The failure: " +
                                 reason_);
}

Connection* Database::borrow() {
  {
    std::scoped_lock lock(pool_mutex_);
    if (!idle_.empty()) {
      Connection* connection = idle_.back();
      idle_.pop_back();
      return connection;
    }
  }
  auto made = connect(Role::reading);
  Connection* connection = made.get();
  std::scoped_lock lock(pool_mutex_);
  connections_.push_back(std::move(made));
  idle_.reserve(connections_.size());  // so that giving back needs no memory
  return connection;
}

void Database::give_back(Connection* connection) noexcept {
  {
    std::scoped_lock lock(pool_mutex_);
    if (idle_.size() < idle_connections_max) {
      idle_.push_back(connection);
      return;
    }
  }
  drop(connection);
}

void Database::drop(Connection* connection) noexcept {
  std::unique_ptr<Connection> dropped;
  std::scoped_lock lock(pool_mutex_);
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [&](const auto& candidate) { return candidate.get() == connection; });
  if (found == connections_.end()) return;
  dropped = std::move(*found);
  connections_.erase(found);
}

Database::Pinned Database::begin_read() {
  check();
  Connection* connection = borrow();
  try {
    connection->set_patience(snapshot_patience);
    connection->begin_read();
    std::uint64_t token = connection->state_hash();
    if (token != 0) {
      if (!log_seen_.load(std::memory_order_relaxed)) log_seen_ = true;
    } else if (!log_seen_) {
      token = token_of_unwritten_log;
    }
    snapshots_.fetch_add(1, std::memory_order_relaxed);
    return {connection, token};
  } catch (...) {
    drop(connection);
    throw;
  }
}

void Database::end_read(Connection* connection) noexcept {
  if (inherited()) return;
  snapshots_.fetch_sub(1, std::memory_order_relaxed);
  if (connection->end_read()) {
    give_back(connection);
  } else {
    drop(connection);
  }
}

Database::Turn Database::begin_write(Deadline deadline) {
  check();
  Turn turn;
  turn.pass = gate_->enter(deadline);
  check();
  writer_->set_patience(std::max(deadline - platform::steady_now(), Deadline::duration::zero()));
  writer_->begin_write();
  turn.connection = writer_.get();
  return turn;
}

void Database::commit(Turn& turn, Durability durability, bool changed) {
  Connection& connection = *std::exchange(turn.connection, nullptr);
  try {
    connection.commit();
  } catch (const Error& error) {
    poison(error.what());
    connection.rollback();
    turn.pass.reset();
    throw Error(ErrorCode::io, error.what());
  }
  if (changed) wal_pages_ = connection.wal_pages();
  const std::uint64_t commit = changed ? sync_.committed() : sync_.commits();
  // Whoever holds the gate answers for others before it leaves, so the gate is kept until what was committed is on
  // disk.
  const std::unique_ptr<platform::Gate::Pass> pass = std::move(turn.pass);
  if (durability == Durability::sync) sync_through(commit);
  checkpoint_if_due(checkpoint_at_pages_);
}

void Database::abandon(Turn& turn) noexcept {
  if (inherited() || turn.connection == nullptr) return;
  if (!turn.connection->rollback()) poison("a rollback failed");
  turn.connection = nullptr;
  turn.pass.reset();
}

void Database::sync_through(std::uint64_t commit) {
  sync_.through(commit, [&] {
    check();
    try {
      log_.sync();
    } catch (const Error& error) {
      poison(error.what());
      throw;
    }
  });
}

void Database::checkpoint_if_due(std::uint64_t pages_least) noexcept {
  const std::uint64_t pages = wal_pages_;
  if (pages < wal_pages_due_) checkpoint_at_pages_ = wal_pages_due_;
  if (pages < pages_least) return;
  std::unique_lock lock(checkpoint_mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  try {
    checkpoint();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::busy) poison(error.what());
  } catch (const std::exception& error) {
    poison(error.what());
  }
}

/// Copies what it can while others write; where that alone does not let the log start anew, stops the writers for the
/// little that they added meanwhile. Requires: checkpoint_mutex_.
void Database::checkpoint() {
  Connection* connection = borrow();
  try {
    auto result = connection->checkpoint(false);
    ++checkpoints_;
    checkpoint_at_pages_ = result.wal_pages + wal_pages_due_;
    const auto overgrowth = static_cast<std::int64_t>(result.wal_pages / (restart_factor * wal_pages_due_));
    if (overgrowth > 0) {
      const auto pass = gate_->enter(platform::steady_now() + restart_gate_patience);
      connection->set_patience(
          std::min<milliseconds>(restart_reader_patience * overgrowth, restart_reader_patience_max));
      result = connection->checkpoint(true);
    }
  } catch (...) {
    drop(connection);
    throw;
  }
  give_back(connection);
}

void Database::maintain() {
  check();
  if (writable_) checkpoint_if_due(std::min<std::uint64_t>(wal_pages_due_ / maintain_fraction, checkpoint_at_pages_));
  std::vector<std::unique_ptr<Connection>> surplus;
  std::scoped_lock lock(pool_mutex_);
  while (idle_.size() > idle_connections_kept) {
    Connection* oldest = idle_.front();
    idle_.erase(idle_.begin());
    const auto found = std::find_if(connections_.begin(), connections_.end(),
                                    [&](const auto& candidate) { return candidate.get() == oldest; });
    surplus.push_back(std::move(*found));
    connections_.erase(found);
  }
}

void Database::compact(Progress& progress) {
  check();
  if (!writable_) throw Error(ErrorCode::unsupported, place_ + " is open for reading alone; open it for writing");
  {
    const auto pass = gate_->enter(platform::steady_now() + compact_patience);
    check();
    writer_->set_patience(compact_reader_patience);
    try {
      if (!rewrite(progress)) return;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::busy && error.code() != ErrorCode::limit_exceeded) poison(error.what());
      throw;
    }
    wal_pages_ = 0;
  }
  sync_through(sync_.committed());
}

/// Requires: the gate. False when `progress` asked to stop.
bool Database::rewrite(Progress& progress) {
  const auto pages = static_cast<std::uint64_t>(writer_->number("PRAGMA page_count", "count the pages"));
  const auto unused = static_cast<std::uint64_t>(writer_->number("PRAGMA freelist_count", "count the pages"));
  const std::uint64_t bytes_wanted = 2 * (pages - unused) * page_bytes;
  if (platform::free_bytes(directory_) < bytes_wanted) {
    throw Error(ErrorCode::limit_exceeded, place_ + ": the disk has no room to rewrite the store; free " +
                                               std::to_string(bytes_wanted) + " bytes");
  }
  if (!progress.advance("rewrite", 0, pages)) return false;
  if (!writer_->vacuum([&] { return progress.advance("rewrite", 0, pages); })) return false;
  progress.advance("rewrite", pages, pages);
  // The file itself shrinks at a checkpoint, the log when it is next begun anew.
  writer_->checkpoint(true);
  writer_->execute("PRAGMA journal_size_limit=0; PRAGMA user_version=" + std::to_string(layout_version) +
                       "; PRAGMA journal_size_limit=" + std::to_string(options_.wal_bytes),
                   "shrink the log");
  return true;
}

EngineStatistics Database::statistics() {
  check();
  EngineStatistics statistics;
  Connection* connection = borrow();
  try {
    const auto pages = static_cast<std::uint64_t>(connection->number("PRAGMA page_count", "count the pages"));
    const auto unused = static_cast<std::uint64_t>(connection->number("PRAGMA freelist_count", "count the pages"));
    statistics.live_bytes = (pages - unused) * page_bytes;
    statistics.free_bytes = unused * page_bytes;
  } catch (...) {
    drop(connection);
    throw;
  }
  give_back(connection);
  statistics.file_bytes = platform::tree_bytes(directory_);
  statistics.readers = snapshots_;
  if (statistics.readers > 0) statistics.oldest_reader_process = platform::process_id();
  statistics.details["wal_pages"] = std::to_string(wal_pages_);
  statistics.details["commits"] = std::to_string(sync_.commits());
  statistics.details["syncs"] = std::to_string(sync_.syncs());
  statistics.details["checkpoints"] = std::to_string(checkpoints_);
  std::scoped_lock lock(pool_mutex_);
  statistics.details["connections"] = std::to_string(connections_.size());
  return statistics;
}

}  // namespace strata::engine::sqlite
