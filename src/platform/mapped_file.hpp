// A shared mapping of a small file, for hints and slots that processes of one directory exchange.
#pragma once

#include <cstddef>
#include <string>

#include "platform/file_identity.hpp"

namespace strata::platform {

/// Maps `size` bytes of the file, shared and writable; creates or grows (never shrinks) it, new bytes being zero.
/// Throws `io`. The blocks are reserved, so that a full disk shows here and not as SIGBUS at the first store; a file
/// that someone truncates while it is mapped does end in SIGBUS.
class MappedFile {
 public:
  MappedFile(const std::string& path, std::size_t size);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  /// The path still leads to the file that is mapped here; false once it was deleted or replaced.
  bool attached() const noexcept;

 private:
  std::string path_;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  FileIdentity identity_;
};

}  // namespace strata::platform
