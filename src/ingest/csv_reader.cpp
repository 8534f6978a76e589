#include "ingest/csv_reader.hpp"

#include <algorithm>

#include "ingest/csv_field.hpp"

namespace strata::ingest {
namespace {

constexpr std::string_view key_column = "_key";

}  // namespace

CsvReader::CsvReader(LineSource& source, const ReaderOptions& options)
    : source_(source), types_(options.csv_types), delimiter_(options.csv_delimiter), own_keys_(options.own_keys) {
  if (!next_row(row_)) return;
  for (Field& field : row_) {
    if (field.text.empty()) fail("column " + std::to_string(columns_.size() + 1) + " of the header has no name");
    if (std::find(columns_.begin(), columns_.end(), field.text) != columns_.end()) {
      fail("the header names column " + field.text + " twice");
    }
    columns_.push_back(std::move(field.text));
  }
}

std::optional<Item> CsvReader::next() {
  if (!next_row(row_)) return std::nullopt;
  if (row_.size() != columns_.size()) {
    fail("the row has " + std::to_string(row_.size()) + " fields, the header " + std::to_string(columns_.size()));
  }
  Item item;
  item.line = row_line_;
  std::vector<std::pair<std::string, Value>> members;
  members.reserve(row_.size());
  try {
    for (std::size_t i = 0; i < row_.size(); ++i) {
      const Field& field = row_[i];
      if (own_keys_ && columns_[i] == key_column) {
        item.key = field.text;
      } else if (types_ == CsvTypes::strings || field.quoted) {
        members.emplace_back(columns_[i], Value(field.text));
      } else if (!field.text.empty()) {
        members.emplace_back(columns_[i], infer_csv_value(field.text));
      }
    }
    item.value = Value::object(members);
  } catch (const Error& error) {
    fail(error.what());
  }
  return item;
}

bool CsvReader::next_row(std::vector<Field>& row) {
  std::string_view line;
  while (source_.next(line)) {
    if (line.empty() || line == "\r") continue;
    row_line_ = source_.point().line;
    row.clear();
    parse_row(line, row);
    return true;
  }
  return false;
}

void CsvReader::parse_row(std::string_view line, std::vector<Field>& row) {
  std::size_t at = 0;
  std::size_t row_bytes = line.size();
  // A line's own end is no content, unless a quote is still open across it.
  const auto at_end = [&] { return at == line.size() || (at + 1 == line.size() && line[at] == '\r'); };
  while (true) {
    Field& field = row.emplace_back();
    if (at < line.size() && line[at] == '"') {
      field.quoted = true;
      ++at;
      while (true) {
        const std::size_t quote = line.find('"', at);
        field.text += line.substr(at, quote - at);
        if (quote == std::string_view::npos) {
          field.text += '\n';
          at = 0;
          if (!source_.next(line))
            fail("the quote that opens in column " + std::to_string(row.size()) + " is never closed");
          row_bytes += line.size();
          if (row_bytes > line_bytes_max) {
            throw Error(ErrorCode::limit_exceeded, source_.name() + ":" + std::to_string(row_line_) +
                                                       ": the row is longer than 64 MiB; is a quote left open?");
          }
          continue;
        }
        at = quote + 1;
        if (at == line.size() || line[at] != '"') break;
        field.text += '"';
        ++at;
      }
      if (!at_end() && line[at] != delimiter_) {
        fail("text follows the closing quote of column " + std::to_string(row.size()));
      }
    } else {
      const std::size_t end = std::min(line.find(delimiter_, at), line.size());
      field.text = line.substr(at, end - at);
      at = end;
      if (at == line.size() && field.text.ends_with('\r')) field.text.pop_back();
    }
    if (at_end()) return;
    ++at;  // the delimiter
  }
}

void CsvReader::fail(const std::string& reason) const { throw BadLine(source_.name(), row_line_, reason); }

}  // namespace strata::ingest
