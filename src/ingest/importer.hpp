// Import: a file of records becomes a collection, in batches that are each atomic.
//
// Where an import of a file stands is written in the same transaction as each batch, in the collection `_imports` (none
// for standard input, and none when one batch holds all). An import that was killed, or stopped at a bad line,
// therefore goes on where it stopped when it is run again, and no record comes in twice, generated keys or not.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ingest/reader.hpp"
#include "strata/store.hpp"

namespace strata::ingest {

/// Where unfinished imports are noted. Faces do not list it.
inline constexpr std::string_view imports_collection = "_imports";

struct ImportProgress {
  std::uint64_t records = 0;      ///< Committed, by earlier runs too.
  std::uint64_t bytes_done = 0;   ///< Of the file, as stored.
  std::uint64_t bytes_total = 0;  ///< 0: unknown (standard input).
  std::chrono::duration<double> elapsed{};
  double records_per_second = 0;  ///< Of this run.
};

/// Edges from a record, `COLLECTION/KEY`, to those that one of its fields names. In the commit that puts the record;
/// those of this type that the record had before and no longer names go.
struct ImportLink {
  std::string field;  ///< A path; how names stand in it: reference_list.hpp.
  std::string type;
  std::string collection;  ///< Of those named.
};

struct ImportOptions {
  std::string collection;
  std::string path = "-";  ///< `-`: standard input.
  ReaderOptions reader;
  /// The field (a path) whose string or number is the key. Empty: what the file says by itself (an exported line's
  /// `key`, a CSV file's `_key` column, deb822's `Package`), else a fresh UUIDv7.
  std::string key_field;
  /// Not empty: of records with equal keys the one with the higher value of this field stays, in the file and in the
  /// collection. Text is compared as Debian compares versions (1.9 < 1.10 < 2.0~rc1 < 2.0). Empty: the later one stays.
  std::string newest_by;
  std::vector<ImportLink> links;
  std::size_t batch_records = 1000;
  bool skip_bad_lines = false;  ///< Else the first bad line stops the import.
  bool resume = true;           ///< False: start over even where an earlier import of the file had stopped.
  /// Called after each batch, from the importing thread. False stops the import; it can be resumed.
  std::function<bool(const ImportProgress&)> progress;
};

struct ImportReport {
  std::uint64_t records = 0;        ///< Put by this run.
  std::uint64_t resumed_after = 0;  ///< Records that earlier runs of this import had put.
  std::uint64_t superseded = 0;     ///< Left out because of newest_by.
  std::uint64_t bad_lines = 0;      ///< Skipped; the first 100 are in `bad_line_reasons`, each as `FILE:LINE: reason`.
  std::vector<std::string> bad_line_reasons;
  bool file_changed =
      false;  ///< An earlier import of the path had stopped in other content or with other options: begun anew.
  bool cancelled = false;  ///< By progress().
  std::uint64_t batches = 0;
  Format format = Format::auto_detect;
  Position position;  ///< Of the last batch; 0 when there was none.
  std::chrono::duration<double> elapsed{};
};

/// `invalid_argument` at a bad line: `FILE:LINE: reason; ...` says what is in and how to go on. `conflict` when another
/// process is importing the same file into the same collection. Otherwise what the source or the store throws.
ImportReport import_records(Store& store, const ImportOptions& options);

}  // namespace strata::ingest
