// CSV as RFC 4180 has it: fields in quotes may hold delimiters, doubled quotes and line breaks; lines end in CRLF or
// LF; the first line names the columns. Beyond the RFC, a quote within an unquoted field stands for itself, and blank
// lines are passed over.
#pragma once

#include <vector>

#include "ingest/reader.hpp"

namespace strata::ingest {

class CsvReader : public Reader {
 public:
  /// Reads the header: BadLine when it names a column twice or not at all.
  CsvReader(LineSource& source, const ReaderOptions& options);
  std::optional<Item> next() override;
  Format format() const override { return Format::csv; }

 private:
  struct Field {
    std::string text;
    bool quoted = false;
  };
  /// The fields of the next row that is not blank; false at the end.
  bool next_row(std::vector<Field>& row);
  void parse_row(std::string_view line, std::vector<Field>& row);
  [[noreturn]] void fail(const std::string& reason) const;

  LineSource& source_;
  CsvTypes types_;
  char delimiter_;
  bool own_keys_;
  std::vector<std::string> columns_;
  std::vector<Field> row_;
  std::uint64_t row_line_ = 0;
};

}  // namespace strata::ingest
