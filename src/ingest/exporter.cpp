#include "ingest/exporter.hpp"

#include <unordered_set>
#include <vector>

#include "ingest/csv_field.hpp"

namespace strata::ingest {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{64} << 10;

/// Gathers text and writes it in large pieces.
class TextSink {
 public:
  explicit TextSink(std::ostream& out) : out_(out) {}
  std::string& text() { return text_; }
  void flush_if_large() {
    if (text_.size() >= buffer_bytes) flush();
  }
  void flush() {
    out_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
    text_.clear();
    if (!out_) throw Error(ErrorCode::io, "cannot write the export: the output is closed or full");
  }

 private:
  std::ostream& out_;
  std::string text_;
};

void append_member(std::string_view name, std::string_view json, std::string& out) {
  out += ",\"";
  out += name;
  out += "\":";
  out += json;
}

std::string quoted(Time time) { return '"' + time.to_string() + '"'; }

class Export {
 public:
  Export(const Store& store, const ExportOptions& options, std::ostream& out)
      : options_(options), snapshot_(store.snapshot()), sink_(out) {}

  std::uint64_t run() {
    const Collection collection = snapshot_.collection(options_.collection);
    if (!collection.exists()) {
      throw Error(ErrorCode::not_found,
                  "no collection " + options_.collection + "; `strata info` lists those that there are");
    }
    const bool csv = options_.format == ExportFormat::csv;
    if (csv) write_header(collection);
    std::uint64_t records = 0;
    collection.scan(options_.query, [&](const Record& record) {
      if (csv) {
        write_row(record);
      } else {
        append_json_line(record, sink_.text());
        sink_.text() += '\n';
      }
      sink_.flush_if_large();
      ++records;
      return !options_.progress || options_.progress->advance("export", records, 0);
    });
    sink_.flush();
    return records;
  }

 private:
  void write_header(const Collection& collection) {
    columns_ = options_.query.fields.empty() ? member_names(collection) : options_.query.fields;
    sink_.text() += "_key";
    for (const std::string& column : columns_) {
      sink_.text() += ',';
      append_csv_string(column, sink_.text());
    }
    sink_.text() += "\r\n";
  }

  std::vector<std::string> member_names(const Collection& collection) const {
    std::vector<std::string> names;
    std::unordered_set<std::string> seen;
    collection.scan(options_.query, [&](const Record& record) {
      for (const ValueView::Member& member : record.value.view()) {
        if (seen.emplace(member.name).second) names.emplace_back(member.name);
      }
      return true;
    });
    return names;
  }

  void write_row(const Record& record) {
    if (record.value.type() != ValueType::object) {
      throw Error(ErrorCode::unsupported, "record " + record.key + " of collection " + options_.collection + " holds " +
                                              std::string(to_string(record.value.type())) +
                                              ", no object: CSV has no columns for it; export as jsonl");
    }
    append_csv_string(record.key, sink_.text());
    for (const std::string& column : columns_) {
      sink_.text() += ',';
      const ValueView value = record.value;
      append_csv_field(options_.query.fields.empty() ? value[column] : value.at(column), sink_.text());
    }
    sink_.text() += "\r\n";
  }

  const ExportOptions& options_;
  Snapshot snapshot_;
  TextSink sink_;
  std::vector<std::string> columns_;
};

}  // namespace

void append_json_line(const Record& record, std::string& out) {
  out += "{\"key\":";
  Value(record.key).view().to_json(out);
  out += ",\"value\":";
  record.value.view().to_json(out);
  append_member("version", std::to_string(record.version.value), out);
  append_member("created", quoted(record.created), out);
  append_member("updated", quoted(record.updated), out);
  if (record.expires) append_member("expires", quoted(*record.expires), out);
  out += '}';
}

std::uint64_t export_records(const Store& store, const ExportOptions& options, std::ostream& out) {
  return Export(store, options, out).run();
}

}  // namespace strata::ingest
