// Rows of named cells, written as a table for people, or as JSON Lines, CSV or Markdown for programs and documents.
#pragma once

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "strata/collection.hpp"
#include "strata/value.hpp"

namespace strata::cli {

enum class Format { table, jsonl, csv, md };

/// Nothing when the name is none of `table`, `jsonl`, `csv`, `md`.
std::optional<Format> parse_format(std::string_view name);

/// Where rows go, and how.
struct Display {
  std::ostream& out;
  Format format = Format::jsonl;
  std::size_t width = 0;  ///< Columns that a table may take; 0: any number.
  bool colour = false;
};

struct Cell {
  Cell(std::string cell_name, Value cell_value) : name(std::move(cell_name)), value(std::move(cell_value)) {}
  Cell(std::string cell_name, Value cell_value, std::string shown)
      : name(std::move(cell_name)), value(std::move(cell_value)), text(std::move(shown)) {}

  std::string name;
  Value value;       ///< What a program gets.
  std::string text;  ///< What a person sees; empty: the value.
};

using Row = std::vector<Cell>;

/// Writes one row after another. CSV takes its columns from the first row. Tables and Markdown hold back the first
/// 1,000 rows to find columns and widths; a column that first occurs later is left out and named at the end.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  virtual void write(const Row& row) = 0;
  /// Writes what was held back, and on a table the `footer`. Without it the destructor drops both.
  virtual void finish(std::string_view footer = {}) = 0;
};

std::unique_ptr<RowWriter> make_row_writer(const Display& display);

/// One thing with many properties: a table with a line for each, otherwise a single row.
void write_sheet(const Display& display, const Row& properties);
/// The same as a JSON object.
Value to_object(const Row& row);

/// The row for a record. Programs get key, value, version and times; with `fields`, CSV gets a column for each of them
/// in place of the value. A person gets a column for each member.
Row record_row(const Record& record, Format format, const std::vector<std::string>& fields);

/// Escape sequences around the text, or the text alone.
std::string bold(std::string_view text, bool colour);
std::string faint(std::string_view text, bool colour);

}  // namespace strata::cli
