#include "commit/epoch.hpp"

namespace strata::commit {

Error unfinished_copy() {
  return {ErrorCode::unsupported,
          "the store holds an unfinished copy of another one; run the same `strata copy` again to go on with it, or "
          "delete the store"};
}

void check_epoch(const codec::Head& head, std::uint64_t expected) {
  if (head.epoch == expected) return;
  if (head.epoch == filling_epoch) throw unfinished_copy();
  throw Error(ErrorCode::closed, "the store has moved to another engine meanwhile; open it again");
}

}  // namespace strata::commit
