// Reads rows over one connection that stands in a transaction; what a snapshot and a write transaction have in common.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/sqlite/connection.hpp"
#include "engine/sqlite/database.hpp"
#include "strata/engine.hpp"

namespace strata::engine::sqlite {

class RowCursor;

class RowReader {
 public:
  RowReader(const Database& database, Connection& connection) : database_(database), connection_(connection) {}
  ~RowReader() { end_views(); }
  RowReader(const RowReader&) = delete;
  RowReader& operator=(const RowReader&) = delete;

  std::optional<bytes_view> get(Key key);
  void get_many(std::span<const Key> keys, const Reader::Sink& sink);
  std::unique_ptr<Cursor> scan(KeyRange range, ScanHints hints);

  /// Ends the view that get() returned and all cursors, so that no statement is under way.
  void end_views() noexcept;
  /// Whether `bytes` lie in a view that end_views() would end.
  bool lends(bytes_view bytes) const;

 private:
  friend class RowCursor;

  const Database& database_;
  Connection& connection_;
  Statement held_;  // whose row the last get() showed
  std::vector<RowCursor*> cursors_;
};

}  // namespace strata::engine::sqlite
