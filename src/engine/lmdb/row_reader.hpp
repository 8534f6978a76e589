// Reading rows through one LMDB transaction: what snapshots and write transactions have in common.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/lmdb/environment.hpp"

namespace strata::engine {

class RowCursor;

class RowReader {
 public:
  /// Requires: both outlive this, or end() comes first.
  RowReader(Environment& environment, MDB_txn* transaction) : environment_(environment), transaction_(transaction) {}
  RowReader(const RowReader&) = delete;
  RowReader& operator=(const RowReader&) = delete;

  /// `closed` in a forked child and after end(), `io` after a failed write.
  void check() const {
    environment_.check();
    if (transaction_ == nullptr) refuse_ended();
  }
  std::optional<bytes_view> get(const Key& key);
  void get_many(std::span<const Key> keys, const Reader::Sink& sink);
  std::unique_ptr<Cursor> scan(const KeyRange& range, ScanHints hints);

  Environment& environment() const { return environment_; }
  MDB_txn* transaction() const { return transaction_; }
  /// Ends the cursors: their objects may live on, but next() refuses. LMDB frees cursors together with a write
  /// transaction, so they must let go of them first.
  void end_cursors() noexcept;
  /// The transaction is about to be ended elsewhere.
  void end() noexcept {
    end_cursors();
    transaction_ = nullptr;
  }

 private:
  friend class RowCursor;
  [[noreturn]] void refuse_ended() const;

  Environment& environment_;
  MDB_txn* transaction_;
  std::vector<RowCursor*> cursors_;
};

}  // namespace strata::engine
