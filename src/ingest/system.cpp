#include "ingest/system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "strata/error.hpp"

namespace strata::ingest {
namespace {

[[noreturn]] void refuse(const std::string& what, int number) {
  const ErrorCode code = number == ENOENT || number == ENOTDIR ? ErrorCode::not_found : ErrorCode::io;
  throw Error(code, what + ": " + std::strerror(number));
}

FileStatus status_from(const struct stat& found) {
  FileStatus status;
  status.kind = S_ISREG(found.st_mode)   ? FileKind::regular
                : S_ISDIR(found.st_mode) ? FileKind::directory
                : S_ISLNK(found.st_mode) ? FileKind::symbolic_link
                                         : FileKind::other;
  status.size = static_cast<std::uint64_t>(found.st_size);
  status.modified_ns = std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec;
  return status;
}

}  // namespace

std::optional<FileStatus> file_status(const std::string& path) {
  struct stat found = {};
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    refuse("cannot look at " + path, errno);
  }
  return status_from(found);
}

std::vector<std::string> folder_names(const std::string& path) {
  struct Close {
    void operator()(DIR* folder) const { ::closedir(folder); }
  };
  const std::unique_ptr<DIR, Close> folder(::opendir(path.c_str()));
  if (!folder) refuse("cannot list " + path, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) refuse("cannot list " + path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

InputFile::InputFile(const std::string& path) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (descriptor_ < 0) refuse("cannot read " + path, errno);
  struct stat found = {};
  if (::fstat(descriptor_, &found) != 0 || !S_ISREG(found.st_mode)) {
    ::close(descriptor_);
    throw Error(ErrorCode::invalid_argument, "cannot read " + path + ": it is no regular file");
  }
  status_ = status_from(found);
}

InputFile::~InputFile() { ::close(descriptor_); }

std::string InputFile::read(std::size_t size) {
  // Memory is taken as bytes arrive: what a file says of its size may be wrong.
  constexpr std::size_t step = std::size_t{1} << 20;
  std::string bytes;
  while (bytes.size() < size) {
    const std::size_t before = bytes.size();
    const std::size_t wanted =
        std::min(size - before, before == 0 ? std::min<std::size_t>(size, status_.size + 1) : step);
    bytes.resize(before + wanted);
    const auto count = ::read(descriptor_, bytes.data() + before, wanted);
    const int failure = errno;
    bytes.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && failure == EINTR) continue;
    if (count < 0) refuse("cannot read " + path_, failure);
    if (count == 0) break;
  }
  return bytes;
}

FolderWatch::FolderWatch() : descriptor_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (descriptor_ < 0) {
    throw Error(ErrorCode::io, std::string("cannot watch folders: ") + std::strerror(errno) +
                                   "; raise fs.inotify.max_user_instances (sysctl), or run without --watch");
  }
}

FolderWatch::~FolderWatch() { ::close(descriptor_); }

void FolderWatch::add(const std::string& folder) {
  constexpr std::uint32_t events = IN_CREATE | IN_DELETE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                                   IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF;
  if (::inotify_add_watch(descriptor_, folder.c_str(), events | IN_DONT_FOLLOW | IN_EXCL_UNLINK) >= 0) return;
  if (errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP) return;
  if (errno == ENOSPC) {
    throw Error(ErrorCode::limit_exceeded, "cannot watch " + folder +
                                               ": the system watches no more folders; raise "
                                               "fs.inotify.max_user_watches (sysctl)");
  }
  refuse("cannot watch " + folder, errno);
}

bool FolderWatch::wait(std::chrono::milliseconds timeout) {
  pollfd ready{descriptor_, POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(timeout.count())) <= 0) return false;
  return drain();
}

bool FolderWatch::drain() {
  alignas(inotify_event) std::array<char, 65536> events;
  bool any = false;
  while (::read(descriptor_, events.data(), events.size()) > 0) any = true;
  return any;
}

}  // namespace strata::ingest
