// A dump as a tree of JSON files: `dump.json`, for each collection a directory with `collection.json` and a file for
// each record, and `end.json`. Each file holds what a line of the dump holds, spread over several lines.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace strata::cli {

/// Takes the lines of a dump and writes the files. `already_exists` when the directory is not empty.
class DumpTreeWriter {
 public:
  explicit DumpTreeWriter(std::filesystem::path directory);
  void write(std::string_view line);

 private:
  std::filesystem::path directory_;
};

/// Gives the lines back in the order that load() wants.
class DumpTreeReader {
 public:
  /// `not_found`, or `invalid_argument` when the directory holds no such tree.
  explicit DumpTreeReader(std::filesystem::path directory);
  /// False at the end.
  bool next(std::string& line);

 private:
  std::filesystem::path directory_;
  std::vector<std::filesystem::path> collections_;  ///< Still to be read, the next one last.
  std::filesystem::path collection_;
  std::vector<std::filesystem::path> records_;  ///< Still to be read, the next one last.
  enum class Step { header, collection, records, end, done } step_ = Step::header;
};

/// A file name for a key: what is neither letter, digit, `_`, `-` nor an inner `.` is written as %XX, and what would be
/// too long for a file system is cut and made unique by a hash.
std::string file_name(std::string_view key);

}  // namespace strata::cli
