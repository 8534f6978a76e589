// Queues over a source: what may be taken, by whom, and what becomes of it.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commit/source.hpp"
#include "commit/transaction.hpp"
#include "model/lease.hpp"
#include "model/queue_item.hpp"
#include "strata/queue.hpp"

namespace strata::model {

/// Whether there is something to take now; if not, when to look again at the latest, if that can be told.
struct QueueGlance {
  bool something = false;
  std::optional<std::chrono::microseconds> look_again_in{};
};
QueueGlance look_into_queue(commit::Source& source, std::string_view queue, const LeaseClock& clock);

/// What a taker shows to finish with an item; no other taking has the same.
std::string make_lease_token();
/// Requires: the transaction runs alone in the write section, and has written nothing but what finish_items() writes.
std::vector<Lease> take_items(commit::Transaction& transaction, std::string_view queue, const TakeOptions& options,
                              const LeaseClock& clock, std::string_view token);
/// The leases with this token that are there still, of the items with these ids.
std::vector<Lease> find_leases(commit::Source& source, std::string_view queue, std::span<const std::string> ids,
                               std::string_view token);
/// Of whatever items: looks at every lease of the queue.
std::vector<Lease> find_leases(commit::Source& source, std::string_view queue, std::string_view token);
/// `invalid_argument` unless it is from 1 ms to 10 years.
void check_lease_time(std::chrono::milliseconds time);
void check_take_options(const TakeOptions& options);

std::string put_item(commit::Transaction& transaction, std::string_view queue, const Value& payload,
                     const EnqueueOptions& options);

// `conflict` unless the lease is the item's present one.
void extend_lease(commit::Transaction& transaction, std::string_view queue, const Lease& lease,
                  std::chrono::milliseconds for_time, const LeaseClock& clock);
void finish_item(commit::Transaction& transaction, std::string_view queue, const Lease& lease);
/// All or none.
void finish_items(commit::Transaction& transaction, std::string_view queue, std::span<const Lease> leases);
void fail_item(commit::Transaction& transaction, std::string_view queue, const Lease& lease,
               const FailOptions& options);
void give_back_item(commit::Transaction& transaction, std::string_view queue, const Lease& lease);

std::optional<QueueItem> get_item(commit::Source& source, std::string_view queue, std::string_view id,
                                  const LeaseClock& clock);
std::vector<QueueItem> list_items(commit::Source& source, std::string_view queue, std::optional<ItemState> state,
                                  std::size_t limit, const LeaseClock& clock);
QueueStatistics queue_statistics(commit::Source& source, std::string_view queue, const LeaseClock& clock);

bool revive_item(commit::Transaction& transaction, std::string_view queue, std::string_view id);
bool erase_item(commit::Transaction& transaction, std::string_view queue, std::string_view id);

void set_queue_options(commit::Transaction& transaction, std::string_view queue, const QueueOptions& options);
QueueOptions queue_options(commit::Source& source, std::string_view queue);

/// Names of the queues that have items or settings, sorted.
std::vector<std::string> queue_names(commit::Source& source);

}  // namespace strata::model
