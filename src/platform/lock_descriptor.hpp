// A descriptor whose byte ranges are locked (fcntl F_OFD_SETLK), closed in every forked child.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "platform/lock.hpp"

namespace strata::platform {

/// Locks of two objects exclude each other, also within a process; locks of one object never do.
/// In a forked child nothing but destruction may be called, and that does nothing.
class LockDescriptor {
 public:
  /// Opens the file, and creates it when absent. Throws `io`.
  explicit LockDescriptor(const std::string& path);
  ~LockDescriptor();
  LockDescriptor(const LockDescriptor&) = delete;
  LockDescriptor& operator=(const LockDescriptor&) = delete;

  const std::string& path() const { return path_; }
  /// False in a forked child: its copy of the descriptor is closed, the number may be another file's.
  bool usable() const noexcept;
  bool try_lock(FileLock::Kind kind, std::uint64_t byte);
  void unlock(std::uint64_t byte) noexcept;
  /// A byte of [begin, end) that someone else holds; nothing when all are free.
  std::optional<std::uint64_t> taken(std::uint64_t begin, std::uint64_t end) const noexcept;

 private:
  std::string path_;
  std::uint64_t generation_;
  int descriptor_;
};

}  // namespace strata::platform
