// Walks a range of rows with an LMDB cursor.
#pragma once

#include "engine/lmdb/row_reader.hpp"
#include "engine/stored_key.hpp"

namespace strata::engine {

inline MDB_val to_lmdb(bytes_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
inline bytes_view from_lmdb(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

class RowCursor : public Cursor {
 public:
  RowCursor(RowReader& reader, const KeyRange& range, bool reverse);
  ~RowCursor() override;
  RowCursor(const RowCursor&) = delete;
  RowCursor& operator=(const RowCursor&) = delete;

  bool next() override;
  bytes_view key() const override { return without_space(from_lmdb(key_)); }
  bytes_view value() const override { return from_lmdb(value_); }

  /// Lets go of LMDB's cursor.
  void end() noexcept;

 private:
  enum class State { before, inside, after };
  int step();
  int seek();
  bool in_range() const;

  RowReader& reader_;
  const StoredRange range_;
  const bool reverse_;
  State state_ = State::before;
  MDB_cursor* cursor_ = nullptr;
  MDB_val key_{};
  MDB_val value_{};
};

}  // namespace strata::engine
