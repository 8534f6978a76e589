// The store: one directory (or database), many processes, every kind of data under one commit.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "strata/collection.hpp"
#include "strata/consumer_group.hpp"
#include "strata/datalog.hpp"
#include "strata/document.hpp"
#include "strata/error.hpp"
#include "strata/graph.hpp"
#include "strata/options.hpp"
#include "strata/queue.hpp"
#include "strata/stream.hpp"
#include "strata/subscription.hpp"
#include "strata/transaction.hpp"

namespace strata {

/// Who and where a store is.
struct StoreDescription {
  Uuid id;
  std::string url;
  std::string directory;  ///< Empty for `memory:`.
  engine::Capabilities engine;
  std::uint32_t format = 0;  ///< Of what is stored (docs/FORMAT.md).
  Position position;         ///< Of the newest commit.
  Time time;                 ///< Its time.
  std::string digest;        ///< 32 hexadecimal digits: equal stores have equal digests, on any engine.
  std::string chain;         ///< Hash over all log entries, 32 hexadecimal digits.
  Position log_base;         ///< The log holds the entries after this position.
  std::uint64_t epoch = 0;
};

struct SpaceStatistics {
  std::string name;  ///< `collection notes`, `index notes/kind`, `log`, ...
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  ///< Of keys and values as stored, without the engine's own structure.
};

struct FollowerStatistics {
  std::string name;
  Position position;
  std::uint64_t lag = 0;  ///< Commits behind.
};

struct StoreStatistics {
  std::uint64_t file_bytes = 0;
  std::uint64_t live_bytes = 0;
  std::uint64_t garbage_bytes = 0;  ///< Inside the files, reusable, not given back.
  std::uint64_t log_bytes = 0;
  std::uint64_t log_entries = 0;
  std::vector<SpaceStatistics> spaces;
  std::uint64_t readers = 0;
  std::uint64_t oldest_reader_process = 0;  ///< 0: none.
  std::uint64_t oldest_reader_lag = 0;
  std::vector<FollowerStatistics> followers;
  std::uint64_t commits =
      0;  ///< Transactions that this process has committed, for itself or for others, since it opened the store,
  std::uint64_t syncs = 0;  ///< and the engine commits that they took.
  std::uint64_t conflicts = 0;
  std::map<std::string, std::string> engine_details;
};

/// One change of a log entry. The log holds no values.
struct LogChange {
  enum class Operation { put, erase, erase_range, declare };
  Operation operation = Operation::put;
  std::string collection;  ///< Empty when the space is no collection's (or one since dropped): then `space` tells.
  std::uint32_t space = 0;
  std::string key;
  std::uint64_t count = 1;  ///< Records erased, for erase_range.
  std::string stream{};     ///< Of the event that was appended or erased; empty when it is none.
  std::uint64_t stream_version = 0;
};

struct LogEntry {
  Position position;
  Time time;
  Uuid id;  ///< Of the transaction.
  std::string origin;
  std::vector<LogChange> changes;
};

struct VerifyReport {
  std::uint64_t records = 0;
  std::uint64_t index_entries = 0;
  std::uint64_t log_entries = 0;
  std::vector<std::string> problems;  ///< Each names collection, key and what is wrong. Empty: all is well.
  Position position;
};

class Store {
 public:
  /// Opens, or makes, the store at a URL (`lmdb:DIR`, `sqlite:DIR`, `rocksdb:DIR`, `memory:`, with `?name=value` engine
  /// parameters) or at a bare path, which means the engine that is there already, else `lmdb:`.
  /// `not_found`, `unsupported` (engine, newer format, network file system), `corruption`, `busy` (one-process engine
  /// in use elsewhere: the message names the holder), `io`.
  static Store open(std::string_view url, const OpenOptions& options = {});

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  /// Closes; errors are lost. Calls that still run end with `closed`.
  ~Store();
  /// Waits for commit_async, lets go of everything, and reports errors. Calls after it give `closed`.
  void close();

