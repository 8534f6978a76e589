// A file mapped for reading: for files that are written once, then never changed, only unlinked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "platform/file_identity.hpp"
#include "strata/types.hpp"

namespace strata::platform {

/// What tells a file from one that was put in its place, and from itself after a change.
struct FileStamp {
  FileIdentity identity;
  std::uint64_t bytes = 0;
  std::int64_t changed_ns = 0;  ///< Time of the last change of the content.
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// Nothing when there is no such file. Throws `io`.
std::optional<FileStamp> stamp_of(const std::string& path);

/// Shares its pages with every process that maps the file; an unlinked file stays readable through it. One that someone
/// else truncates ends in SIGBUS.
class FileView {
 public:
  /// `not_found`, `io`.
  explicit FileView(const std::string& path);
  ~FileView();
  FileView(const FileView&) = delete;
  FileView& operator=(const FileView&) = delete;

  bytes_view bytes() const { return {data_, size_}; }
  const FileStamp& stamp() const { return stamp_; }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
  FileStamp stamp_;
};

}  // namespace strata::platform
