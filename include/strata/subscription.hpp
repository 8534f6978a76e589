// Subscriptions: what changed, in order, in any process, from where one left off.
//
// A subscription reads batches. Each leads from one consistent state of the store to a later one: it holds, in commit
// order, the last state of every record that changed in between (each event of streams), and never half a commit:
// Change::batch_end marks the boundary. With Start::state the present records come first, then every change after them.
//
//   Subscription watch = store.subscribe({.collections = {{.name = "notes", .where = "kind = 'todo'"}}});
//   while (const auto change = watch.next(std::chrono::seconds(10))) { ... }
//
// A named one is durable: its place is kept in the store under the name. save(transaction) stores it together with what
// the consumer writes, so that the effect of each change is there exactly once. Two that use one name at a time are
// told apart: the later save() of the two gives `conflict`.
//
// A watch of a collection may be a standing query: beside its filter it asks for records that are alike a vector, or
// have words. A vector that is written apart from its record is then a change of the record.
//
//   store.subscribe({.collections = {{.name = "notes", .near = Near{.vector = v, .similarity = 0.8}}}, .consumer =
//   "c"})
//
// A consumer never pins the log. When the log has been trimmed beyond its place, next() gives `gap`, with the numbers;
// restart() begins anew from the present state. Streams alone are read from the events themselves: for them there is a
// gap only where events were erased (retention, truncation) before they were seen.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/collection.hpp"
#include "strata/graph.hpp"
#include "strata/queue.hpp"
#include "strata/search.hpp"
#include "strata/stream.hpp"
#include "strata/types.hpp"

namespace strata {

class Transaction;

/// Changes of a collection.
struct CollectionWatch {
  std::string name{};  ///< Or what agents keep (agent.hpp): watch() of its class gives the whole watch.
  std::string key_prefix{};
  std::string where{};  ///< A filter expression: a record that stops matching yields `left`.
  Parameters parameters{};
  /// Each version that was written, not the last alone, as far as the collection's history keeps them. Not beside
  /// `near`: history keeps no vectors.
  bool every_version = false;
  /// Records so alike; `similarity` is required, `weight` is not looked at. `like` means that record's vector as of the
  /// opening, and the record itself does not match. The collection and the field must be there: `not_found`, also from
  /// next() when the field has been dropped.
  std::optional<Near> near{};
  std::optional<TextMatch> text{};  ///< Records that a search for these words finds; likewise.
};

/// Events of streams.
struct StreamWatch {
  std::string prefix{};  ///< Of the stream's name; a whole name with `exact`.
  bool exact = false;
  std::vector<std::string> types{};  ///< Empty: all.
  std::string where{};               ///< Over type, data, metadata, stream, version.
  Parameters parameters{};
};

/// Items of a queue: put, changed, gone.
struct QueueWatch {
  std::string name{};
};

/// Edges of the graph: linked (`put`, also with a new value), unlinked (`erase`).
struct EdgeWatch {
  std::vector<std::string> types{};  ///< Empty: all.
  std::string node_prefix{};         ///< One of its nodes begins so.
  std::string where{};               ///< As Follow::where: an edge that stops matching yields `left`.
  Parameters parameters{};
};

enum class Start {
  now,    ///< Changes after the present state.
  state,  ///< The records (and events) that are there, then every change after them.
  log,    ///< As far back as the log goes; streams: their first event.
};

struct SubscriptionOptions {
  std::vector<CollectionWatch> collections{};
  std::vector<StreamWatch> streams{};
  std::vector<QueueWatch> queues{};
  std::vector<EdgeWatch> edges{};
  bool everything = false;                 ///< All collections, streams, queues, edges, later ones too; not agents'.
  std::string consumer{};                  ///< Name under which the place is kept; empty: it is not.
  Start start = Start::now;                ///< Where one without a kept place begins,
  std::optional<Position> after{};         ///< or after this position.
  std::size_t batch_changes_max = 10'000;  ///< Changes held in memory at a time.
};

/// Where a consumer is: it has seen all commits up to `position`, the first `ordinal` changes of the next one, and, of
/// streams, the events up to number `event`.
struct ResumePoint {
  Position position{};
  std::uint64_t ordinal = 0;
  std::uint64_t event = 0;
  friend auto operator<=>(const ResumePoint&, const ResumePoint&) = default;
};

struct Change {
  enum class Kind {
    put,        ///< The record as it now is.
    erase,      ///< It is gone,
    left,       ///< or is there and does not match (it may never have).
    drop,       ///< The collection is gone, with all its records.
    event,      ///< Appended to a stream.
    item,       ///< Of a queue: put or changed,
    item_gone,  ///< done or erased.
    state_end,  ///< The present state has been told, as of `position`; what follows are changes.
  };
  Kind kind = Kind::put;
  std::string source{};  ///< Name of the collection, stream or queue; type of the edge.
  std::string key{};     ///< Of the record, or the item's id.
  std::optional<Record> record{};
  std::optional<Event> event{};
  std::optional<QueueItem> item{};
  /// Of a `put`: as it is. Of an `erase` or `left`: its names, of which those longer than 89 bytes may be cut short.
  std::optional<Edge> edge{};
  /// Of a record that is told because it is near: how alike it is, for the first such watch that it meets.
  std::optional<double> similarity{};
  Version version{};       ///< Of a record that is there, `left` included.
  Position position{};     ///< Of the commit that made the change; while the state is told, of the one that wrote it.
  bool batch_end = false;  ///< The last of its batch: a state of the store has been reached.
  ResumePoint point{};     ///< For one who has seen this.
};

/// Belongs to one thread at a time; cancel() and descriptor() are for any.
class Subscription {
 public:
  Subscription(Subscription&&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;
  ~Subscription();

  /// The next change; nothing when none came in time, or after cancel(). `gap`, `closed`, `corruption`, and what
  /// reading gives. A boundary is told as a change of its own (batch_end) when the batch held nothing that matches and
  /// somebody asked for boundaries (see boundaries()).
  std::optional<Change> next(std::chrono::milliseconds timeout = std::chrono::milliseconds::max());
  /// Up to the end of the batch, at most `limit` changes; empty when nothing came in time.
  std::vector<Change> next_batch(std::size_t limit = 1000,
                                 std::chrono::milliseconds timeout = std::chrono::milliseconds::max());
  /// Hands each change to `handle` until it returns false, or cancel(). Saves the place after each batch when named.
  void run(const std::function<bool(const Change&)>& handle);

  /// Everything up to the last change that next() returned is dealt with: keeps the place in the store, within the
  /// consumer's transaction, or as a commit of its own that takes no position and is relaxed (after a power failure
  /// some changes may come again). `invalid_argument` without a name, `conflict` when another has moved the place.
  void save();
  void save(Transaction& transaction);
  ResumePoint point() const;
  /// How many commits it is behind.
  std::uint64_t lag() const;
  /// Forgets the place and begins anew.
  void restart(Start start = Start::state);

  /// Readable while there may be something new: for poll(). next(0ms) clears it.
  int descriptor();
  /// next() returns nothing from now on, also one that waits in another thread.
  void cancel();

  struct State;

 private:
  friend class Store;
  explicit Subscription(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

/// A durable consumer, as the store knows it.
struct ConsumerDescription {
  std::string name{};
  ResumePoint point{};
  std::uint64_t lag = 0;  ///< Commits behind.
  Time saved{};
  bool gap = false;  ///< The log no longer reaches back to it.
};

}  // namespace strata
