#include "engine/rocksdb/row_reader.hpp"

#include <utility>

#include "strata/error.hpp"

namespace strata::engine::lsm {

class RowCursor : public Cursor {
 public:
  RowCursor(RowReader& reader, const KeyRange& range, const ScanHints& hints)
      : reader_(&reader),
        range_(range),
        begin_(slice_of(range_.begin)),
        end_(slice_of(range_.end)),
        reverse_(hints.reverse),
        at_end_(range_.begin >= range_.end) {
    rocksdb::ReadOptions options = reader.options_;
    options.iterate_lower_bound = &begin_;
    options.iterate_upper_bound = &end_;
    if (!at_end_) rows_ = reader.iterate(range.space, options);
    reader.cursors_.push_back(this);
  }
  ~RowCursor() override {
    if (reader_ == nullptr) return;
    std::erase(reader_->cursors_, this);
    if (reader_->database_.inherited()) static_cast<void>(rows_.release());
  }
  RowCursor(const RowCursor&) = delete;
  RowCursor& operator=(const RowCursor&) = delete;

  bool next() override {
    if (at_end_) return false;
    if (reader_ == nullptr) {
      throw Error(ErrorCode::invalid_argument,
                  "a cursor was used after a write or the end of its transaction; scan again");
    }
    reader_->database_.check();
    move();
    if (rows_->Valid() && within_bounds()) return true;
    if (!rows_->status().ok()) reader_->database_.fail(rows_->status(), "scan");
    at_end_ = true;
    rows_.reset();
    return false;
  }
  bytes_view key() const override { return without_space(view_of(rows_->key())); }
  bytes_view value() const override { return view_of(rows_->value()); }
  bytes_view stored_key() const { return view_of(rows_->key()); }

  void end() noexcept {
    if (reader_->database_.inherited()) {
      static_cast<void>(rows_.release());
    } else {
      rows_.reset();
    }
    reader_ = nullptr;
  }

 private:
  void move() {
    if (std::exchange(placed_, true)) {
      reverse_ ? rows_->Prev() : rows_->Next();
    } else if (!reverse_) {
      rows_->Seek(begin_);
    } else {
      rows_->SeekForPrev(end_);
      if (rows_->Valid() && rows_->key() == end_) rows_->Prev();
    }
  }
  /// The bounds in the read options bind the database's rows, not those of a batch.
  bool within_bounds() const { return reverse_ ? rows_->key().compare(begin_) >= 0 : rows_->key().compare(end_) < 0; }

  RowReader* reader_;
  StoredRange range_;
  rocksdb::Slice begin_;
  rocksdb::Slice end_;
  bool reverse_;
  bool at_end_;
  bool placed_ = false;
  std::unique_ptr<rocksdb::Iterator> rows_;
};

RowReader::RowReader(const Database& database, const rocksdb::Snapshot* snapshot, rocksdb::WriteBatchWithIndex* batch)
    : database_(database), batch_(batch) {
  options_.snapshot = snapshot;
}

std::optional<bytes_view> RowReader::get(Key key) {
  database_.check();
  held_.Reset();
  const StoredKey stored(key);
  rocksdb::ColumnFamilyHandle* family = database_.family(key.space);
  rocksdb::DB& rows = database_.rows();
  const rocksdb::Slice name = slice_of(stored.view());
  const rocksdb::Status status = batch_ == nullptr ? rows.Get(options_, family, name, &held_)
                                                   : batch_->GetFromBatchAndDB(&rows, options_, family, name, &held_);
  if (status.ok()) return view_of(held_);
  if (status.IsNotFound()) return std::nullopt;
  database_.fail(status, "get a row");
}

void RowReader::get_many(std::span<const Key> keys, const Reader::Sink& sink) {
  for (std::size_t i = 0; i < keys.size(); ++i) sink(i, get(keys[i]));
}

std::unique_ptr<Cursor> RowReader::scan(KeyRange range, ScanHints hints) {
  database_.check();
  held_.Reset();
  return std::make_unique<RowCursor>(*this, range, hints);
}

std::vector<Bytes> RowReader::keys_in(const KeyRange& range) {
  std::vector<Bytes> keys;
  RowCursor cursor(*this, range, {.keys_only = true});
  while (cursor.next()) keys.emplace_back(cursor.stored_key());
  return keys;
}

std::unique_ptr<rocksdb::Iterator> RowReader::iterate(Space space, const rocksdb::ReadOptions& options) const {
  rocksdb::ColumnFamilyHandle* family = database_.family(space);
  rocksdb::Iterator* stored = database_.rows().NewIterator(options, family);
  return std::unique_ptr<rocksdb::Iterator>(batch_ == nullptr ? stored : batch_->NewIteratorWithBase(family, stored));
}

void RowReader::end_views() noexcept {
  if (!database_.inherited()) held_.Reset();
  for (RowCursor* cursor : cursors_) cursor->end();
  cursors_.clear();
}

}  // namespace strata::engine::lsm
