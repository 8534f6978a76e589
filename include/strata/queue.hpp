// Queues: durable work items, each taken by one consumer at a time under a lease.
//
// An item is put, taken under a lease, and done, failed or returned; when the lease ends without any of these it may be
// taken again. Whoever took it holds a token: done, fail, extend and give_back check it, so a consumer whose lease has
// passed to another changes nothing (`conflict`). `done` in one transaction with the consumer's own writes makes their
// effect exactly-once.
//
// Leases are measured by a clock that does not jump (on one machine: the time since boot), are void after a reboot,
// and do not travel with a copy of the store. On a remote engine, whose consumers are on many machines, they are
// measured by the wall clock of whoever takes: a wrong clock makes them shorter or longer, and the token still lets one
// consumer alone finish. A power failure may take back the newest leases: those items are delivered again. Whose lease
// has ended may still finish as long as nobody has taken the item since.
//
// When an item is due is judged by the wall clock, or by the time of the newest commit where that is later. A dead item
// holds up neither its order key nor its de-duplication key, and is not repeated.
//
// A Queue is a cheap handle, as a Collection is. Names are UTF-8, 1 to 200 bytes, without control characters; a queue
// comes into being with its first item. Names that begin with `.` are for what the store keeps itself (agent.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "strata/options.hpp"
#include "strata/value.hpp"

namespace strata {

namespace detail {
class CollectionAccess;
}

struct EnqueueOptions {
  std::int64_t priority = 0;                          ///< Higher goes first; among equals the one due first.
  std::optional<std::chrono::microseconds> delay{};   ///< Not to be taken before that long from now,
  std::optional<Time> at{};                           ///< or before this moment.
  std::string deduplicate{};                          ///< While an item with this key is there, another is not put.
  std::string order_key{};                            ///< Items with the same key go one after the other, in the order
                                                      ///< in which they were put: one in flight per key.
  std::optional<std::chrono::microseconds> repeat{};  ///< When done it is put again, due that long after it was due
                                                      ///< (moments already past are left out).
};

enum class ItemState {
  waiting,  ///< To be taken now, or when it is due.
  leased,   ///< Someone has it.
  dead,     ///< It failed too often.
};

struct QueueItem {
  std::string queue{};
  std::string id{};  ///< A UUIDv7 in text.
  Value payload{};
  std::int64_t priority = 0;
  std::string deduplicate{};
  std::string order_key{};
  std::optional<std::chrono::microseconds> repeat{};
  ItemState state = ItemState::waiting;
  Time created{};
  Time due{};
  std::uint64_t attempts = 0;   ///< How often it was taken, this time included.
  std::string error{};          ///< Of the last failure.
  std::string consumer{};       ///< While leased: who has it,
  std::optional<Time> until{};  ///< and about until when.
};

/// An item in the hands of its taker.
struct Lease {
  QueueItem item{};
  std::string token{};
};

struct TakeOptions {
  std::size_t limit = 1;                             ///< At most so many, 1 to 1,000.
  std::optional<std::chrono::milliseconds> lease{};  ///< Else the queue's.
  std::chrono::milliseconds wait{0};                 ///< Wait so long for the first; woken by whoever puts.
  std::string consumer{};                            ///< Who takes; shown to others. At most 200 bytes.
};

/// A queue's own settings; kept in the store.
struct QueueOptions {
  std::chrono::milliseconds lease{30'000};
  std::uint64_t attempts_max = 5;                  ///< Taken so often without being done, it is dead.
  std::chrono::milliseconds backoff{1'000};        ///< After the first failure; doubled with each further one,
  std::chrono::milliseconds backoff_max{600'000};  ///< up to this.
};

struct FailOptions {
  std::string error{};                                  ///< Kept with the item.
  std::optional<std::chrono::milliseconds> retry_in{};  ///< Else the queue's backoff.
  bool dead = false;                                    ///< Never try again.
};

struct QueueStatistics {
  std::string name{};
  std::uint64_t ready = 0;    ///< Due now, those that wait behind another of their order key included,
  std::uint64_t delayed = 0;  ///< due later,
  std::uint64_t leased = 0;
  std::uint64_t dead = 0;
  std::optional<std::chrono::microseconds> oldest{};  ///< How long the oldest ready item has been due.
};

class Queue {
 public:
  Queue(std::shared_ptr<detail::CollectionAccess> access, std::string name);

  const std::string& name() const { return name_; }

  /// Returns the item's id; that of the item already there when its key de-duplicates it.
  std::string put(const Value& payload, const EnqueueOptions& options = {});
  /// All or none.
  std::vector<std::string> put_many(std::span<const Value> payloads, const EnqueueOptions& options = {});

  /// Takes what is to be taken now, best first; empty when nothing came in time. A commit of its own: inside a
  /// transaction `invalid_argument`.
  std::vector<Lease> take(const TakeOptions& options = {});
  /// The lease goes on for so long from now. `conflict` when it has passed to another.
  void extend(const Lease& lease, std::chrono::milliseconds for_time);
  /// The work is done: the item goes.
  void done(const Lease& lease);
  /// All or none: `conflict` when one of the leases has passed to another, or is given twice.
  void done_many(std::span<const Lease> leases);
  /// done_many() of what is in hand and take() of what comes next, in one commit as lasting as any. `conflict` as
  /// there; nothing is taken then. When there is nothing to take the leases are done at once, and it waits as take()
  /// does: an error while it waits leaves them done. Without leases it is take(). Inside a transaction
  /// `invalid_argument`: effects within the store are exactly-once with done() in their own transaction alone.
  std::vector<Lease> done_and_take(std::span<const Lease> leases, const TakeOptions& options = {});
  /// To be tried again later, or dead.
  void fail(const Lease& lease, const FailOptions& options = {});
  /// Back as if never taken: the attempt does not count.
  void give_back(const Lease& lease);

  std::optional<QueueItem> get(std::string_view id) const;
  /// In the order in which they would be taken; then the dead ones, by the time of their death. Limit 0: all.
  std::vector<QueueItem> list(std::optional<ItemState> state = std::nullopt, std::size_t limit = 100) const;
  QueueStatistics statistics() const;

  /// A dead item waits again, its attempts forgotten. False when it is not there or not dead; `already_exists` when
  /// another item has its de-duplication key by now.
  bool revive(std::string_view id);
  /// Removes an item, whoever has it. False when it is not there.
  bool erase(std::string_view id);

  void set_options(const QueueOptions& options);
  QueueOptions options() const;

 private:
  std::shared_ptr<detail::CollectionAccess> access_;
  std::string name_;
};

}  // namespace strata
