// Who has the directory of an engine for one process open: one process that writes, or several that only read.
#pragma once

#include <string>

#include "platform/lock.hpp"

namespace strata::engine {

struct OccupantOptions {
  std::string engine;  ///< The engine's name in sentences, `RocksDB`.
  bool read_only = false;
};

/// Holds the directory while it lives. The kernel lets go of it when the process dies.
class Occupant {
 public:
  /// `busy` when another process is in the way; the message names it.
  Occupant(const std::string& directory, const std::string& place, const OccupantOptions& options);

 private:
  platform::FileLock lock_;
};

}  // namespace strata::engine
