// Ingest: folders of text become documents, passages and edges, and stay so.
//
// Collection `files` holds each file (record and content), `passages` what its text is cut into, with a text field and
// vectors from its words; edges lead from a file to its passages (`contains`), to what it refers to (`links`,
// `includes`, `imports`) and defines (`defines`). Each file is one transaction (one beyond large_file_bytes takes
// several, of which the last makes it count); a run that was killed goes on when it is run again, and what the store
// holds in the end depends on the tree and the options alone. What cannot be read stays as it was stored before.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ingest/file_walk.hpp"
#include "strata/store.hpp"

namespace strata::ingest {

/// Content beyond this goes into the store part by part.
inline constexpr std::uint64_t large_file_bytes = std::uint64_t{16} << 20;

struct IngestProgress {
  std::uint64_t files_done = 0;
  std::uint64_t files_total = 0;
  std::uint64_t bytes_done = 0;
  std::string file{};  ///< One that was just dealt with.
};

struct IngestOptions {
  std::vector<std::string> paths{};
  std::optional<std::string> name{};  ///< Of the root that the one path becomes.
  WalkOptions walk{};
  std::uint64_t passage_bytes_max = std::uint64_t{4} << 20;  ///< Of a file, so much is cut; at most large_file_bytes.
  bool lexical = true;   ///< Passages get vectors, unless the collection has a vector field already.
  bool symbols = true;   ///< Where universal-ctags is installed.
  bool dry_run = false;  ///< Look, and count what would be done.
  std::size_t jobs = 0;  ///< Threads; 0: as many as the machine has cores, from 2 to 8.
  /// `relaxed` unless it is chosen: a file that a power failure takes back is done again by the next run. The commit
  /// that ends a run is as the store's durability says.
  std::optional<Durability> durability{};
  /// Called about ten times a second from the calling thread. False stops the run after the files in hand.
  std::function<bool(const IngestProgress&)> progress{};
};

/// A file, and why it is not (wholly) in.
struct IngestNote {
  std::string path{};
  std::string reason{};
};

struct IngestReport {
  std::uint64_t files = 0;  ///< Of text, seen,
  std::uint64_t added = 0;  ///< of which so many were new,
  std::uint64_t changed = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t removed = 0;                       ///< That were in the store and are gone.
  std::uint64_t passages = 0;                      ///< Put or erased,
  std::uint64_t edges = 0;                         ///< linked or unlinked,
  std::uint64_t bytes = 0;                         ///< read.
  std::map<std::string, std::uint64_t> skipped{};  ///< How many, by reason: `binary`, `ignored`, `link`, ...
  std::vector<IngestNote> notes{};                 ///< The first 100 of what went wrong or was cut short.
  std::uint64_t notes_total = 0;
  bool cancelled = false;
  std::chrono::duration<double> elapsed{};
};

class FolderIngest {
 public:
  /// `not_found` for a path that is not there, and what choose_roots() gives.
  FolderIngest(Store& store, IngestOptions options);
  ~FolderIngest();
  FolderIngest(const FolderIngest&) = delete;
  FolderIngest& operator=(const FolderIngest&) = delete;

  /// Makes the store agree with the folders, as far as they can be read. What the store gives (`io` or
  /// `limit_exceeded`, when it has no room) ends the run; the next one goes on.
  IngestReport run();

  /// Takes the roots at `paths` (with `name`, when several lie at one), which need not exist any more, out of the
  /// store: each file in one transaction, then what the store knows of the root. One that was killed goes on when it
  /// is run again. Of the options, those of walking and cutting play no part. Throws as root_at(); `busy` while another
  /// process goes on with ingesting the root.
  static IngestReport forget(Store& store, const IngestOptions& options);

  /// Folders that the last run entered, absolute: those to watch.
  std::vector<std::string> folders() const;

 private:
  class Run;
  Store& store_;
  IngestOptions options_;
  bool has_symbols_ = false;
  std::vector<std::string> folders_;
};

}  // namespace strata::ingest
