// The write section of a store on a server: a transaction that holds the write lock, its writes kept back until they
// can go together.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/postgres/memory.hpp"
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
  /// Enters without asking; null when another thread writes, no session stands, or memory has been wrong lately.
  Connection* enter_from_memory();
  /// What the server says of a presumed turn: whether the state is that of `memory`, and none of `absent` is there.
  /// Then the turn is as one that enter() gave, with the rows of `keys`. StaleMemory otherwise.
  Turn confirm(const Memory& memory, std::span<const Key> absent, std::span<const Key> keys, Deadline deadline);
  /// Begins the transaction and asks for the lock, for as long as a round of waiting lasts: no longer than the fence.
  /// Returns until when an answer is waited for.
  Deadline send_lock(Deadline deadline);
  /// Requires: the transaction on the session has ended, or the session is to be given up with it.
  void leave() noexcept;
  const Target& target() const { return target_; }
  const Statements& statements() const { return statements_; }

  /// Requires: the caller has the turn.
  AbsenceGuess& guess() { return guess_; }
  /// Whether what was presumed held.
  void note_presumed(bool held);
  void remember(const Memory& memory);
  void forget() { remember({}); }
  /// Empty when there is none.
  Bytes memory() const;

 private:
  Turn lock(Deadline deadline, std::span<const Key> keys);
  void end_stopped_writer();

  const Target& target_;
  const Statements& statements_;
  Lineage& lineage_;
  platform::ThreadLine line_;
  std::unique_ptr<Connection> connection_;
  AbsenceGuess guess_;
  std::uint32_t pause_ = 0;       ///< So many turns are not presumed,
  std::uint32_t next_pause_ = 1;  ///< and so many when memory is wrong once more.
  mutable std::mutex memory_mutex_;
  Bytes memory_;
};

class PostgresWriteTransaction : public WriteTransaction {
 public:
  PostgresWriteTransaction(WriteSession& session, WriteSession::Turn turn);
  /// Begun from memory: nothing has been sent. Requires: enter_from_memory() gave the connection.
  PostgresWriteTransaction(WriteSession& session, Connection& connection, Memory memory, Deadline deadline);
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
    bool guessed = false;  ///< It was presumed to be absent at first.
  };
  using KnownRows = std::map<Bytes, Known, std::less<>>;

  void check() const;
  /// Makes a transaction that was begun from memory one that holds the write lock.
  void confirm(std::span<const Key> keys);
  bool try_guess(Key key);
  std::vector<Bytes> guessed() const;
  std::vector<Parameter> take_written();
  void commit_presumed(Durability durability);
  void end();
  void take_rows(std::vector<std::pair<Bytes, std::optional<Bytes>>> rows);
  void note(Key key, std::optional<Bytes> value);
  void send_written();
  bool has_written_within(bytes_view begin, bytes_view end) const;

  WriteSession& session_;
  Connection* connection_;
  RowReader rows_;
  KnownRows known_;
  std::optional<Memory> presumed_;  ///< Not confirmed yet; its rows are in `known_`.
  Deadline lock_until_{};           ///< Then for the lock.
  std::int64_t state_ = 0;          ///< Of what was sent last.
  bool erased_ = false;
  std::size_t written_bytes_ = 0;
  bool changed_ = false;
};

}  // namespace strata::engine::postgres
