// Tells descriptors of commits: one waiting thread for all subscriptions of a store that asked for one.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "commit/trunk.hpp"
#include "platform/event_descriptor.hpp"

namespace strata::follow {

/// Thread-safe. Its thread begins with the first line.
class CommitBell {
 public:
  using Line = platform::EventDescriptor;

  /// The one of the store that `trunk` belongs to.
  static std::shared_ptr<CommitBell> of(const std::shared_ptr<commit::Trunk>& trunk);
  explicit CommitBell(std::shared_ptr<commit::Trunk> trunk);
  ~CommitBell();
  CommitBell(const CommitBell&) = delete;
  CommitBell& operator=(const CommitBell&) = delete;

  /// A descriptor that is set after each commit, and at once.
  std::shared_ptr<Line> add();

 private:
  void ring();
  void ring_all();

  std::shared_ptr<commit::Trunk> trunk_;
  std::uint64_t fork_generation_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<Line>> lines_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace strata::follow
