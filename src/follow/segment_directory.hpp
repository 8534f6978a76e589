// Immutable segments of a view, and the one manifest that says which of them there are and up to which position of the
// log they tell everything. The manifest is swapped atomically; segments are unlinked when no manifest names them,
// never changed or truncated, so that who has mapped one can go on reading it.
//
//   MANIFEST        replaced as a whole; ends in a checksum
//   lock            held by whoever builds; never deleted
//   NUMBER.segment  the segments; .draft while they are being written
//
// A store without a directory of its own has its segments in memory.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "follow/view_point.hpp"
#include "platform/file.hpp"
#include "platform/file_view.hpp"
#include "platform/lock.hpp"

namespace strata::follow {

struct SegmentEntry {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;  ///< XXH3-64 of the content.
  std::uint64_t rows = 0;
  /// A bit for each row, lowest first: the row was superseded. Empty: none was.
  Bytes dead;
};

struct Manifest {
  ViewPoint point;
  /// The newest state that any row was read from; between the point and it, a row may be newer than the point.
  Position seen;
  std::uint64_t spec = 0;  ///< Hash of what was declared when it was built.
  std::uint64_t next_number = 1;
  std::vector<SegmentEntry> segments;  ///< The oldest first.
};

Bytes encode_manifest(const Manifest& manifest);
/// `corruption` when damaged, `unsupported` when of a newer format.
Manifest decode_manifest(bytes_view bytes);

/// The content of a segment, for as long as this lives.
class SegmentContent {
 public:
  explicit SegmentContent(std::shared_ptr<const Bytes> memory) : memory_(std::move(memory)) {}
  explicit SegmentContent(std::unique_ptr<platform::FileView> file) : file_(std::move(file)) {}
  bytes_view bytes() const { return file_ ? file_->bytes() : bytes_view(*memory_); }
  const platform::FileView* file() const { return file_.get(); }

 private:
  std::shared_ptr<const Bytes> memory_;
  std::unique_ptr<platform::FileView> file_;
};

/// Thread-safe, but for drafts and building, which belong to whoever holds the building lock.
class SegmentDirectory {
 public:
  /// Made with the first draft. Empty: in memory.
  explicit SegmentDirectory(std::string path);

  const std::string& path() const { return path_; }
  bool in_memory() const { return path_.empty(); }

  /// Nothing when there is none, or when it is damaged or unknown: then `why` says so.
  std::optional<Manifest> manifest(std::string* why = nullptr) const;
  /// Changes with the manifest, and costs one look at the file: 0 when there is none.
  std::uint64_t manifest_stamp() const;
  /// Null when it is missing or not what the entry says: then `why` says so.
  std::shared_ptr<const SegmentContent> open(const SegmentEntry& entry, std::string* why = nullptr) const;
  /// How the file of an open segment is by now.
  enum class Condition { as_opened, gone, changed };
  Condition condition(const SegmentEntry& entry, const SegmentContent& content) const;

  /// The right to build: one at a time among all processes and threads. Null when another has it.
  class Building;
  std::unique_ptr<Building> try_build();

  /// A segment being written. It goes away unless it is finished.
  class Draft {
   public:
    Draft(SegmentDirectory& directory, std::uint64_t number);
    ~Draft();
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    void append(bytes_view bytes);
    std::uint64_t size() const { return size_; }
    /// What was appended so far. It stays as it is until the next append.
    bytes_view content();
    /// On disk under its name, for a manifest to name it.
    SegmentEntry finish(std::uint64_t rows);

   private:
    void flush();
    SegmentDirectory& directory_;
    std::uint64_t number_;
    std::string path_;
    platform::File file_;
    std::shared_ptr<Bytes> memory_;
    Bytes buffer_;
    std::uint64_t size_ = 0;
    std::unique_ptr<platform::FileView> view_;
    bool finished_ = false;
  };

  /// Requires: building. Puts the manifest in place, and removes what neither it nor a draft needs.
  void publish(const Manifest& manifest);
  /// Bytes of the files.
  std::uint64_t file_bytes() const;
  /// Requires: building. Everything goes.
  void clear();

 private:
  std::string file_of(std::uint64_t number) const;
  void remove_unnamed(const Manifest& manifest);

  std::string path_;
  mutable std::mutex mutex_;  ///< Of what follows, which stands for the files where there are none.
  std::map<std::uint64_t, std::shared_ptr<const Bytes>> memory_;
  std::optional<Manifest> memory_manifest_;
  std::uint64_t memory_stamp_ = 0;
  bool building_ = false;
};

class SegmentDirectory::Building {
 public:
  Building(SegmentDirectory& directory, std::unique_ptr<platform::FileLock> lock);
  ~Building();
  Building(const Building&) = delete;
  Building& operator=(const Building&) = delete;

 private:
  SegmentDirectory& directory_;
  std::unique_ptr<platform::FileLock> lock_;
};

}  // namespace strata::follow
