#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "platform/file.hpp"
#include "platform/os_error.hpp"

namespace strata::platform {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Makes one directory whose parent exists; one that exists already is as good.
void make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) {
    sync_directory(parent_of(path));
    return;
  }
  const int reason = errno;
  if (reason != EEXIST) throw os_error("make directory", path, reason);
  if (!is_directory(path)) throw os_error("make directory", path, ENOTDIR);
}

std::uint64_t allocated_bytes(const struct stat& status) {
  constexpr std::uint64_t block_bytes = 512;  // the unit of st_blocks, whatever the file system's own is
  return static_cast<std::uint64_t>(status.st_blocks) * block_bytes;
}

}  // namespace

void make_directories(const std::string& path) {
  std::string clean = path;
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  if (is_directory(clean)) return;
  const std::string parent = parent_of(clean);
  if (parent != clean && !is_directory(parent)) make_directories(parent);
  make_directory(clean);
}

void sync_directory(const std::string& path) {
  const File directory(path, File::Mode::read);
  // Some file systems cannot sync a directory and say EINVAL; there is nothing better to do on them.
  if (::fsync(directory.descriptor()) != 0 && errno != EINVAL) throw os_error("sync directory", path, errno);
}

bool exists(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  throw os_error("examine", path, errno);
}

bool is_directory(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return S_ISDIR(status.st_mode);
  if (errno == ENOENT || errno == ENOTDIR) return false;
  throw os_error("examine", path, errno);
}

std::vector<std::string> list_directory(const std::string& path) {
  struct Closer {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  const std::unique_ptr<DIR, Closer> directory(::opendir(path.c_str()));
  if (!directory) {
    throw os_error("list directory", path, errno, errno == ENOENT ? ErrorCode::not_found : ErrorCode::io);
  }
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) throw os_error("list directory", path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

void remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) throw os_error("remove", path, error.value());
}

std::uint64_t tree_bytes(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return 0;
    throw os_error("examine", path, errno);
  }
  if (S_ISREG(status.st_mode)) return allocated_bytes(status);
  if (!S_ISDIR(status.st_mode)) return 0;
  std::uint64_t total = 0;
  try {
    for (const std::string& name : list_directory(path)) total += tree_bytes(join(path, name));
  } catch (const Error& error) {
    // Files come and go while an engine works.
    if (error.code() != ErrorCode::not_found) throw;
  }
  return total;
}

std::string absolute_path(const std::string& path) {
  std::error_code error;
  auto full = std::filesystem::absolute(path, error);
  if (!error) full = std::filesystem::weakly_canonical(full, error);
  if (error) throw os_error("resolve", path, error.value());
  std::string text = full.string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

std::string join(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/') path.push_back('/');
  return path.append(name);
}

std::string cache_directory() {
  const auto absolute = [](const char* path) { return path != nullptr && path[0] == '/'; };
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); absolute(cache)) return cache;
  const char* home = std::getenv("HOME");
  return absolute(home) ? join(home, ".cache") : std::string();
}

}  // namespace strata::platform
