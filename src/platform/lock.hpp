// Exclusion between processes by open-file-description locks (fcntl F_OFD_SETLK): the kernel frees them when the holder
// dies; closing another descriptor of the file does not. A child of fork() shares the description, so every lock
// descriptor is registered and closed in the child (process.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "platform/clock.hpp"

namespace strata::platform {

class LockDescriptor;

/// A lock on one byte of a file that is never deleted. Not for use by two threads at once. In a forked child the object
/// holds nothing, try_acquire() gives `closed`, and the parent's lock stays.
class FileLock {
 public:
  enum class Kind { shared, exclusive };
  /// Opens (and creates) the file; takes nothing yet. Bytes 1 to 4,294,967,295 are free to use beside a Gate.
  FileLock(const std::string& path, std::uint64_t byte);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  /// False when another process (or another FileLock) holds it against this kind. A held lock changes its kind; where
  /// that fails, the old kind stays.
  bool try_acquire(Kind kind);
  void release() noexcept;
  bool held() const { return held_; }

 private:
  std::unique_ptr<LockDescriptor> file_;
  std::uint64_t byte_;
  bool held_ = false;
};

/// The write gate of a store directory: at most one holder over all processes and threads.
///
/// Threads of one process queue first-in-first-out. Their first one stands for the process among the others: it takes
/// the gate (a lock on byte 0) when nobody waits, else it draws a ticket, which is a lock on the byte that the clock
/// names, and waits until no smaller ticket is locked and the gate is free. The kernel drops the tickets of the dead. A
/// waiter that leaves a free gate standing for 100 ms (a stopped process) is passed over until it draws a new ticket.
/// Whoever leaves wakes the smallest ticket through a futex word in `hint_path` (shared memory, a hint alone); behind
/// it stands a poll of at most 10 ms, since a dead holder wakes nobody.
class Gate {
 public:
  /// `lock_path` is created when absent and never deleted. `hint_path` is created when absent; without it, or with
  /// nonsense in it, entering is slower and less fair, and as exclusive. Throws `io`.
  Gate(const std::string& lock_path, const std::string& hint_path);
  ~Gate();

  class Pass;
  /// `busy` at the deadline, naming the holder's process id where known; `closed` in a forked child. A deadline in the
  /// past is a single try. Requires: the calling thread is not inside (it would wait for itself).
  std::unique_ptr<Pass> enter(SteadyTime deadline);
  /// How many others are waiting: threads of this process, and one for each other process. Costs system calls in
  /// proportion; 0 in a forked child.
  std::size_t waiting() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Holding the gate. Leaves it when destroyed, by any thread; in a forked child that does nothing.
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
