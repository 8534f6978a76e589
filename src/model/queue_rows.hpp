// The rows of one queue as a source shows them, its own writes included.
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

namespace strata::model {

class QueueRows {
 public:
  QueueRows(commit::Source& source, std::string_view queue);

  std::string_view queue() const { return queue_; }
  /// The declaration of `.items`; null while no queue has ever had an item.
  const commit::CollectionDefinition* items() const { return items_; }
  /// The moment against which due times are judged. Never before the newest commit: an item put before the clock was
  /// set back is due nevertheless.
  Time now() const;

  /// Entries in the index with begin <= part < end, in order; those of items that this transaction wrote itself are
  /// left out. `visit` gets the indexed part and the item's key, and returns false to stop.
  using Visit = std::function<bool(bytes_view part, bytes_view key)>;
  void scan_index(const Bytes& begin, const Bytes& end, std::size_t limit, const Visit& visit) const;
  /// Items of this queue that this transaction wrote, by key.
  std::vector<StoredItem> own_items() const;

  std::optional<StoredItem> item(bytes_view key) const;
  StoredItem decode(bytes_view key, bytes_view row) const;
  /// item() without the payload's copy, of many; in the order of the keys. The body is valid within the call alone.
  using VisitBody = std::function<void(std::size_t at, std::optional<ValueView> body, Time created)>;
  void visit_bodies(std::span<const Bytes> keys, const VisitBody& visit) const;
  std::optional<LeaseRow> lease(bytes_view key) const;
  /// lease() of many, in the order of the keys.
  std::vector<std::optional<LeaseRow>> leases_of(std::span<const Bytes> keys) const;
  /// The item of an order key that was taken last, as far as it was not finished with.
  std::optional<Bytes> in_flight(std::string_view order_key) const;
  /// Leases of the queue's items, spent ones too.
  std::vector<std::pair<Bytes, LeaseRow>> leases() const;

 private:
  std::optional<Bytes> local_row(bytes_view key) const;
  bool wrote(bytes_view key) const;

  commit::Source& source_;
  std::string queue_;
  const commit::CollectionDefinition* items_;
  const commit::IndexDefinition* index_ = nullptr;
};

/// The item as those see it who ask while it is in somebody's hands.
void show_taken(QueueItem& item, const LeaseRow& lease);
/// Puts the item's record.
void write_item(commit::Transaction& transaction, const StoredItem& stored);
void erase_item_record(commit::Transaction& transaction, bytes_view key);
void write_lease(commit::Transaction& transaction, bytes_view key, const LeaseRow& row);
/// Erases the row of a lease that is there.
void erase_lease(commit::Transaction& transaction, bytes_view key);
void note_in_flight(commit::Transaction& transaction, const QueueItem& item);
/// Erases the note that the item is the one of its order key in flight, if it is.
void forget_in_flight(commit::Transaction& transaction, const QueueRows& rows, std::string_view order_key,
                      bytes_view key);
/// Erases the lease's row, and the note that the item is the one of its order key in flight.
void forget_lease(commit::Transaction& transaction, const QueueRows& rows, const QueueItem& item);
/// Nobody takes it any more until it is revived.
void make_dead(commit::Transaction& transaction, const QueueRows& rows, StoredItem& stored);

}  // namespace strata::model
