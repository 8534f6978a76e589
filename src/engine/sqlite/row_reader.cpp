#include "engine/sqlite/row_reader.hpp"

#include <algorithm>
#include <functional>

#include "engine/stored_key.hpp"
#include "strata/error.hpp"

namespace strata::engine::sqlite {
namespace {

Query scan_query(const ScanHints& hints) {
  if (hints.keys_only) return hints.reverse ? Query::scan_keys_reverse : Query::scan_keys;
  return hints.reverse ? Query::scan_reverse : Query::scan;
}

bool within(bytes_view inner, bytes_view outer) {
  const std::less_equal<const char*> not_after;
  return !inner.empty() && not_after(outer.data(), inner.data()) &&
         not_after(inner.data(), outer.data() + outer.size());
}

}  // namespace

class RowCursor : public Cursor {
 public:
  RowCursor(RowReader& reader, const KeyRange& range, const ScanHints& hints)
      : reader_(&reader),
        range_(range),
        has_values_(!hints.keys_only),
        statement_(reader.connection_, scan_query(hints), range.space.group()) {
    statement_.bind(1, range_.begin);
    statement_.bind(2, range_.end);
    reader.cursors_.push_back(this);
  }
  ~RowCursor() override {
    if (reader_ != nullptr) std::erase(reader_->cursors_, this);
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
    if (statement_.step("scan")) return true;
    at_end_ = true;
    statement_ = {};
    return false;
  }
  bytes_view key() const override { return without_space(statement_.column(0)); }
  bytes_view value() const override { return has_values_ ? statement_.column(1) : bytes_view(); }

  void end() noexcept {
    statement_ = {};
    reader_ = nullptr;
  }
  bool lends(bytes_view bytes) const {
    return statement_ && (within(bytes, statement_.column(0)) || within(bytes, value()));
  }

 private:
  RowReader* reader_;
  StoredRange range_;
  bool has_values_;
  bool at_end_ = false;
  Statement statement_;
};

std::optional<bytes_view> RowReader::get(Key key) {
  database_.check();
  held_ = {};
  const StoredKey stored(key);
  Statement statement(connection_, Query::get, key.space.group());
  statement.bind(1, stored.view());
  if (!statement.step("get a row")) return std::nullopt;
  held_ = std::move(statement);
  return held_.column(0);
}

void RowReader::get_many(std::span<const Key> keys, const Reader::Sink& sink) {
  for (std::size_t i = 0; i < keys.size(); ++i) sink(i, get(keys[i]));
}

std::unique_ptr<Cursor> RowReader::scan(KeyRange range, ScanHints hints) {
  database_.check();
  held_ = {};
  return std::make_unique<RowCursor>(*this, range, hints);
}

void RowReader::end_views() noexcept {
  held_ = {};
  for (RowCursor* cursor : cursors_) cursor->end();
  cursors_.clear();
}

bool RowReader::lends(bytes_view bytes) const {
  if (held_ && within(bytes, held_.column(0))) return true;
  return std::any_of(cursors_.begin(), cursors_.end(), [&](const RowCursor* c) { return c->lends(bytes); });
}

}  // namespace strata::engine::sqlite
