// The write section of a store on a server: a transaction that holds the write lock, its writes kept back until they
// can go together.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/postgres/pool.hpp"
#include "engine/postgres/row_reader.hpp"
#include "engine/postgres/target.hpp"
#include "platform/thread_line.hpp"
#include "strata/engine.hpp"

namespace strata::engine::postgres {

/// The session that writes, and the line of this process's threads before it. Thread-safe.
class WriteSession {
 public:
  WriteSession(const Target& target, const Statements& statements, Lineage& lineage)
      : target_(target), statements_(statements), lineage_(lineage) {}

  struct Turn {
    Connection* connection = nullptr;
    /// Rows by their stored keys, as they are behind the lock; the head's among them.
    std::vector<std::pair<Bytes, std::optional<Bytes>>> rows;
  };
  /// Enters, and fetches the head and what is `ahead`; `busy` at the deadline. Each turn is ended by leave().
  Turn enter(Deadline deadline, std::span<const Key> ahead);
  /// Requires: the transaction on the session has ended, or the session is to be given up with it.
  void leave() noexcept;
  const Target& target() const { return target_; }
  const Statements& statements() const { return statements_; }

 private:
  Turn lock(Deadline deadline, std::span<const Key> keys);
  void send_entry(std::chrono::milliseconds wait, const Lookup& lookup);
  void end_stopped_writer();

  const Target& target_;
  const Statements& statements_;
  Lineage& lineage_;
  platform::ThreadLine line_;
  std::unique_ptr<Connection> connection_;
};

class PostgresWriteTransaction : public WriteTransaction {
 public:
  PostgresWriteTransaction(WriteSession& session, WriteSession::Turn turn);
  ~PostgresWriteTransaction() override;

  std::optional<bytes_view> get(Key key) override;
  void get_many(std::span<const Key> keys, const Sink& sink) override;
  std::unique_ptr<Cursor> scan(KeyRange range, ScanHints hints) override;
  void put(Key key, bytes_view value) override;
  void erase(Key key) override;
  void erase_range(KeyRange range) override;
  void commit(Durability durability) override;

 private:
  /// A row as this transaction knows it. No one else changes it meanwhile, so what was read once need not be again.
  struct Known {
    std::optional<Bytes> value;
    bool written = false;  ///< And not sent yet.
  };

  void check() const;
  void note(Key key, std::optional<Bytes> value);
  void send_written();
  bool has_written_within(bytes_view begin, bytes_view end) const;

  WriteSession& session_;
  Connection* connection_;
  RowReader rows_;
  std::map<Bytes, Known, std::less<>> known_;
  std::size_t written_bytes_ = 0;
  bool changed_ = false;
};

}  // namespace strata::engine::postgres
