// The file of a text index, and this process's connections to it. Where it cannot be, a private database stands in.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "view/text/connection.hpp"

namespace strata::view::text {

/// Thread-safe; held by a shared_ptr, which its leases share.
class IndexFile : public std::enable_shared_from_this<IndexFile> {
 public:
  /// Empty: private from the start. Opens nothing yet.
  explicit IndexFile(std::string directory);

  /// A connection for one thread. Goes back when destroyed.
  class Lease {
   public:
    Lease(std::shared_ptr<IndexFile> file, std::unique_ptr<Connection> connection)
        : file_(std::move(file)), connection_(std::move(connection)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    std::shared_ptr<IndexFile> file_;
    std::unique_ptr<Connection> connection_;
  };
  /// `busy` when the private database's only connection stays in use (at once when it is this thread that uses it), or
  /// another process does not finish opening; `closed` in a forked child. BrokenFile when the file is damaged and
  /// cannot be made anew.
  Lease take();

  /// The connection has found the file damaged: it goes, unless it has gone already. The next take() makes it anew.
  void discard(const Connection& broken);

  bool is_shared();
  /// Why a private database stands in; empty when none does, or was asked for.
  std::string trouble();
  std::uint64_t file_bytes();

 private:
  std::unique_ptr<Connection> take_shared();
  std::unique_ptr<Connection> open();
  std::unique_ptr<Connection> open_shared();
  std::unique_ptr<Connection> connect();
  std::unique_ptr<Connection> take_private(std::unique_lock<std::mutex>& lock);
  void give_back(std::unique_ptr<Connection> connection) noexcept;
  void remove_files() const;

  const std::string directory_;
  const std::string path_;
  const std::uint64_t fork_generation_;
  std::mutex mutex_;
  bool private_;
  std::string trouble_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t in_use_ = 0;   ///< Connections to the shared file that are out.
  Connection::Files files_;  ///< Of the newest of them.
  bool private_exists_ = false;
  std::thread::id private_user_;
  std::condition_variable returned_;
};

}  // namespace strata::view::text
