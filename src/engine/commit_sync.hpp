// Syncs of a log that many commits share: whoever finds its commit on disk already, by another's sync, is done.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

namespace strata::engine {

class CommitSync {
 public:
  /// A commit has reached the log. Its number.
  std::uint64_t committed() { return ++committed_; }
  std::uint64_t commits() const { return committed_; }

  /// Returns when that commit and all before it are on disk. `sync` is called when they may not be, by one thread at a
  /// time, and must throw when it fails; when it has failed before, too.
  template <typename Sync>
  void through(std::uint64_t commit, Sync sync) {
    std::scoped_lock lock(mutex_);
    if (synced_ >= commit) return;
    const std::uint64_t reached = committed_;
    sync();
    synced_ = reached;
    ++syncs_;
  }
  std::uint64_t syncs() const { return syncs_; }

 private:
  std::atomic<std::uint64_t> committed_{0};
  std::mutex mutex_;
  std::uint64_t synced_ = 0;
  std::atomic<std::uint64_t> syncs_{0};
};

}  // namespace strata::engine
