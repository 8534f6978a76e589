#include "platform/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "platform/file.hpp"
#include "platform/os_error.hpp"

namespace strata::platform {

MappedFile::MappedFile(const std::string& path, std::size_t size) : path_(path), size_(size) {
  const File file(path, File::Mode::create);
  struct stat status {};
  if (::fstat(file.descriptor(), &status) != 0) throw os_error("examine", path, errno);
  identity_ = {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino)};
  constexpr std::uint64_t block_bytes = 512;  // the unit of st_blocks, whatever the file system's own is
  if (static_cast<std::uint64_t>(status.st_size) < size ||
      static_cast<std::uint64_t>(status.st_blocks) * block_bytes < size) {
    const int reason = ::posix_fallocate(file.descriptor(), 0, static_cast<off_t>(size));
    if (reason != 0) throw os_error("reserve space for", path, reason);
  }
  void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor(), 0);
  if (address == MAP_FAILED) throw os_error("map", path, errno);
  data_ = static_cast<std::byte*>(address);
}

MappedFile::~MappedFile() { ::munmap(data_, size_); }

bool MappedFile::attached() const noexcept {
  try {
    return identity_of(path_) == identity_;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace strata::platform
