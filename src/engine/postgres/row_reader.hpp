// Reads rows over a session that stands in a transaction; what a snapshot and a write transaction have in common.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/postgres/connection.hpp"
#include "engine/postgres/schema.hpp"
#include "engine/stored_key.hpp"
#include "strata/engine.hpp"

namespace strata::engine::postgres {

/// Rows that one statement asks for, whatever their tables.
class Lookup {
 public:
  explicit Lookup(std::span<const Key> keys);
  /// Requires: there are keys. Its answer is one result.
  void send(Connection& connection, const Statements& statements) const;
  /// Calls `sink` for each key, in their order.
  void deliver(const Result& answer, const Reader::Sink& sink) const;

 private:
  std::vector<StoredKey> stored_;
};

class RowReader {
 public:
  RowReader(Connection& connection, const Statements& statements) : connection_(connection), statements_(statements) {}

  /// Owned, for a later statement ends what the session lends.
  std::optional<Bytes> get(Key key);
  /// Calls `sink` in the order of `keys`. One round trip.
  void get_many(std::span<const Key> keys, const Reader::Sink& sink);
  /// Rows come in batches that grow: a round trip each. Requires: the reader outlives the cursor.
  std::unique_ptr<Cursor> scan(const KeyRange& range, const ScanHints& hints);

 private:
  friend class RowCursor;
  Connection& connection_;
  const Statements& statements_;
};

}  // namespace strata::engine::postgres
