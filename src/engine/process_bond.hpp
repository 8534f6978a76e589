// A handle belongs to the process that made it: a child of fork() must neither use nor release what it inherited.
#pragma once

#include <string>
#include <string_view>

#include "platform/process.hpp"
#include "strata/error.hpp"

namespace strata::engine {

class ProcessBond {
 public:
  /// True in a child that inherited the handle. A destructor then leaves everything as it is.
  bool inherited() const noexcept { return platform::fork_generation() != generation_; }
  /// `closed` in a child that inherited the handle.
  void check(std::string_view place) const {
    if (inherited()) refuse(place);
  }

 private:
  [[noreturn]] static void refuse(std::string_view place) {
    throw Error(ErrorCode::closed,
                std::string(place) + " was opened by the parent of this process; open it again here");
  }

  std::uint64_t generation_ = platform::fork_generation();
};

}  // namespace strata::engine
