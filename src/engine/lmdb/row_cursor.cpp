#include "engine/lmdb/row_cursor.hpp"

#include <algorithm>

#include "strata/error.hpp"

namespace strata::engine {

RowCursor::RowCursor(RowReader& reader, const KeyRange& range, bool reverse)
    : reader_(reader), range_(range), reverse_(reverse) {
  reader_.cursors_.push_back(this);
  const int code = mdb_cursor_open(reader_.transaction_, reader_.environment_.tree(range.space), &cursor_);
  if (code == 0) return;
  reader_.cursors_.pop_back();
  reader_.environment_.fail(code, "scan");
}

RowCursor::~RowCursor() {
  if (cursor_ == nullptr) return;
  auto& cursors = reader_.cursors_;
  cursors.erase(std::find(cursors.begin(), cursors.end(), this));
  end();
}

void RowCursor::end() noexcept {
  if (!reader_.environment_.inherited()) mdb_cursor_close(cursor_);
  cursor_ = nullptr;
}

bool RowCursor::next() {
  reader_.environment_.check();
  if (cursor_ == nullptr) {
    throw Error(ErrorCode::internal,
                reader_.environment_.place() + ": a cursor was used after a write, or after its end");
  }
  if (state_ == State::after) return false;
  const int code = step();
  if (code != 0 && code != MDB_NOTFOUND) reader_.environment_.fail(code, "scan");
  state_ = code == 0 && in_range() ? State::inside : State::after;
  return state_ == State::inside;
}

int RowCursor::step() {
  if (state_ == State::before) return seek();
  return mdb_cursor_get(cursor_, &key_, &value_, reverse_ ? MDB_PREV : MDB_NEXT);
}

int RowCursor::seek() {
  if (range_.begin >= range_.end) return MDB_NOTFOUND;
  key_ = to_lmdb(reverse_ ? range_.end : range_.begin);
  const int code = mdb_cursor_get(cursor_, &key_, &value_, MDB_SET_RANGE);
  if (!reverse_) return code;
  if (code == MDB_NOTFOUND) return mdb_cursor_get(cursor_, &key_, &value_, MDB_LAST);
  return code != 0 ? code : mdb_cursor_get(cursor_, &key_, &value_, MDB_PREV);
}

bool RowCursor::in_range() const { return reverse_ ? from_lmdb(key_) >= range_.begin : from_lmdb(key_) < range_.end; }

}  // namespace strata::engine
