// The engine port: an ordered, transactional key-value store, as Strata needs one.
//
// For people who write an engine; applications use store.hpp. Each sentence of this contract has a test in
// tests/contract/, which runs for every engine through a wrapper that poisons expired views.
//
// An engine knows neither versions, models, JSON nor SQL. It throws strata::Error alone:
// `io` for a failed read, write or sync, `corruption` for damage that it found itself, `busy` at a deadline,
// `unsupported` and `invalid_argument` at open, `closed` in a child of fork(). After a failed write or sync every
// later call on the engine gives `io`; but a remote engine goes on: a call that meets a lost connection gives `busy`,
// and the next one finds another.
//
// Threads: Engine is thread-safe. A Snapshot, WriteTransaction or Cursor is used by one thread at a time, and may
// move between threads; but a WriteTransaction ends (by commit or destructor) in the thread that began it, for an
// engine may hold a lock meanwhile that belongs to that thread. They must be destroyed before their Engine.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "strata/error.hpp"
#include "strata/types.hpp"

namespace strata::engine {

using Deadline = std::chrono::steady_clock::time_point;

/// How an engine should lay a space out. Spaces of one group share a tree (table, column family) of the engine.
/// `system`, `log`, `ids` and `events` receive their keys nearly in order; the others at random.
enum class SpaceGroup : std::uint8_t {
  system = 0,   ///< head, counts, catalogue: few and hot
  log = 1,      ///< log entries
  ids = 2,      ///< transaction ids
  events = 3,   ///< events of streams
  record = 4,   ///< records of collections
  derived = 5,  ///< index entries and other derived rows
  local = 6,    ///< rows that belong to this copy of the store alone
  history = 7,  ///< earlier versions of records
};
inline constexpr std::size_t space_groups = 8;

/// A numbered key space: the group in the top 8 bits, a number of up to 24 bits below.
struct Space {
  std::uint32_t id = 0;
  friend auto operator<=>(const Space&, const Space&) = default;

