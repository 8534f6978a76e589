#include "platform/lock_descriptor.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "platform/os_error.hpp"
#include "platform/process.hpp"

namespace strata::platform {
namespace {

struct flock byte_range(short type, std::uint64_t begin, std::uint64_t bytes) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(begin);
  range.l_len = static_cast<off_t>(bytes);
  return range;
}

}  // namespace

LockDescriptor::LockDescriptor(const std::string& path)
    : path_(path), generation_(fork_generation()), descriptor_(open_closed_in_child(path, O_RDWR | O_CREAT)) {}

LockDescriptor::~LockDescriptor() {
  if (usable()) close_and_forget(descriptor_);
}

bool LockDescriptor::usable() const noexcept { return generation_ == fork_generation(); }

bool LockDescriptor::try_lock(FileLock::Kind kind, std::uint64_t byte) {
  struct flock range = byte_range(kind == FileLock::Kind::shared ? F_RDLCK : F_WRLCK, byte, 1);
  if (::fcntl(descriptor_, F_OFD_SETLK, &range) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  throw os_error("lock", path_, errno);
}

void LockDescriptor::unlock(std::uint64_t byte) noexcept {
  struct flock range = byte_range(F_UNLCK, byte, 1);
  ::fcntl(descriptor_, F_OFD_SETLK, &range);
}

std::optional<std::uint64_t> LockDescriptor::taken(std::uint64_t begin, std::uint64_t end) const noexcept {
  if (begin >= end) return std::nullopt;
  struct flock range = byte_range(F_WRLCK, begin, end - begin);
  if (::fcntl(descriptor_, F_OFD_GETLK, &range) != 0 || range.l_type == F_UNLCK) return std::nullopt;
  return std::max(begin, static_cast<std::uint64_t>(range.l_start));
}

}  // namespace strata::platform
