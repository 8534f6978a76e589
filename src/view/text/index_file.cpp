#include "view/text/index_file.hpp"

#include <chrono>
#include <utility>

#include "platform/clock.hpp"
#include "platform/file.hpp"
#include "platform/lock.hpp"
#include "platform/process.hpp"

namespace strata::view::text {
namespace {

constexpr std::size_t idle_max = 4;
constexpr std::chrono::seconds patience{2};
constexpr std::uint64_t opening_byte = 1;
constexpr int attempts_max = 3;

/// Who opens the file, or takes it away, is alone: else one could take away what another has just made.
class OpeningLock {
 public:
  explicit OpeningLock(const std::string& directory) : lock_(platform::join(directory, "lock"), opening_byte) {
    const platform::SteadyTime until = platform::steady_now() + patience;
    while (!lock_.try_acquire(platform::FileLock::Kind::exclusive)) {
      if (platform::steady_now() >= until) {
        throw Error(ErrorCode::busy, "another process does not finish opening the text index in " + directory +
                                         "; try again later, or end that process");
      }
      platform::sleep_until(platform::steady_now() + std::chrono::milliseconds(1));
    }
  }

 private:
  platform::FileLock lock_;
};

}  // namespace

IndexFile::IndexFile(std::string directory)
    : directory_(std::move(directory)),
      path_(directory_.empty() ? std::string() : platform::join(directory_, "index.sqlite")),
      fork_generation_(platform::fork_generation()),
      private_(directory_.empty()) {}

IndexFile::Lease::~Lease() {
  if (file_ && connection_) file_->give_back(std::move(connection_));
}

IndexFile::Lease IndexFile::take() {
  if (platform::fork_generation() != fork_generation_) {
    throw Error(ErrorCode::closed,
                "the text index was opened by the parent of this process; open the store again here");
  }
  std::unique_lock lock(mutex_);
  if (!private_) {
    if (auto connection = take_shared()) {
      ++in_use_;
      return {shared_from_this(), std::move(connection)};
    }
  }
  return {shared_from_this(), take_private(lock)};
}

/// Nothing when a private database stands in from now on.
std::unique_ptr<Connection> IndexFile::take_shared() {
  while (!idle_.empty()) {
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    if (connection->is_displaced()) continue;
    if (!connection->lost_its_log()) return connection;
    // Others may have the same database with another log by now: all of it is taken away, and everyone notices.
    const OpeningLock alone(directory_);
    if (!connection->is_displaced()) remove_files();
  }
  return open();
}

std::unique_ptr<Connection> IndexFile::take_private(std::unique_lock<std::mutex>& lock) {
  if (!private_exists_) {
    auto connection = std::make_unique<Connection>("");
    private_exists_ = true;
    private_user_ = std::this_thread::get_id();
    return connection;
  }
  const bool own = idle_.empty() && private_user_ == std::this_thread::get_id();  // nobody else would give it back
  if (own || !returned_.wait_for(lock, patience, [&] { return !idle_.empty() || !private_exists_; })) {
    throw Error(ErrorCode::busy, "the private text index stays in use; let its readings go sooner");
  }
  if (!private_exists_) return take_private(lock);
  private_user_ = std::this_thread::get_id();
  std::unique_ptr<Connection> connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

std::unique_ptr<Connection> IndexFile::open() {
  try {
    platform::make_directories(directory_);
    if (const auto network = platform::network_file_system(directory_)) {
      throw Error(ErrorCode::io, directory_ + " is on " + *network + ", where processes cannot share a text index");
    }
    return open_shared();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::io) throw;
    private_ = true;
    trouble_ = error.what();
    return nullptr;
  }
}

std::unique_ptr<Connection> IndexFile::open_shared() {
  const OpeningLock alone(directory_);
  // A log without its database is of one that was taken away; its users still have it, under no name.
  if (!platform::exists(path_)) remove_files();
  for (int attempt = 1;; ++attempt) {
    try {
      return connect();
    } catch (const BrokenFile&) {
      if (attempt == attempts_max) throw;
      remove_files();
    }
  }
}

std::unique_ptr<Connection> IndexFile::connect() {
  auto connection = std::make_unique<Connection>(path_);
  if (sqlite3_db_readonly(connection->handle(), "main") != 0) {
    throw Error(ErrorCode::io, path_ + " cannot be written; see to its permissions");
  }
  Statement(*connection, "SELECT count(*) FROM sqlite_schema").run();
  const Connection::Files files = connection->note_files();
  // Connections of one process to one database share its log's index, whatever the path leads to.
  if (in_use_ > 0 && files.database == files_.database && files != files_) {
    throw BrokenFile("the text index " + path_ + " has lost its log; it will be made anew");
  }
  files_ = files;
  return connection;
}

void IndexFile::remove_files() const {
  for (const char* part : {"", "-wal", "-shm", "-journal"}) platform::remove_file(path_ + part);
}

void IndexFile::discard(const Connection& broken) {
  const std::lock_guard lock(mutex_);
  if (broken.is_private()) return;
  const OpeningLock alone(directory_);
  if (!broken.is_displaced()) remove_files();
}

void IndexFile::give_back(std::unique_ptr<Connection> connection) noexcept {
  if (connection->inherited()) return;
  connection->rollback();
  const bool stuck = connection->in_transaction();
  const std::lock_guard lock(mutex_);
  if (!connection->is_private()) --in_use_;
  if (connection->is_private()) {
    if (stuck) {
      private_exists_ = false;
    } else {
      idle_.push_back(std::move(connection));
    }
    returned_.notify_one();
  } else if (!stuck && idle_.size() < idle_max) {
    idle_.push_back(std::move(connection));
  }
}

bool IndexFile::is_shared() {
  const std::lock_guard lock(mutex_);
  return !private_;
}

std::string IndexFile::trouble() {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

std::uint64_t IndexFile::file_bytes() {
  const std::lock_guard lock(mutex_);
  return private_ || !platform::is_directory(directory_) ? 0 : platform::tree_bytes(directory_);
}

}  // namespace strata::view::text
