// Who has a RocksDB directory open: one process that writes, or several that only read.
#pragma once

#include <string>

#include "platform/lock.hpp"

namespace strata::engine::lsm {

/// Holds the directory while it lives. The kernel lets go of it when the process dies.
class Occupant {
 public:
  /// `busy` when another process is in the way; the message names it.
  Occupant(const std::string& directory, const std::string& place, bool read_only);

 private:
  platform::FileLock lock_;
};

}  // namespace strata::engine::lsm
