#include "model/queue_rows.hpp"

#include <algorithm>

#include "codec/ordered.hpp"
#include "model/record.hpp"
#include "strata/error.hpp"

namespace strata::model {

QueueRows::QueueRows(commit::Source& source, std::string_view queue)
    : source_(source), queue_(queue), items_(source.collection(items_name)) {
  if (!items_) return;
  index_ = items_->index(items_collection().indexes.front().name);
  if (!index_ || !index_->ready) {
    throw Error(ErrorCode::corruption,
                "the collection `.items`, which keeps the queues, has lost its index `x`; load "
                "a dump or restore a backup");
  }
}

Time QueueRows::now() const { return std::max(source_.now(), source_.view().head().time); }

bool QueueRows::wrote(bytes_view key) const {
  const commit::PendingWrites* pending = source_.pending(items_->records());
  return pending && pending->contains(key);
}

void QueueRows::scan_index(const Bytes& begin, const Bytes& end, std::size_t limit, const Visit& visit) const {
  if (!items_) return;
  const auto cursor =
      source_.scan(items_->records(), {index_->space(), begin, end}, {.limit = limit, .keys_only = true});
  while (cursor->next()) {
    const codec::IndexEntry entry = codec::split_index_entry(cursor->key());
    if (!wrote(entry.primary_key) && !visit(entry.stored_part, entry.primary_key)) return;
  }
}

std::vector<StoredItem> QueueRows::own_items() const {
  std::vector<StoredItem> own;
  const commit::PendingWrites* pending = items_ ? source_.pending(items_->records()) : nullptr;
  if (!pending) return own;
  const Bytes prefix = items_prefix(queue_);
  for (auto write = pending->lower_bound(prefix); write != pending->end() && write->first.starts_with(prefix);
       ++write) {
    if (write->second.kind == commit::Write::Kind::put)
      own.push_back(decode_item(write->first, ValueView(write->second.body), source_.now()));
  }
  return own;
}

StoredItem QueueRows::decode(bytes_view key, bytes_view row) const {
  const codec::RecordRow decoded = decode_row(*items_, key, row);
  return decode_item(key, ValueView(decoded.body), decoded.header.created);
}

std::optional<StoredItem> QueueRows::item(bytes_view key) const {
  if (!items_) return std::nullopt;
  if (const commit::PendingWrites* pending = source_.pending(items_->records())) {
    if (const auto own = pending->find(key); own != pending->end()) {
      if (own->second.kind != commit::Write::Kind::put) return std::nullopt;
      return decode_item(key, ValueView(own->second.body), source_.now());
    }
  }
  const auto row = source_.get(items_->records(), key);
  if (!row) return std::nullopt;
  return decode(key, *row);
}

void QueueRows::visit_bodies(std::span<const Bytes> keys, const VisitBody& visit) const {
  if (!items_) {
    for (std::size_t at = 0; at < keys.size(); ++at) visit(at, std::nullopt, {});
    return;
  }
  const commit::PendingWrites* pending = source_.pending(items_->records());
  std::vector<engine::Key> wanted;
  wanted.reserve(keys.size());
  for (const Bytes& key : keys) wanted.push_back({items_->records(), key});
  source_.get_many(wanted, [&](std::size_t at, std::optional<bytes_view> row) {
    if (pending) {
      if (const auto own = pending->find(keys[at]); own != pending->end()) {
        if (own->second.kind != commit::Write::Kind::put) return visit(at, std::nullopt, {});
        return visit(at, ValueView(own->second.body), source_.now());
      }
    }
    if (!row) return visit(at, std::nullopt, {});
    const codec::RecordRow decoded = decode_row(*items_, keys[at], *row);
    visit(at, ValueView(decoded.body), decoded.header.created);
  });
}

std::vector<std::optional<LeaseRow>> QueueRows::leases_of(std::span<const Bytes> keys) const {
  std::vector<std::optional<LeaseRow>> out(keys.size());
  std::vector<engine::Key> wanted;
  wanted.reserve(keys.size());
  for (const Bytes& key : keys) wanted.push_back({commit::leases_space, key});
  source_.get_many(wanted, [&](std::size_t at, std::optional<bytes_view> row) {
    if (const commit::LocalWrite* own = source_.pending_local(commit::leases_space, keys[at])) {
      if (own->value) out[at] = decode_lease(keys[at], *own->value);
    } else if (row) {
      out[at] = decode_lease(keys[at], *row);
    }
  });
  return out;
}

std::optional<Bytes> QueueRows::local_row(bytes_view key) const {
  if (const commit::LocalWrite* own = source_.pending_local(commit::leases_space, key)) return own->value;
  const auto row = source_.get(commit::leases_space, key);
  if (!row) return std::nullopt;
  return Bytes(*row);
}

std::optional<LeaseRow> QueueRows::lease(bytes_view key) const {
  const auto row = local_row(key);
  if (!row) return std::nullopt;
  return decode_lease(key, *row);
}

std::optional<Bytes> QueueRows::in_flight(std::string_view order_key) const {
  const Bytes key = in_flight_key(queue_, order_hash(queue_, order_key));
  const auto row = local_row(key);
  if (!row) return std::nullopt;
  return decode_in_flight(key, *row);
}

std::vector<std::pair<Bytes, LeaseRow>> QueueRows::leases() const {
  std::vector<std::pair<Bytes, LeaseRow>> out;
  const Bytes begin = items_prefix(queue_);
  const Bytes end = codec::prefix_end(begin);
  const auto cursor = source_.scan(commit::leases_space, {commit::leases_space, begin, end}, {});
  while (cursor->next()) {
    std::optional<Bytes> row(cursor->value());
    if (const auto* own = source_.pending_local(commit::leases_space, cursor->key())) row = own->value;
    if (row) out.emplace_back(cursor->key(), decode_lease(cursor->key(), *row));
  }
  return out;
}

void show_taken(QueueItem& item, const LeaseRow& lease) {
  item.attempts = std::max(item.attempts, lease.attempts);
  item.state = ItemState::leased;
  item.consumer = lease.consumer;
  item.until = lease.until;
}

void write_item(commit::Transaction& transaction, const StoredItem& stored) {
  const commit::CollectionDefinition& items = own_collection_for_writing(transaction, items_collection());
  commit::Write write;
  write.space = items.records();
  write.key = item_key(stored.item.queue, stored.item.id);
  const Value body = encode_item(stored);
  check_body(stored.item.id, body.view());
  write.body = body.encoded();
  transaction.write(std::move(write));
}

void erase_item_record(commit::Transaction& transaction, bytes_view key) {
  commit::Write write;
  write.kind = commit::Write::Kind::erase;
  write.space = own_collection_for_writing(transaction, items_collection()).records();
  write.key = key;
  transaction.write(std::move(write));
}

void write_lease(commit::Transaction& transaction, bytes_view key, const LeaseRow& row) {
  transaction.write_local({commit::leases_space, Bytes(key), encode_lease(key, row)});
}

void note_in_flight(commit::Transaction& transaction, const QueueItem& item) {
  if (item.order_key.empty()) return;
  Bytes key = in_flight_key(item.queue, order_hash(item.queue, item.order_key));
  Bytes value = encode_in_flight(key, item_key(item.queue, item.id));
  transaction.write_local({commit::leases_space, std::move(key), std::move(value)});
}

void erase_lease(commit::Transaction& transaction, bytes_view key) {
  transaction.write_local({commit::leases_space, Bytes(key), std::nullopt});
}

void forget_in_flight(commit::Transaction& transaction, const QueueRows& rows, std::string_view order_key,
                      bytes_view key) {
  if (order_key.empty() || rows.in_flight(order_key) != key) return;
  transaction.write_local(
      {commit::leases_space, in_flight_key(rows.queue(), order_hash(rows.queue(), order_key)), std::nullopt});
}

void forget_lease(commit::Transaction& transaction, const QueueRows& rows, const QueueItem& item) {
  const Bytes key = item_key(item.queue, item.id);
  if (rows.lease(key)) erase_lease(transaction, key);
  forget_in_flight(transaction, rows, item.order_key, key);
}

void make_dead(commit::Transaction& transaction, const QueueRows& rows, StoredItem& stored) {
  stored.item.state = ItemState::dead;
  stored.item.due = rows.now();
  write_item(transaction, stored);
  forget_lease(transaction, rows, stored.item);
}

}  // namespace strata::model
