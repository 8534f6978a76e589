// A shared mapping of a small file, for hints and slots that processes of one directory exchange.
#pragma once

#include <cstddef>
#include <string>

namespace strata::platform {

/// Maps `size` bytes of the file, shared and writable; creates or grows (never shrinks) it. Throws `io`.
class MappedFile {
 public:
  MappedFile(const std::string& path, std::size_t size);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace strata::platform
