// Files and directories: open, read, write, sync, replace. Every failure is strata::Error `io` (or the code that a line
// below names) with the operation, the path, the system's reason and, where one is known, the remedy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/types.hpp"

namespace strata::platform {

/// An open descriptor, closed on exec. Movable.
class File {
 public:
  /// `read` and `read_write`: `not_found` when there is none. `create` opens what exists too; `create_new` gives
  /// `already_exists`. Permissions 0600.
  enum class Mode { read, read_write, create, create_new };
  File() = default;
  File(std::string path, Mode mode);
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  const std::string& path() const { return path_; }
  std::uint64_t size() const;
  /// Reads up to `size` bytes at `offset`; fewer at the end of the file.
  Bytes read_at(std::uint64_t offset, std::size_t size) const;
  void write_at(std::uint64_t offset, bytes_view data);
  /// At the end of the file. Requires: no one else appends meanwhile.
  void append(bytes_view data);
  void resize(std::uint64_t size);
  /// fdatasync. After a failure the file stays unusable for writing (`io`): the kernel would report a second sync as
  /// good though the pages are lost.
  void sync();
  void close() noexcept;

 private:
  std::string path_;
  int descriptor_ = -1;
  bool sync_failed_ = false;
};

/// The whole file; nothing when there is none.
std::optional<Bytes> read_file(const std::string& path);
/// Writes a temporary file beside it, syncs it, renames it over `path`, syncs the directory: old or new, never between.
void replace_file(const std::string& path, bytes_view data);
/// Makes the directory and its parents, mode 0700, and syncs the parent.
void make_directories(const std::string& path);
/// Puts `from` in the place of `to`, and syncs the directory. Requires: both lie in one directory.
void rename_file(const std::string& from, const std::string& to);
void sync_directory(const std::string& path);
bool exists(const std::string& path);
bool is_directory(const std::string& path);
/// Names of the entries, sorted, without `.` and `..`. `not_found` when there is no such directory.
std::vector<std::string> list_directory(const std::string& path);
void remove_file(const std::string& path);  // absent is no error
void remove_tree(const std::string& path);  // absent is no error
/// Sum of the sizes on disk (allocated blocks) of all files below.
std::uint64_t tree_bytes(const std::string& path);
/// Absolute, with links resolved; parts that do not exist are kept as they are.
std::string absolute_path(const std::string& path);
std::string join(std::string_view directory, std::string_view name);
/// Where this user's programs keep what can be made again ($XDG_CACHE_HOME, else ~/.cache); empty where there is none.
std::string cache_directory();
/// `nfs`, `cifs`, `fuse.sshfs`, ... when the path lies on a file system over a network; nothing when it is local.
std::optional<std::string> network_file_system(const std::string& path);
/// Bytes that this user may still write on the file system of `path`.
std::uint64_t free_bytes(const std::string& path);

}  // namespace strata::platform
