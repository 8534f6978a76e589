// Items of queues as records of the store's own collection `.items`.
//
// Key: the queue's name, 0x1f (no name has control characters), the item's id. Body: an object with short names, each
// left out where it says nothing.
//
//   p payload             u due, microseconds         f when it was first due, where u has moved on since
//   n priority            d de-duplication key        o order key        r repeat, microseconds
//   s 1: dead             a attempts                  e error of the last failure
//   x what the index `x` covers, with the time of the record's making behind it; the first element is the queue's name
//     (cut and hashed where it is long), the second tells the kind:
//       [queue, 0, s, ~priority, due]   for taking: in the order of taking, those dead apart (due: when it died)
//       [queue, 1, hash]                of the order key, while it is not dead
//       [queue, 2, key]                 the de-duplication key (cut and hashed where it is long), while it is not dead
//
// One index with several entries, not several indexes: every record would have an entry in each of those.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/own_collection.hpp"
#include "strata/queue.hpp"

namespace strata::model {

inline constexpr std::string_view items_name = ".items";
const OwnCollection& items_collection();

/// `.queues`: a queue's settings under its name.
inline constexpr std::string_view queues_name = ".queues";
const OwnCollection& queues_collection();

Bytes item_key(std::string_view queue, std::string_view id);
/// Keys of a queue's items begin with it.
Bytes items_prefix(std::string_view queue);
struct ItemPlace {
  std::string_view queue;
  std::string_view id;
};
/// The views point into `key`; `corruption` when it is no item's.
ItemPlace split_item_key(std::string_view key);

/// An item as it is stored: without the lease, which is no part of the record.
struct StoredItem {
  QueueItem item{};
  Time first_due{};  ///< The moment that repetitions count from.
};

Value encode_item(const StoredItem& item);
/// `corruption` when key or body is no item's. `created` is the record's.
StoredItem decode_item(std::string_view key, ValueView body, Time created);

Value encode_queue_options(const QueueOptions& options);
QueueOptions decode_queue_options(ValueView body);

/// What stands before the differing rest of the entries in the index `x`, for ranges.
Bytes live_prefix(std::string_view queue);
Bytes live_prefix(std::string_view queue, std::int64_t priority);
Bytes dead_prefix(std::string_view queue);
Bytes order_prefix(std::string_view queue, std::string_view order_key);
Bytes deduplication_prefix(std::string_view queue, std::string_view key);
/// All kinds of entries of a queue.
Bytes queue_prefix(std::string_view queue);

/// An index entry of the first kind.
struct TakeEntry {
  std::int64_t priority = 0;
  Time due{};
};
/// `stored_part` as codec::split_index_entry gives it; it begins with the live_prefix() of its queue, of so many bytes.
TakeEntry decode_take_entry(bytes_view stored_part, std::size_t prefix_bytes);

/// Whether the decoded terms of an index entry are of the third kind.
bool is_deduplication(ValueView terms);

/// Tells order keys of one queue apart; equal ones alone have equal hashes, but for accidents, which cost no more than
/// that two keys wait for each other.
std::int64_t order_hash(std::string_view queue, std::string_view order_key);

}  // namespace strata::model
