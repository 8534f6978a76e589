#include "platform/file_view.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "platform/file.hpp"
#include "platform/os_error.hpp"
#include "strata/error.hpp"

namespace strata::platform {
namespace {

FileStamp stamp_from(const struct stat& status) {
  constexpr std::int64_t second_ns = 1'000'000'000;
  return {{static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino)},
          static_cast<std::uint64_t>(status.st_size),
          status.st_mtim.tv_sec * second_ns + status.st_mtim.tv_nsec};
}

}  // namespace

std::optional<FileStamp> stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return stamp_from(status);
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw os_error("examine", path, errno);
}

FileView::FileView(const std::string& path) {
  const File file(path, File::Mode::read);
  struct stat status {};
  if (::fstat(file.descriptor(), &status) != 0) throw os_error("examine", path, errno);
  stamp_ = stamp_from(status);
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;  // an empty mapping is none
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.descriptor(), 0);
  if (address == MAP_FAILED) throw os_error("map", path, errno);
  data_ = static_cast<const char*>(address);
}

FileView::~FileView() {
  if (data_) ::munmap(const_cast<char*>(data_), size_);
}

}  // namespace strata::platform
