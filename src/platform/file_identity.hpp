// What makes a file or directory one and the same, whatever path leads to it.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace strata::platform {

/// Device and inode. An inode may be used again after the file is gone, so compare only while something keeps it open.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};

/// Follows links and opens nothing. Throws `io`.
FileIdentity identity_of(const std::string& path);

}  // namespace strata::platform
