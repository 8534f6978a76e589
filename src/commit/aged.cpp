#include "commit/aged.hpp"

#include "strata/error.hpp"

namespace strata::commit {

bool Aged::expire(platform::SteadyTime now) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock() || now < until_) return false;
  if (!gone_) let_go_();
  gone_ = true;
  return true;
}

void Aged::cancel() {
  const std::lock_guard lock(mutex_);
  gone_ = true;
}

void Aged::too_old() {
  if (!gone_) let_go_();
  gone_ = true;
  throw Error(ErrorCode::limit_exceeded,
              "the snapshot is older than snapshot_age_max and was let go; take a new one, or open the store with a "
              "higher limit");
}

}  // namespace strata::commit
