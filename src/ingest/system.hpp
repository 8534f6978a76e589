// What ingest asks of the operating system: files as they are now, changes of folders.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace strata::ingest {

enum class FileKind : std::uint8_t { regular, directory, symbolic_link, other };

struct FileStatus {
  FileKind kind = FileKind::other;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;  ///< Since 1970.
};

/// Of the entry itself, links not followed. Nothing when there is none.
std::optional<FileStatus> file_status(const std::string& path);

/// Names in a folder, sorted, without `.` and `..`. `io` or `not_found` with the system's reason.
std::vector<std::string> folder_names(const std::string& path);

/// An open regular file, read from its start. Never waits for a writer of a pipe, never follows a link at the end of
/// the path.
class InputFile {
 public:
  /// `not_found`, `io`, `invalid_argument` for what is no regular file.
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// As of the opening.
  const FileStatus& status() const { return status_; }
  /// Up to `size` bytes; fewer at the end alone.
  std::string read(std::size_t size);

 private:
  std::string path_;
  int descriptor_ = -1;
  FileStatus status_;
};

/// Tells that something below a folder has changed; not what.
class FolderWatch {
 public:
  FolderWatch();
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  /// Watches the entries of a folder; again is no error, a folder that is gone none either. `limit_exceeded`, with the
  /// setting to raise, when the system watches no more.
  void add(const std::string& folder);
  /// True when something has happened since the last call, or does within the time. A signal ends the wait.
  bool wait(std::chrono::milliseconds timeout);

 private:
  bool drain();

  int descriptor_;
};

}  // namespace strata::ingest
