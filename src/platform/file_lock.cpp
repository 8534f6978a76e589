#include "platform/lock.hpp"
#include "platform/lock_descriptor.hpp"
#include "strata/error.hpp"

namespace strata::platform {

FileLock::FileLock(const std::string& path, std::uint64_t byte)
    : file_(std::make_unique<LockDescriptor>(path)), byte_(byte) {}

FileLock::~FileLock() { release(); }

bool FileLock::try_acquire(Kind kind) {
  if (!file_->usable()) {
    throw Error(ErrorCode::closed,
                "the lock " + file_->path() + " belongs to the parent of this process: open it again after fork()");
  }
  if (!file_->try_lock(kind, byte_)) return false;
  held_ = true;
  return true;
}

void FileLock::release() noexcept {
  if (held_ && file_->usable()) file_->unlock(byte_);
  held_ = false;
}

}  // namespace strata::platform
