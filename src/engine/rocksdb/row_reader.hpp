// Reads rows of one state of the database, with the writes of a batch on top where there is one; what a snapshot and a
// write transaction have in common.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/utilities/write_batch_with_index.h>

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/rocksdb/database.hpp"
#include "engine/stored_key.hpp"
#include "strata/engine.hpp"

namespace strata::engine::lsm {

inline rocksdb::Slice slice_of(bytes_view bytes) { return {bytes.data(), bytes.size()}; }
inline bytes_view view_of(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

class RowCursor;

class RowReader {
 public:
  /// Of the snapshot, or of the latest state when there is none. The batch may be nullptr.
  RowReader(const Database& database, const rocksdb::Snapshot* snapshot, rocksdb::WriteBatchWithIndex* batch);
  ~RowReader() { end_views(); }
  RowReader(const RowReader&) = delete;
  RowReader& operator=(const RowReader&) = delete;

  std::optional<bytes_view> get(Key key);
  void get_many(std::span<const Key> keys, const Reader::Sink& sink);
  std::unique_ptr<Cursor> scan(KeyRange range, ScanHints hints);
  /// Stored keys of all rows of the range.
  std::vector<Bytes> keys_in(const KeyRange& range);

  /// Ends the view that get() returned and all cursors.
  void end_views() noexcept;

 private:
  friend class RowCursor;

  std::unique_ptr<rocksdb::Iterator> iterate(Space space, const rocksdb::ReadOptions& options) const;

  const Database& database_;
  rocksdb::ReadOptions options_;
  rocksdb::WriteBatchWithIndex* batch_;
  rocksdb::PinnableSlice held_;
  std::vector<RowCursor*> cursors_;
};

}  // namespace strata::engine::lsm