  static constexpr Space make(SpaceGroup group, std::uint32_t number) {
    return {(static_cast<std::uint32_t>(group) << 24) | (number & 0xFFFFFFu)};
  }
  constexpr SpaceGroup group() const { return static_cast<SpaceGroup>(id >> 24); }
  constexpr std::uint32_t number() const { return id & 0xFFFFFFu; }
};

/// Longest key, in bytes, that every engine takes (the space not counted). Keys are not empty. Longer or empty:
/// `invalid_argument`.
inline constexpr std::size_t key_bytes_max = 500;
/// Longest value, in bytes, that every engine takes. Values may be empty. Longer: `limit_exceeded`.
inline constexpr std::size_t value_bytes_max = std::size_t{2} << 20;

/// A key within a space. Keys order by space id, then bytewise (unsigned); a proper prefix comes first.
struct Key {
  Space space;
  bytes_view bytes;
};

/// The row that every write transaction reads first; a remote engine may fetch it while it takes the lock.
inline constexpr Key head_key{Space::make(SpaceGroup::system, 0), "head"};

/// All keys k of one space with begin <= k < end. An empty `end` means: up to the end of the space.
/// An empty `begin` means: from the start of the space. The views must live as long as the call, not the cursor.
struct KeyRange {
  Space space;
  bytes_view begin;
  bytes_view end;
};

struct ScanHints {
  bool reverse = false;    ///< From the last key down.
  std::size_t limit = 0;   ///< The caller will read about so many rows; 0: unknown. A hint, never a cut.
  bool keys_only = false;  ///< The caller will not read values. `value()` may then be empty.
};

/// Walks a range. Starts before the first row.
class Cursor {
 public:
  virtual ~Cursor() = default;
  /// Moves to the next row; false at the end, and from then on.
  virtual bool next() = 0;
  /// Valid until the next call of next() or the end of the reader (in a write transaction: until any write).
  virtual bytes_view key() const = 0;
  virtual bytes_view value() const = 0;
};

/// A consistent view, used by one thread at a time.
class Reader {
 public:
  virtual ~Reader() = default;
  /// The value, or nothing. The view is valid until the next call on this reader.
  virtual std::optional<bytes_view> get(Key key) = 0;
  /// Calls `sink` once for each key, in the order given, with its index; one round trip where the engine is remote.
  /// The view is valid within the call of `sink` alone. `sink` must not call the reader.
  using Sink = std::function<void(std::size_t index, std::optional<bytes_view> value)>;
  virtual void get_many(std::span<const Key> keys, const Sink& sink) = 0;
  /// Several cursors of one reader may be open at once, mixed with get(). A cursor ends before its reader does.
  virtual std::unique_ptr<Cursor> scan(KeyRange range, ScanHints hints) = 0;
};

/// The state as of the moment of its making, untouched by later writes. It does not block writers.
class Snapshot : public Reader {
 public:
  /// Equal non-zero tokens of one engine object mean equal state. 0: cannot tell.
  virtual std::uint64_t token() const = 0;
};

enum class Durability : std::uint8_t {
  sync,     ///< On return the commit survives a power failure.
  relaxed,  ///< It survives the death of the process; a power failure may take back a bounded tail of commits, in
            ///< order.
};

/// The one write transaction that exists at a time, over all processes. It reads its own writes.
/// Any write ends every view that the transaction or its cursors returned, and all its cursors. The destructor
/// abandons.
class WriteTransaction : public Reader {
 public:
  virtual void put(Key key, bytes_view value) = 0;
  /// Erasing an absent key is no error.
  virtual void erase(Key key) = 0;
  virtual void erase_range(KeyRange range) = 0;
  /// Makes all writes visible at once and ends the transaction. If it throws, the outcome is unknown to the caller
  /// (`io`), the state is that of before or after, and the engine is poisoned. A remote engine is not, and gives `busy`
  /// when it knows that nothing was committed.
  virtual void commit(Durability durability) = 0;
};

/// Thrown by a write transaction that was begun from memory (Engine::begin_from_memory) when the memory was out of
/// date: nothing was written, and the transaction is over.
class StaleMemory : public Error {
 public:
  StaleMemory() : Error(ErrorCode::conflict, "another process has written meanwhile; begin to write again") {}
};

/// A word that changes whenever someone, in any process, has committed. A hint: waiters must also poll.
class Wake {
 public:
  virtual ~Wake() = default;
  /// The word as it is now. Read it before reading the state that one then waits to see changed.
  virtual std::uint32_t current() = 0;
  /// Changes the word and wakes all waiters, in all processes. Never throws, never blocks.
  virtual void notify() noexcept = 0;
  /// Returns when the word differs from `seen`, at the deadline, or (rarely) for no reason; the word as it then is.
  virtual std::uint32_t wait(std::uint32_t seen, Deadline deadline) = 0;
};

/// What an engine can and cannot do, as data: read once at open.
struct Capabilities {
  std::string name;               ///< The scheme of its URL, `lmdb`.
  std::string version;            ///< Of the library behind it, `0.9.24`.
  bool many_processes = false;    ///< Several processes may have it open at once.
  bool remote = false;            ///< A call costs a round trip.
  bool same_lineage = false;      ///< lineage() is the same number in all processes.
  bool persistent = true;         ///< What is committed outlives the process.
  bool shrinks_in_place = false;  ///< compact() gives space back to the file system.
  std::size_t snapshots_max = 0;  ///< So many may be held at once (`busy` beyond); 0: no bound of the engine's own.
};

/// What an engine knows about itself; 0 where it does not.
struct EngineStatistics {
  std::uint64_t file_bytes = 0;                ///< On disk, all files.
  std::uint64_t live_bytes = 0;                ///< In use for rows and the structure above them.
  std::uint64_t free_bytes = 0;                ///< Inside the files, reusable.
  std::uint64_t readers = 0;                   ///< Open snapshots, all processes where known.
  std::uint64_t oldest_reader_process = 0;     ///< Process id that holds the oldest snapshot.
  std::uint64_t oldest_reader_lag = 0;         ///< How many engine commits that snapshot is behind.
  std::map<std::string, std::string> details;  ///< Whatever else is worth printing.
};

/// Told how a long job goes; may ask it to end.
class Progress {
 public:
  virtual ~Progress() = default;
  /// False asks the job to stop at the next safe point.
  virtual bool advance(std::string_view phase, std::uint64_t done, std::uint64_t total) = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual const Capabilities& capabilities() const = 0;
  virtual std::unique_ptr<Snapshot> snapshot() = 0;
  /// Waits for the write lock; `busy` at the deadline. The rows of `ahead` are those that the caller will read first: a
  /// remote engine fetches them with the lock. Requires: the calling thread holds no write transaction of this engine.
  virtual std::unique_ptr<WriteTransaction> begin_write(Deadline deadline, std::span<const Key> ahead) = 0;
  std::unique_ptr<WriteTransaction> begin_write(Deadline deadline) { return begin_write(deadline, {}); }
  /// What the engine remembers of the state that it wrote last, for itself or for an engine object of another process
  /// on the same store. Empty when it remembers nothing, as engines do that need not ask far away.
  virtual Bytes memory() { return {}; }
  /// Begins to write without asking: presumes that nobody has written since what `memory` tells of, and that rows are
  /// absent where they were so lately. Every call on the transaction may throw StaleMemory, also when the write lock is
  /// not to be had before the deadline; what its reads gave was true when commit() has returned, and may have been
  /// false otherwise. Null when there is no ground to presume anything, or another thread writes.
  virtual std::unique_ptr<WriteTransaction> begin_from_memory(bytes_view /*memory*/, Deadline /*deadline*/) {
    return nullptr;
  }
  virtual Wake& wake() = 0;
  /// Changes when commits that were seen may have been taken back since: a server has crashed and lost what was not
  /// synced, or another one took its place. What was read under another number is void. Read it before a snapshot is
  /// taken, and once a write transaction has begun.
  virtual std::uint64_t lineage() = 0;
  /// One bounded step of upkeep (a few ms): stale readers, checkpoints. Called now and then by whoever commits, outside
  /// any transaction of its own.
  virtual void maintain() = 0;
  /// Gives space back where the engine can; else does nothing. May take long.
  virtual void compact(Progress& progress) = 0;
  virtual EngineStatistics statistics() = 0;
};

/// What an engine is given at open.
struct OpenRequest {
  std::string
      directory;  ///< For the engine's own files; exists, private to it. Empty for `memory:` and remote engines.
  std::string store_directory;  ///< Where `lock` and `run/` are; exists. Empty for `memory:` and remote engines.
  std::string location;         ///< The URL without scheme and parameters.
  std::map<std::string, std::string> parameters;  ///< From the URL. The engine refuses names that it does not know.
  bool read_only = false;                         ///< Open for reading; begin_write gives `unsupported`.
  bool create = true;                             ///< A remote engine may make the store (`not_found` otherwise).
};

using Factory = std::function<std::unique_ptr<Engine>(const OpenRequest&)>;

/// Makes an engine known under a URL scheme. Requires: no store is being opened meanwhile.
void register_engine(std::string_view scheme, Factory factory);
/// Opens one. `unsupported` when no such engine is built in; the message lists those that are.
std::unique_ptr<Engine> open_engine(std::string_view scheme, const OpenRequest& request);
/// The schemes that are built in, sorted.
std::vector<std::string> engine_schemes();

}  // namespace strata::engine
