#include "engine/postgres/row_reader.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <vector>

namespace strata::engine::postgres {
namespace {

constexpr std::size_t first_batch = 64;
constexpr std::size_t largest_batch = 4096;
constexpr std::size_t batch_bytes = std::size_t{1} << 20;

}  // namespace

class RowCursor : public Cursor {
 public:
  RowCursor(RowReader& reader, const KeyRange& range, const ScanHints& hints)
      : reader_(reader), statement_(statement(range.space.group(), hints)), range_(range), hints_(hints) {
    if (hints.limit > 0) batch_ = std::clamp<std::size_t>(hints.limit, 1, largest_batch);
  }

  bool next() override {
    if (at_end_) return false;
    if (rows_ && ++row_ < rows_->rows()) return true;
    if (rows_ && rows_->rows() < asked_) return end();
    fetch();
    return rows_->rows() > 0 || end();
  }
  bytes_view key() const override { return without_space(rows_->bytes(row_, 0)); }
  bytes_view value() const override { return hints_.keys_only ? bytes_view() : rows_->bytes(row_, 1); }

 private:
  const Statement& statement(SpaceGroup group, const ScanHints& hints) const {
    const Statements::OfTable& all = reader_.statements_.of(group);
    if (hints.keys_only) return hints.reverse ? all.scan_keys_reverse : all.scan_keys;
    return hints.reverse ? all.scan_reverse : all.scan;
  }

  bool end() {
    at_end_ = true;
    return false;
  }

  /// The next rows behind the last one.
  void fetch() {
    if (rows_) {
      const bytes_view last = rows_->bytes(rows_->rows() - 1, 0);
      if (hints_.reverse) {
        range_.end = Bytes(last);
      } else {
        range_.begin = Bytes(last).append(1, '\0');
      }
      grow();
    }
    asked_ = batch_;
    const std::array parameters{Parameter::bytes(range_.begin), Parameter::bytes(range_.end),
                                Parameter::integer(static_cast<std::int64_t>(batch_))};
    rows_.emplace(reader_.connection_.ask(statement_, parameters));
    row_ = 0;
  }

  /// Larger batches as more rows are wanted, as long as they stay around a megabyte.
  void grow() {
    std::size_t bytes = 0;
    for (std::size_t row = 0; row < rows_->rows(); ++row) {
      bytes += rows_->bytes(row, 0).size() + (hints_.keys_only ? 0 : rows_->bytes(row, 1).size());
    }
    const std::size_t of_a_row = std::max<std::size_t>(1, bytes / rows_->rows());
    batch_ =
        std::clamp<std::size_t>(std::min(std::max(batch_, first_batch) * 4, batch_bytes / of_a_row), 1, largest_batch);
  }

  RowReader& reader_;
  const Statement& statement_;
  StoredRange range_;
  ScanHints hints_;
  std::size_t batch_ = first_batch;
  std::size_t asked_ = 0;
  std::optional<Result> rows_;
  std::size_t row_ = 0;
  bool at_end_ = false;
};

std::optional<Bytes> RowReader::get(Key key) {
  const StoredKey stored(key);
  const std::array parameters{Parameter::bytes(stored.view())};
  const Result found = connection_.ask(statements_.of(key.space.group()).get, parameters);
  if (found.rows() == 0) return std::nullopt;
  return Bytes(found.bytes(0, 0));
}

Lookup::Lookup(std::span<const Key> keys) {
  stored_.reserve(keys.size());
  for (const Key& key : keys) stored_.emplace_back(key);
}

void Lookup::send(Connection& connection, const Statements& statements) const {
  std::array<std::vector<bytes_view>, tables> wanted;
  for (const StoredKey& key : stored_) {
    wanted[static_cast<std::size_t>(table_of(static_cast<SpaceGroup>(key.view()[0])))].push_back(key.view());
  }
  std::vector<Parameter> parameters;
  for (std::size_t table = 0; table < tables; ++table) {
    if (wanted[table].size() == stored_.size()) {
      const std::array all{Parameter::bytes_array(wanted[table])};
      return connection.send(statements.of_table[table].get_many, all);
    }
    parameters.push_back(Parameter::bytes_array(wanted[table]));
  }
  connection.send(statements.get_many, parameters);
}

void Lookup::deliver(const Result& answer, const Reader::Sink& sink) const {
  std::unordered_map<bytes_view, bytes_view> found;
  for (std::size_t row = 0; row < answer.rows(); ++row) found.emplace(answer.bytes(row, 0), answer.bytes(row, 1));
  for (std::size_t i = 0; i < stored_.size(); ++i) {
    const auto row = found.find(stored_[i].view());
    sink(i, row == found.end() ? std::nullopt : std::optional<bytes_view>(row->second));
  }
}

void RowReader::get_many(std::span<const Key> keys, const Reader::Sink& sink) {
  if (keys.empty()) return;
  const Lookup lookup(keys);
  lookup.send(connection_, statements_);
  lookup.deliver(connection_.collect().back(), sink);
}

std::unique_ptr<Cursor> RowReader::scan(const KeyRange& range, const ScanHints& hints) {
  connection_.check();
  return std::make_unique<RowCursor>(*this, range, hints);
}

}  // namespace strata::engine::postgres
