#include "cli/rows.hpp"

#include <algorithm>
#include <span>

#include "cli/text.hpp"

namespace strata::cli {
namespace {

/// The value as a person or a CSV file wants it: strings bare, the rest as JSON.
std::string plain(ValueView value) {
  if (value.is_missing()) return {};
  return value.type() == ValueType::string ? std::string(value.as_string()) : value.to_json();
}

std::string shown(const Cell& cell) { return single_line(cell.text.empty() ? plain(cell.value) : cell.text); }

bool is_numeric(const Value& value) { return value.type() == ValueType::integer || value.type() == ValueType::number; }

class JsonLinesWriter : public RowWriter {
 public:
  explicit JsonLinesWriter(const Display& display) : out_(display.out) {}

  void write(const Row& row) override {
    line_ = '{';
    for (const Cell& cell : row) {
      if (line_.size() > 1) line_ += ',';
      line_ += Value(cell.name).to_json();
      line_ += ':';
      cell.value.view().to_json(line_);
    }
    line_ += "}\n";
    out_ << line_;
  }
  void finish(std::string_view) override {}

 private:
  std::ostream& out_;
  std::string line_;
};

class CsvWriter : public RowWriter {
 public:
  explicit CsvWriter(const Display& display) : out_(display.out) {}

  void write(const Row& row) override {
    if (!header_written_) {
      header_written_ = true;
      write_line(row, [](const Cell& cell) { return quoted(cell.name); });
    }
    write_line(row, [](const Cell& cell) {
      return cell.value.type() == ValueType::null ? std::string() : quoted(plain(cell.value));
    });
  }
  void finish(std::string_view) override {}

 private:
  template <class Field>
  void write_line(const Row& row, const Field& field) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i != 0) line += ',';
      line += field(row[i]);
    }
    line += '\n';
    out_ << line;
  }

  /// RFC 4180, section 2, but for the line ends. An empty string is quoted, so that it differs from what is missing.
  static std::string quoted(std::string field) {
    if (!field.empty() && field.find_first_of("\",\r\n") == std::string::npos) return field;
    std::string text = "\"";
    for (const char c : field) {
      if (c == '"') text += '"';
      text += c;
    }
    return text + '"';
  }

  std::ostream& out_;
  bool header_written_ = false;
};

struct Column {
  std::string name;
  std::size_t width = 0;
  bool numeric = true;
};

/// What tables and Markdown share: columns found from the first rows.
class ColumnWriter : public RowWriter {
 public:
  void write(const Row& row) override {
    if (begun_) {
      write_cells(row);
      return;
    }
    held_.push_back(row);
    add_columns(row);
    if (held_.size() == 1000) begin();
  }

  void finish(std::string_view footer) override {
    if (!begun_) begin();
    std::string last(footer);
    if (!left_out_.empty()) {
      if (!last.empty()) last += "; ";
      const std::size_t named = std::min<std::size_t>(left_out_.size(), 8);
      last += "not shown: " + join(std::span(left_out_).first(named), ", ") +
              (named < left_out_.size() ? " and " + human_count(left_out_.size() - named) + " more" : "") +
              " (choose with --fields, or use --format jsonl)";
    }
    write_footer(last);
  }

 protected:
  virtual void write_header() = 0;
  virtual void write_line(const std::vector<std::string>& texts) = 0;
  virtual void write_footer(const std::string& footer) = 0;
  virtual void fit() {}