  Collection collection(std::string_view name);
  /// Names of the collections, sorted.
  std::vector<std::string> collections() const;
  Stream stream(std::string_view name);
  Streams streams() const;
  Queue queue(std::string_view name);
  /// Names of the queues that have items or settings, sorted.
  std::vector<std::string> queues() const;
  Graph graph();
  Documents documents(std::string_view collection = "documents");
  /// Answers a program (datalog.hpp). `invalid_argument` with line and column, `limit_exceeded`.
  DatalogResult query(std::string_view program, const DatalogOptions& options = {}) const;
  /// `invalid_argument` for a wrong filter or nothing to watch, `conflict` when the consumer's place was kept by a
  /// subscription to something else.
  Subscription subscribe(const SubscriptionOptions& options);
  /// Takes part in a group that shares events. `invalid_argument`.
  ConsumerGroup consumer_group(const GroupOptions& options);
  /// The durable consumers, by name.
  std::vector<ConsumerDescription> consumers() const;
  /// Forgets a consumer's place. False when there was none.
  bool forget_consumer(std::string_view name);
  Snapshot snapshot() const;

  /// Runs `fn(Transaction&)` and commits; returns what `fn` returned, by value. On `conflict` it runs `fn` again on the
  /// newer state, up to 8 times, the last time inside the write section, where nothing can interfere. An exception from
  /// `fn` abandons the transaction and passes through. Calling it from within `fn` (same thread): `invalid_argument`.
  template <class Function>
  auto transact(Function&& fn, const CommitOptions& options = {}, CommitResult* result = nullptr) {
    using Result = std::invoke_result_t<Function&, Transaction&>;
    if constexpr (std::is_void_v<Result>) {
      CommitResult done = run_transaction([&](Transaction& transaction) { fn(transaction); }, options);
      if (result) *result = done;
    } else {
      static_assert(!std::is_reference_v<Result>, "fn must return by value: views die with the transaction");
      std::optional<Result> returned;
      CommitResult done =
          run_transaction([&](Transaction& transaction) { returned.emplace(fn(transaction)); }, options);
      if (result) *result = done;
      return std::move(*returned);
    }
  }

  /// Runs `fn` now, once, and commits behind the caller's back. The future gives the result or the error (also
  /// `conflict`: nothing is run again). `busy` at once when 1,024 such commits are waiting.
  std::future<CommitResult> commit_async(const std::function<void(Transaction&)>& fn,
                                         const CommitOptions& options = {});

  /// What became of a transaction id: its result, or nothing when it did not commit; then it never will, unless a
  /// living caller goes on with it. To be sure it waits for its turn to write (`busy`; a store open for reading alone
  /// says what it sees). `gap` when the id is too old to tell.
  std::optional<CommitResult> outcome(const Uuid& id) const;

  /// Entries after `from`, oldest first, at most `limit`. `gap` when the log was trimmed beyond `from`.
  std::vector<LogEntry> log(Position from, std::size_t limit = 1000) const;
  /// Newest position.
  Position position() const;
  /// Waits until the newest position is beyond `seen`, or the timeout; the newest position. Woken across processes,
  /// with a poll of at most 250 ms behind it.
  Position wait_for_commit(Position seen, std::chrono::milliseconds timeout) const;

  StoreDescription describe() const;
  StoreStatistics statistics() const;
  /// Reads everything and compares: checksums, indexes against records, counts, digest, log chain.
  VerifyReport verify(engine::Progress* progress = nullptr) const;
  /// Trims what is due, and gives space back where the engine can. Bytes of the files before and after.
  std::pair<std::uint64_t, std::uint64_t> compact(engine::Progress* progress = nullptr);
  /// For faces that live within the library.
  struct State;
  const std::shared_ptr<State>& state() const { return state_; }

 private:
  explicit Store(std::shared_ptr<State> state);
  CommitResult run_transaction(const std::function<void(Transaction&)>& fn, const CommitOptions& options);
  std::shared_ptr<State> state_;
};

/// A store's URL as it may be shown: without password. Leaves any other text as it is.
std::string without_secrets(std::string_view url);

}  // namespace strata
