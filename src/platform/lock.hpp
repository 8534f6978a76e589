// Exclusion between processes by open-file-description locks (fcntl F_OFD_SETLK): the kernel frees them when the holder
// dies; closing another descriptor of the file does not. A child of fork() shares the description, so every lock
// descriptor is registered and closed in the child (fork_guard.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "platform/clock.hpp"

namespace strata::platform {

/// A lock on one byte of a file that is never deleted. Not for use by two threads at once.
class FileLock {
 public:
  enum class Kind { shared, exclusive };
  /// Opens (and creates) the file; takes nothing yet.
  FileLock(const std::string& path, std::uint64_t byte);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  /// False when another process (or another FileLock) holds it against this kind.
  bool try_acquire(Kind kind);
  void release() noexcept;
  bool held() const { return held_; }

 private:
  int descriptor_ = -1;
  std::uint64_t byte_;
  bool held_ = false;
};

/// The write gate of a store directory: at most one holder over all processes and threads.
///
/// Processes exclude each other by two byte locks of one file: the gate, and before it a turnstile, so that whoever
/// waited at the turnstile is next and the one who has just left cannot take the gate again ahead of it. Threads of one
/// process queue first-in-first-out in front of that. A futex word in `hint_path` (shared memory, a hint alone) is bumped on
/// release; behind it stands a poll of at most 10 ms, since a dead holder wakes nobody.
class Gate {
 public:
  /// `lock_path` is created when absent and never deleted. `hint_path` may be missing or damaged at any time.
  Gate(const std::string& lock_path, const std::string& hint_path);
  ~Gate();

  class Pass;
  /// `busy` at the deadline, naming the holder's process id where known; `closed` in a forked child.
  std::unique_ptr<Pass> enter(SteadyTime deadline);
  /// How many others (threads here, at least; processes where the hint tells) are waiting: for group commit to know.
  std::size_t waiting() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Holding the gate. Leaves it when destroyed.
class Gate::Pass {
 public:
  explicit Pass(std::shared_ptr<State> state);
  ~Pass();
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace strata::platform