  void leave_out_column(std::size_t index) {
    left_out_.push_back(columns_[index].name);
    columns_.erase(columns_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  std::vector<Column> columns_;

 private:
  /// A new column goes behind the one that stands before it in its row, so that what ends each row stays last.
  void add_columns(const Row& row) {
    std::size_t place = 0;
    for (const Cell& cell : row) {
      auto found = std::find_if(columns_.begin(), columns_.end(), [&](const Column& c) { return c.name == cell.name; });
      if (found == columns_.end()) {
        found = columns_.insert(columns_.begin() + static_cast<std::ptrdiff_t>(place),
                                Column{cell.name, display_width(cell.name), true});
      }
      found->width = std::max(found->width, display_width(shown(cell)));
      found->numeric = found->numeric && is_numeric(cell.value);
      place = static_cast<std::size_t>(found - columns_.begin()) + 1;
    }
  }

  void begin() {
    begun_ = true;
    fit();
    if (!columns_.empty()) write_header();
    for (const Row& row : held_) write_cells(row);
    held_.clear();
  }

  void write_cells(const Row& row) {
    std::vector<std::string> texts(columns_.size());
    for (const Cell& cell : row) {
      const auto found =
          std::find_if(columns_.begin(), columns_.end(), [&](const Column& c) { return c.name == cell.name; });
      if (found != columns_.end()) {
        texts[static_cast<std::size_t>(found - columns_.begin())] = shown(cell);
      } else if (std::find(left_out_.begin(), left_out_.end(), cell.name) == left_out_.end()) {
        left_out_.push_back(cell.name);
      }
    }
    write_line(texts);
  }

  std::vector<Row> held_;
  std::vector<std::string> left_out_;
  bool begun_ = false;
};

constexpr std::size_t gap_width = 2;
constexpr std::size_t column_width_least = 12;
constexpr std::size_t first_column_width = 36;
constexpr std::size_t column_width_most = 120;

class TableWriter : public ColumnWriter {
 public:
  explicit TableWriter(const Display& display) : display_(display) {}

 protected:
  void fit() override {
    if (display_.width == 0) return;
    for (Column& column : columns_) column.width = std::min(column.width, column_width_most);
    while (columns_.size() > 2 && total_width(column_width_least) > display_.width) {
      leave_out_column(columns_.size() - 2);
    }
    std::size_t cap = column_width_most;
    while (cap > 1 && total_width(cap) > display_.width) --cap;
    for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].width = width_within(i, cap);
  }

  void write_header() override {
    std::string names;
    std::string rule;
    for (const Column& column : columns_) {
      if (!rule.empty()) {
        names.append(gap_width, ' ');
        rule.append(gap_width, ' ');
      }
      append(cut(column.name, column.width), column, names);
      for (std::size_t i = 0; i < column.width; ++i) rule += "─";
    }
    trim(names);
    display_.out << bold(names, display_.colour) << '\n' << faint(rule, display_.colour) << '\n';
  }

  void write_line(const std::vector<std::string>& texts) override {
    std::string line;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (i != 0) line.append(gap_width, ' ');
      // Rows that were not held back may be wider than the column: only a terminal makes them fit.
      append(display_.width == 0 ? texts[i] : cut(texts[i], columns_[i].width), columns_[i], line);
    }
    trim(line);
    display_.out << line << '\n';
  }

  void write_footer(const std::string& footer) override {
    if (!footer.empty()) display_.out << faint("(" + footer + ")", display_.colour) << '\n';
  }

 private:
  /// The first column and the last (a record's key and its version) give way only where all else has.
  std::size_t width_within(std::size_t index, std::size_t cap) const {
    const std::size_t width = columns_[index].width;
    if (cap < column_width_least) return std::min(width, cap);
    if (index == 0) return std::min(width, std::max(cap, first_column_width));
    return index + 1 == columns_.size() ? width : std::min(width, cap);
  }

  std::size_t total_width(std::size_t cap) const {
    std::size_t total = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) total += width_within(i, cap) + gap_width;
    return total < gap_width ? 0 : total - gap_width;
  }

  static void append(const std::string& text, const Column& column, std::string& line) {
    const std::size_t width = display_width(text);
    const std::size_t padding = width < column.width ? column.width - width : 0;
    if (column.numeric) line.append(padding, ' ');
    line += text;
    if (!column.numeric) line.append(padding, ' ');
  }

  static void trim(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

  Display display_;
};

class MarkdownWriter : public ColumnWriter {
 public:
  explicit MarkdownWriter(const Display& display) : out_(display.out) {}

