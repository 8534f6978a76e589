// stat(2) and fstat(2) for a library that takes its system calls from its user, and that remembers by device and inode
// which files this process has open and locked. A forked child inherits that memory, but not the locks.
#pragma once

namespace strata::platform {

/// Cast back to the types of the calls before use. In a forked child both report another device number than in its
/// parent, so that what the child opens itself is never taken for what it inherited.
struct FileStatusCalls {
  using Call = void (*)();
  Call stat;
  Call fstat;
};
FileStatusCalls file_status_calls() noexcept;

}  // namespace strata::platform
