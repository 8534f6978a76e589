#include "engine/lmdb/row_reader.hpp"

#include "engine/lmdb/row_cursor.hpp"
#include "strata/error.hpp"

namespace strata::engine {

std::optional<bytes_view> RowReader::get(const Key& key) {
  check();
  const StoredKey stored(key);
  MDB_val name = to_lmdb(stored.view());
  MDB_val value{};
  const int code = mdb_get(transaction_, environment_.tree(key.space), &name, &value);
  if (code == MDB_NOTFOUND) return std::nullopt;
  if (code != 0) environment_.fail(code, "read a row");
  return from_lmdb(value);
}

void RowReader::get_many(std::span<const Key> keys, const Reader::Sink& sink) {
  for (std::size_t i = 0; i < keys.size(); ++i) sink(i, get(keys[i]));
}

std::unique_ptr<Cursor> RowReader::scan(const KeyRange& range, ScanHints hints) {
  check();
  check_range(range);
  return std::make_unique<RowCursor>(*this, range, hints.reverse);
}

void RowReader::end_cursors() noexcept {
  for (RowCursor* cursor : cursors_) cursor->end();
  cursors_.clear();
}

void RowReader::refuse_ended() const {
  throw Error(ErrorCode::closed, environment_.place() + ": a write transaction was used after its end; begin another");
}

}  // namespace strata::engine