 protected:
  void write_header() override {
    std::vector<std::string> names;
    std::string rule = "|";
    for (const Column& column : columns_) {
      names.push_back(column.name);
      rule += column.numeric ? "---:|" : "---|";
    }
    write_line(names);
    out_ << rule << '\n';
  }

  void write_line(const std::vector<std::string>& texts) override {
    std::string line = "|";
    for (const std::string& text : texts) {
      line += ' ';
      for (const char c : text) {
        if (c == '|') line += '\\';
        line += c;
      }
      line += " |";
    }
    out_ << line << '\n';
  }

  void write_footer(const std::string&) override {}

 private:
  std::ostream& out_;
};

void append_member_cells(const Record& record, const std::vector<std::string>& fields, Row& row) {
  if (!fields.empty()) {
    for (const std::string& field : fields) {
      ValueView value = record.value.at(field);
      if (value.is_missing()) value = record.value[field];
      row.emplace_back(field, Value(value));
    }
  } else if (record.value.type() == ValueType::object) {
    for (const ValueView::Member& member : record.value.view()) {
      const bool taken = member.name == "key" || member.name == "version";
      row.emplace_back((taken ? "value." : "") + std::string(member.name), Value(member.value));
    }
  } else {
    row.emplace_back("value", record.value);
  }
}

}  // namespace

std::optional<Format> parse_format(std::string_view name) {
  if (name == "table") return Format::table;
  if (name == "jsonl") return Format::jsonl;
  if (name == "csv") return Format::csv;
  if (name == "md") return Format::md;
  return std::nullopt;
}

std::unique_ptr<RowWriter> make_row_writer(const Display& display) {
  switch (display.format) {
    case Format::table:
      return std::make_unique<TableWriter>(display);
    case Format::csv:
      return std::make_unique<CsvWriter>(display);
    case Format::md:
      return std::make_unique<MarkdownWriter>(display);
    case Format::jsonl:
      break;
  }
  return std::make_unique<JsonLinesWriter>(display);
}

void write_sheet(const Display& display, const Row& properties) {
  if (display.format == Format::table) {
    std::size_t width = 0;
    for (const Cell& cell : properties) width = std::max(width, display_width(cell.name));
    for (const Cell& cell : properties) {
      std::string text = shown(cell);
      if (display.width > width + gap_width) text = cut(text, display.width - width - gap_width);
      display.out << bold(cell.name, display.colour) << std::string(width - display_width(cell.name) + gap_width, ' ')
                  << text << '\n';
    }
    return;
  }
  const auto writer = make_row_writer(display);
  if (display.format == Format::md) {
    for (const Cell& cell : properties) writer->write({{"property", Value(cell.name)}, {"value", Value(shown(cell))}});
  } else {
    writer->write(properties);
  }
  writer->finish();
}

Value to_object(const Row& row) {
  std::vector<std::pair<std::string, Value>> members;
  members.reserve(row.size());
  for (const Cell& cell : row) members.emplace_back(cell.name, cell.value);
  return Value::object(members);
}

Row record_row(const Record& record, Format format, const std::vector<std::string>& fields) {
  Row row;
  row.emplace_back("key", Value(record.key));
  const bool for_people = format == Format::table || format == Format::md;
  if (for_people || (format == Format::csv && !fields.empty())) {
    append_member_cells(record, fields, row);
  } else {
    row.emplace_back("value", record.value);
  }
  row.emplace_back("version", Value(record.version.value));
  if (for_people) return row;
  row.emplace_back("created", Value(record.created.to_string()));
  row.emplace_back("updated", Value(record.updated.to_string()));
  if (record.expires) {
    row.emplace_back("expires", Value(record.expires->to_string()));
  } else if (format == Format::csv) {
    row.emplace_back("expires", Value(nullptr));
  }
  return row;
}

std::string bold(std::string_view text, bool colour) {
  return colour ? "\033[1m" + std::string(text) + "\033[0m" : std::string(text);
}

std::string faint(std::string_view text, bool colour) {
  return colour ? "\033[2m" + std::string(text) + "\033[0m" : std::string(text);
}

}  // namespace strata::cli
