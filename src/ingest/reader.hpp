// Records out of text: one interface over JSON Lines, CSV and deb822.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/line_source.hpp"
#include "strata/error.hpp"
#include "strata/value.hpp"

namespace strata::ingest {

/// `auto_detect`: by the name of the file, else by its first line.
enum class Format : std::uint8_t { auto_detect, jsonl, csv, deb822, npy, fvecs };

/// `auto`, `jsonl`, `csv`, `deb822`, `npy`, `fvecs`.
std::string_view to_string(Format format);
/// Nothing for other words.
std::optional<Format> parse_format(std::string_view word);

/// How the fields of a CSV file become values.
/// `infer`: an unquoted field that reads as a JSON number (`7`, `-1.5`, `2e3`; not `007`, `+7`, `.5`, nor an integer
/// beyond 64 bits) becomes one, `true` and `false` become booleans, an empty one is missing. A quoted field is always a
/// string. `strings`: every field is a string, an empty one too.
enum class CsvTypes : std::uint8_t { infer, strings };

struct ReaderOptions {
  Format format = Format::auto_detect;
  CsvTypes csv_types = CsvTypes::infer;
  char csv_delimiter = '\0';               ///< 0: a tab for files named `*.tsv`, else a comma.
  std::string vector_field = "embedding";  ///< Of npy and fvecs: the member that holds the vector.
  /// Take keys from where the text itself has them: an exported line (`key` and `value`, besides them at most
  /// `version`, `created`, `updated`, `expires`), a CSV file's `_key` column, deb822's `Package`, the number of a
  /// vector. Else a line is a value as it stands.
  bool own_keys = true;
};

/// A record as it stands in the file.
struct Item {
  Value value;
  std::optional<std::string> key;
  std::uint64_t line = 0;  ///< Where it begins, from 1.
};

/// A record that cannot be read. what() is `FILE:LINE: reason`. The reader goes on behind it.
class BadLine : public Error {
 public:
  BadLine(const std::string& file, std::uint64_t line, const std::string& reason)
      : Error(ErrorCode::invalid_argument, file + ":" + std::to_string(line) + ": " + reason), line_(line) {}
  std::uint64_t line() const noexcept { return line_; }

 private:
  std::uint64_t line_;
};

class Reader {
 public:
  virtual ~Reader() = default;
  /// The next record; nothing at the end. BadLine for one that cannot be read, after which next() may be called again;
  /// any other Error is the source's, and final. Between two calls the source stands behind the record.
  virtual std::optional<Item> next() = 0;
  virtual Format format() const = 0;
};

/// A reader over `source`, which must outlive it and stand at its beginning. Reads what stands ahead of the records (a
/// CSV header; BadLine when it is none).
std::unique_ptr<Reader> open_reader(LineSource& source, const ReaderOptions& options = {});

}  // namespace strata::ingest
