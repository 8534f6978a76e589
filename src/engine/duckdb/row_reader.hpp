// Reads rows of one state, with the writes of a transaction on top where there is one; what a snapshot and a write
// transaction have in common.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/duckdb/page_rewrite.hpp"
#include "engine/stored_key.hpp"
#include "strata/engine.hpp"

namespace strata::engine::duck {

class RowCursor;

class RowReader {
 public:
  /// The overlay may be nullptr.
  RowReader(const Database& database, std::shared_ptr<View> view, const Overlay* overlay);
  ~RowReader() { end_views(); }
  RowReader(const RowReader&) = delete;
  RowReader& operator=(const RowReader&) = delete;

  std::optional<bytes_view> get(Key key);
  void get_many(std::span<const Key> keys, const Reader::Sink& sink);
  std::unique_ptr<Cursor> scan(KeyRange range, ScanHints hints);
  /// Stored keys of all rows of the range.
  std::vector<Bytes> keys_in(const KeyRange& range);

  const std::shared_ptr<View>& view() const { return view_; }
  /// Ends the view that get() returned and all cursors.
  void end_views() noexcept;
  /// Lets go of the state.
  void close() noexcept;

 private:
  friend class RowCursor;

  const Database& database_;
  std::shared_ptr<View> view_;
  const Overlay* overlay_;
  std::shared_ptr<const Page> held_;
  std::vector<RowCursor*> cursors_;
};

}  // namespace strata::engine::duck
