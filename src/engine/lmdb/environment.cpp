#include "engine/lmdb/environment.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "engine/lmdb/lmdb_error.hpp"
#include "platform/clock.hpp"
#include "platform/file.hpp"
#include "strata/error.hpp"

namespace strata::engine {
namespace {

constexpr std::array<const char*, space_groups> tree_names{"system", "log",     "ids",   "events",
                                                           "record", "derived", "local", "history"};
constexpr std::size_t map_bytes_least = std::size_t{1} << 20;
constexpr std::size_t idle_readers_max = 64;
constexpr int attempts_for_a_token = 8;
constexpr std::uint64_t first_pages_bytes = 8192;
constexpr std::chrono::seconds gate_timeout_at_open{2};

}  // namespace

Environment::Environment(const OpenRequest& request, const EnvironmentOptions& options)
    : directory_(request.directory),
      place_("lmdb:" + request.directory),
      options_(options),
      read_only_(request.read_only) {
  if (read_only_ && !platform::exists(platform::join(directory_, "data.mdb"))) {
    throw Error(ErrorCode::not_found, place_ + ": there is no store here; open it for writing once to make one");
  }
  idle_.reserve(idle_readers_max);
  try {
    occupancy_ = std::make_unique<Occupancy>(directory_, place_);
  } catch (const Error& error) {
    // On a read-only file system no one can write, so no one need be kept out; LMDB goes without locks there.
    if (!read_only_ || error.code() != ErrorCode::io) throw;
  }
  open_file();
  try {
    if (!open_trees(0) && read_only_) {
      throw Error(ErrorCode::not_found, place_ + ": the store was never finished; open it for writing once");
    }
  } catch (...) {
    close_file();
    throw;
  }
}

Environment::~Environment() { close_file(); }

void Environment::allow_writing(const std::string& store_directory) {
  unsigned flags = 0;
  mdb_env_get_flags(env_, &flags);
  if ((flags & MDB_RDONLY) != 0) {
    throw Error(ErrorCode::unsupported, place_ + " is open for reading alone in this process; close it there first");
  }
  if (gate_ == nullptr) {
    const std::string run = platform::join(store_directory, "run");
    platform::make_directories(run);
    gate_ = std::make_unique<platform::Gate>(platform::join(store_directory, "lock"), platform::join(run, "gate"));
  }
  if (open_trees(0)) return;
  const auto pass = gate_->enter(platform::steady_now() + gate_timeout_at_open);
  open_trees(MDB_CREATE);
  platform::sync_directory(directory_);
}

/// A file shorter than LMDB's two first pages is one whose making was cut short, as by a full disk: it holds nothing
/// yet.
void Environment::remove_unbegun_file() {
  const std::string path = platform::join(directory_, "data.mdb");
  if (read_only_ || !platform::exists(path)) return;
  const std::uint64_t bytes = platform::File(path, platform::File::Mode::read).size();
  if (bytes > 0 && bytes < first_pages_bytes) platform::remove_file(path);
}

void Environment::open_file() {
  remove_unbegun_file();
  std::size_t map_bytes = options_.map_bytes;
  int code = open_with_map(map_bytes);
  if (code == ENOMEM) {
    // Address space is limited. Take half of what could be had, so that the program keeps room as well.
    while (code == ENOMEM && map_bytes > map_bytes_least) code = open_with_map(map_bytes /= 2);
    if (code == 0) {
      close_file();
      code = open_with_map(std::max(map_bytes / 2, map_bytes_least));
    }
  }
  if (code == 0) code = mdb_reader_check(env_, nullptr);
  if (code != 0) fail(code, "open the file");
}

int Environment::open_with_map(std::size_t map_bytes) {
  unsigned flags = MDB_NOTLS | (options_.readahead ? 0u : MDB_NORDAHEAD);
  for (;;) {
    int code = mdb_env_create(&env_);
    if (code != 0) return code;
    if (code == 0) code = mdb_env_set_maxdbs(env_, space_groups);
    if (code == 0) code = mdb_env_set_maxreaders(env_, options_.readers);
    if (code == 0) code = mdb_env_set_mapsize(env_, map_bytes);
    if (code == 0) code = mdb_env_open(env_, directory_.c_str(), flags, 0600);
    if (code == 0) return code;
    mdb_env_close(env_);
    env_ = nullptr;
    const bool not_writable = code == EACCES || code == EROFS || code == EPERM;
    if (!read_only_ || !not_writable || (flags & MDB_RDONLY) != 0) return code;
    flags |= MDB_RDONLY;
  }
}

/// False when a tree is absent and `flags` do not say to make it.
bool Environment::open_trees(unsigned flags) {
  if (trees_open_) return true;
  const bool making = (flags & MDB_CREATE) != 0;
  MDB_txn* transaction = nullptr;
  int code = mdb_txn_begin(env_, nullptr, making ? 0 : MDB_RDONLY, &transaction);
  if (code != 0) fail(code, "open the trees");
  for (std::size_t group = 0; group < space_groups && code == 0; ++group) {
    code = mdb_dbi_open(transaction, tree_names[group], flags, &trees_[group]);
  }
  if (code != 0) {
    mdb_txn_abort(transaction);
    if (code == MDB_NOTFOUND) return false;
    fail_write(code, "open the trees");
  }
  code = mdb_txn_commit(transaction);
  if (code != 0) fail_write(code, "make the trees");
  trees_open_ = true;
  return true;
}

const char* Environment::tree_name(std::size_t group) { return tree_names[group]; }

void Environment::close_file() noexcept {
  for (MDB_txn* transaction : idle_) mdb_txn_abort(transaction);
  idle_.clear();
  if (env_ != nullptr) mdb_env_close(env_);
  env_ = nullptr;
  trees_open_ = false;
}

/// Another process, whose map is larger, has written beyond ours. LMDB can neither map anew under a transaction, nor
/// survive a map that fails, so the whole environment is opened again.
void Environment::adopt_larger_map() {
  std::scoped_lock lock(mutex_);
  if (live_ != 0) fail(MDB_MAP_RESIZED, "read");
  try {
    close_file();
    open_file();
    if (!open_trees(0)) fail(MDB_CORRUPTED, "open the trees");
  } catch (...) {
    close_file();
    poison(ENOMEM, "map the file that another process made larger");
    throw;
  }
}

MDB_txn* Environment::enter(bool reading) {
  std::scoped_lock lock(mutex_);
  if (env_ == nullptr) refuse_poisoned();
  ++live_;
  if (!reading || idle_.empty()) return nullptr;
  MDB_txn* transaction = idle_.back();
  idle_.pop_back();
  return transaction;
}

void Environment::leave() noexcept {
  std::scoped_lock lock(mutex_);
  --live_;
}

/// LMDB notes the number of the newest state, then copies its roots from one of two places that take turns. One that is
/// kept waiting in between, for as long as two commits take, has the roots of a later state under the number of an
/// earlier one. Where no later state is there after the copy, the place cannot have been written to before it.
bool Environment::is_the_newest(MDB_txn* transaction) const {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  MDB_envinfo info;
  mdb_env_info(env_, &info);
  return info.me_last_txnid == mdb_txn_id(transaction);
}

Environment::Reading Environment::begin_read() {
  check();
  int attempts = 0;
  for (bool swept = false;;) {
    MDB_txn* transaction = enter(true);
    const bool pooled = transaction != nullptr;
    int code = pooled ? mdb_txn_renew(transaction) : mdb_txn_begin(env_, nullptr, MDB_RDONLY, &transaction);
    if (code == 0) {
      if (is_the_newest(transaction)) return {transaction, mdb_txn_id(transaction)};
      // Or a writer died just before it made its state known: then the number tells nothing for a while.
      if (++attempts == attempts_for_a_token) return {transaction, 0};
      end_read(transaction);
      continue;
    }
    if (pooled) mdb_txn_abort(transaction);
    if (code == MDB_READERS_FULL && !swept) {
      swept = true;
      code = mdb_reader_check(env_, nullptr);
      leave();
      if (code != 0) fail(code, "clear the slots of dead readers");
      continue;
    }
    leave();
    if (code != MDB_MAP_RESIZED) fail(code, "take a snapshot");
    adopt_larger_map();
  }
}

void Environment::end_read(MDB_txn* transaction) noexcept {
  mdb_txn_reset(transaction);
  {
    std::scoped_lock lock(mutex_);
    if (idle_.size() < idle_readers_max) {
      idle_.push_back(transaction);
      --live_;
      return;
    }
  }
  mdb_txn_abort(transaction);
  leave();
}

std::unique_ptr<platform::Gate::Pass> Environment::enter_gate(Deadline deadline) {
  check();
  auto pass = gate_->enter(deadline);
  check();
  return pass;
}

MDB_txn* Environment::begin_write() {
  for (;;) {
    enter(false);
    MDB_txn* transaction = nullptr;
    const int code = mdb_txn_begin(env_, nullptr, 0, &transaction);
    if (code == 0) return transaction;
    leave();
    if (code != MDB_MAP_RESIZED) fail_write(code, "begin to write");
    adopt_larger_map();
  }
}

void Environment::abandon_write(MDB_txn* transaction) noexcept {
  mdb_txn_abort(transaction);
  leave();
}

void Environment::commit_write(MDB_txn* transaction, Durability durability) {
  // The flag belongs to the environment, and this thread alone commits in it: it holds the gate.
  const bool relaxed = durability == Durability::relaxed;
  if (relaxed) mdb_env_set_flags(env_, MDB_NOMETASYNC, 1);
  const int code = mdb_txn_commit(transaction);
  if (relaxed) mdb_env_set_flags(env_, MDB_NOMETASYNC, 0);
  leave();
  if (code == 0) return;
  poison(code, "commit");
  throw Error(ErrorCode::io, lmdb_error(code, place_, "commit").what());
}

void Environment::flush() {
  Use use(*this);
  const int code = mdb_env_sync(env_, 1);
  if (code == 0) return;
  poison(code, "flush");
  throw Error(ErrorCode::io, lmdb_error(code, place_, "flush").what());
}

void Environment::sweep_readers() {
  check();
  const auto now = platform::steady_now().time_since_epoch();
  auto before = swept_at_.load(std::memory_order_relaxed);
  if (now < std::chrono::steady_clock::duration(before) + std::chrono::seconds(1)) return;
  if (!swept_at_.compare_exchange_strong(before, now.count(), std::memory_order_relaxed)) return;
  Use use(*this);
  const int code = mdb_reader_check(env_, nullptr);
  if (code != 0) fail(code, "clear the slots of dead readers");
}

void Environment::fail(int code, const char* operation) const { throw lmdb_error(code, place_, operation); }

void Environment::fail_write(int code, const char* operation) {
  if (lmdb_error(code, place_, operation).code() == ErrorCode::io) poison(code, operation);
  fail(code, operation);
}

void Environment::poison(int code, const char* operation) noexcept {
  if (poisoned_.load(std::memory_order_acquire)) return;
  std::scoped_lock lock(poison_mutex_);
  poison_code_ = code;
  poison_operation_ = operation;
  poisoned_.store(true, std::memory_order_release);
}

void Environment::refuse_poisoned() const {
  std::scoped_lock lock(poison_mutex_);
  throw Error(ErrorCode::io, "unusable since a failure, until every handle of this process on it is closed; then " +
                                 std::string(lmdb_error(poison_code_, place_, poison_operation_).what()));
}

}  // namespace strata::engine
