#include "platform/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "platform/os_error.hpp"
#include "platform/random.hpp"

namespace strata::platform {
namespace {

int open_flags(File::Mode mode) {
  switch (mode) {
    case File::Mode::read:
      return O_RDONLY;
    case File::Mode::read_write:
      return O_RDWR;
    case File::Mode::create:
      return O_RDWR | O_CREAT;
    case File::Mode::create_new:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

Error open_error(const std::string& path, int reason) {
  if (reason == ENOENT) return os_error("open", path, reason, ErrorCode::not_found);
  if (reason == EEXIST) return os_error("create", path, reason, ErrorCode::already_exists);
  return os_error("open", path, reason);
}

/// Removes a file at the end of the scope, unless it was kept.
class TemporaryName {
 public:
  explicit TemporaryName(std::string path) : path_(std::move(path)) {}
  ~TemporaryName() {
    if (!kept_) ::unlink(path_.c_str());
  }
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  const std::string& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  std::string path_;
  bool kept_ = false;
};

}  // namespace

File::File(std::string path, Mode mode) : path_(std::move(path)) {
  do {
    descriptor_ = ::open(path_.c_str(), open_flags(mode) | O_CLOEXEC, 0600);
  } while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) throw open_error(path_, errno);
}

File::File(File&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      sync_failed_(std::exchange(other.sync_failed_, false)) {}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    close();
    path_ = std::move(other.path_);
    descriptor_ = std::exchange(other.descriptor_, -1);
    sync_failed_ = std::exchange(other.sync_failed_, false);
  }
  return *this;
}

File::~File() { close(); }

std::uint64_t File::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) throw os_error("examine", path_, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

Bytes File::read_at(std::uint64_t offset, std::size_t size) const {
  // Memory follows what the file holds, not what the caller, or a damaged length, asks for.
  const std::uint64_t file_bytes = this->size();
  Bytes data(std::min<std::uint64_t>(size, file_bytes > offset ? file_bytes - offset : 0), '\0');
  std::size_t done = 0;
  while (done < data.size()) {
    const ssize_t got = ::pread(descriptor_, data.data() + done, data.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw os_error("read", path_, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  data.resize(done);
  return data;
}

void File::write_at(std::uint64_t offset, bytes_view data) {
  if (sync_failed_) throw os_error("write", path_, EIO);
  while (!data.empty()) {
    const ssize_t put = ::pwrite(descriptor_, data.data(), data.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw os_error("write", path_, errno);
    data.remove_prefix(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
}

void File::append(bytes_view data) { write_at(size(), data); }

void File::resize(std::uint64_t size) {
  if (sync_failed_) throw os_error("resize", path_, EIO);
  int result = -1;
  do {
    result = ::ftruncate(descriptor_, static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  if (result != 0) throw os_error("resize", path_, errno);
}

void File::sync() {
  if (sync_failed_) throw os_error("sync", path_, EIO);
  if (::fdatasync(descriptor_) != 0) {
    const int reason = errno;
    sync_failed_ = true;
    throw os_error("sync", path_, reason);
  }
}

void File::close() noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

std::optional<Bytes> read_file(const std::string& path) {
  try {
    const File file(path, File::Mode::read);
    return file.read_at(0, std::numeric_limits<std::size_t>::max());
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found) return std::nullopt;
    throw;
  }
}

void replace_file(const std::string& path, bytes_view data) {
  TemporaryName temporary(path + ".new-" + make_uuid().to_string());
  File file(temporary.path(), File::Mode::create_new);
  file.write_at(0, data);
  file.sync();
  file.close();
  rename_file(temporary.path(), path);
  temporary.keep();
}

void rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw os_error("replace", to, errno);
  const std::size_t slash = to.rfind('/');
  sync_directory(slash == std::string::npos ? "." : to.substr(0, slash + 1));
}

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw os_error("remove", path, errno);
}

}  // namespace strata::platform
