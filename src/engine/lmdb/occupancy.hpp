// Who uses an LMDB directory: two things that LMDB itself cannot bear are refused here.
//
// LMDB tells readers apart by process id, so processes of different pid namespaces would clear each other's slots. And
// a second copy of this library in one process would open and close LMDB's lock file a second time, which drops the
// process's POSIX locks on it and lets the next opener reset the reader table under live readers.
//
// Both are seen by open-file-description locks on a file of our own. The kernel frees them when a process dies, so
// nothing goes stale; and they exclude each other within a process too, whatever copy of the library takes them, which
// no variable of a library could.
#pragma once

#include <memory>
#include <string>

#include "platform/lock.hpp"

namespace strata::engine {

/// Being a user of the directory, while it lives. At most one in a process.
class Occupancy {
 public:
  /// `place` is for messages. `unsupported` when processes of another pid namespace use the directory, or another copy
  /// of this library in this process does; `busy` when another process is stuck on its way in.
  Occupancy(const std::string& directory, const std::string& place);

 private:
  platform::FileLock users_;  // shared: held by every user
  platform::FileLock self_;   // exclusive, on a byte numbered by the process id
};

}  // namespace strata::engine
