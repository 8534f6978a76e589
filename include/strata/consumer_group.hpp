// Consumer groups: several workers share the events of streams, each event in the hands of one at a time.
//
// A member takes a batch of events under a lease and finishes it, best within the transaction of its effects: then each
// event has its effect exactly once. A batch whose lease ends unfinished goes to another member, before newer events.
// Batches are handed out in the common order of events but may be worked on side by side; where events of one stream
// must follow each other, let one member take at a time, or use a queue with order keys.
//
// Leases are as those of queues (queue.hpp): measured by uptime where all members share it, void after a reboot, and
// guarded by a token. The group's place is local: it does not travel with a copy of the store.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "strata/subscription.hpp"

namespace strata {

struct GroupOptions {
  std::string name{};                  ///< Of the group. Members give the same streams.
  std::vector<StreamWatch> streams{};  ///< Empty: all events.
  Start start = Start::log;            ///< Where a new group begins: with the first event, or (`now`) after the last.
  std::size_t batch_max = 100;         ///< Events in a batch, 1 to 10,000.
  std::chrono::milliseconds lease{30'000};  ///< 1 ms to 24 h.
  std::string member{};                     ///< Who takes; shown to others. At most 200 bytes.
};

struct EventBatch {
  std::vector<Event> events{};
  std::uint64_t attempts = 0;  ///< How often it was taken, this time included.
  std::string token{};
};

struct GroupDescription {
  std::string name{};
  std::uint64_t event = 0;      ///< Events up to this number have been handed out.
  std::uint64_t behind = 0;     ///< Numbers from there to the newest event.
  std::uint64_t in_flight = 0;  ///< Batches handed out and not finished.
};

/// Thread-safe: threads of one process may share it.
class ConsumerGroup {
 public:
  /// The next batch; nothing when none came in time. Events that were erased before are left out.
  std::optional<EventBatch> take(std::chrono::milliseconds timeout = std::chrono::milliseconds{0});
  /// `conflict` when the lease has passed to another, or the batch is finished.
  void done(const EventBatch& batch);
  void done(Transaction& transaction, const EventBatch& batch);
  void extend(const EventBatch& batch, std::chrono::milliseconds for_time);
  /// Another may take it at once.
  void give_back(const EventBatch& batch);
  GroupDescription describe() const;

  struct State;

 private:
  friend class Store;
  explicit ConsumerGroup(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace strata
