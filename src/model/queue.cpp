#include "model/queue.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <tuple>

#include "codec/ordered.hpp"
#include "model/queue_rows.hpp"
#include "model/record.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

/// Left free in every record, for what a failure adds to it later.
constexpr std::size_t item_bytes_reserved = 8'192;
constexpr std::size_t error_bytes_max = 4'096;
constexpr std::chrono::microseconds time_max = std::chrono::hours(24 * 365 * 10);
/// Years -90,000 to 94,000: sums with durations up to time_max do not overflow.
constexpr std::int64_t moment_max = std::int64_t{1} << 61;

[[noreturn]] void refuse(std::string_view queue, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "queue `" + std::string(queue) + "`: " + why);
}

/// Compared in the unit at hand: the longest durations do not fit finer ones.
template <typename Duration>
void check_time(std::string_view queue, std::string_view what, Duration time, std::int64_t least) {
  if (time.count() >= least && time <= std::chrono::duration_cast<Duration>(time_max)) return;
  refuse(queue,
         std::string(what) + (least == 0 ? " must be from 0" : " must be more than 0") + " and at most 3,650 days");
}

void check_enqueue_options(std::string_view queue, const EnqueueOptions& options) {
  if (options.delay && options.at) refuse(queue, "give a delay or a moment, not both");
  if (options.delay) check_time(queue, "the delay", *options.delay, 0);
  if (options.repeat) check_time(queue, "the time of repetition", *options.repeat, 1);
  if (options.at && (options.at->micros > moment_max || options.at->micros < -moment_max))
    refuse(queue, "the moment is too far away");
}

/// The live item that has the de-duplication key.
std::optional<std::string> find_duplicate(const QueueRows& rows, std::string_view key) {
  for (const StoredItem& own : rows.own_items()) {
    if (own.item.deduplicate == key && own.item.state != ItemState::dead) return own.item.id;
  }
  const Bytes begin = deduplication_prefix(rows.queue(), key);
  std::optional<std::string> id;
  rows.scan_index(begin, codec::prefix_end(begin), 1, [&](bytes_view, bytes_view found) {
    id = split_item_key(found).id;
    return false;
  });
  return id;
}

std::string put_new(commit::Transaction& transaction, StoredItem& stored) {
  stored.item.id = transaction.make_key().to_string();
  stored.first_due = stored.item.due;
  if (encode_item(stored).encoded().size() > record_bytes_max - item_bytes_reserved) {
    throw Error(ErrorCode::limit_exceeded, "an item of queue `" + stored.item.queue +
                                               "` would have more than 1 MiB less 8 KiB; put the payload elsewhere and "
                                               "enqueue its key");
  }
  write_item(transaction, stored);
  return stored.item.id;
}

/// The next moment of a repeated item, moments already past left out.
Time next_due(Time first_due, std::chrono::microseconds every, Time now) {
  const std::int64_t passed = now.micros > first_due.micros ? (now.micros - first_due.micros) / every.count() : 0;
  return Time{first_due.micros + (passed + 1) * every.count()};
}

struct Held {
  StoredItem stored;
  Bytes key;
  LeaseRow lease;
};

void check_lease(std::string_view queue, const Lease& lease) {
  if (!Uuid::parse(lease.item.id) || lease.token.empty())
    refuse(queue, "`" + lease.item.id.substr(0, 40) + "` with its token is no lease; give what take() returned");
  if (!lease.item.queue.empty() && lease.item.queue != queue)
    refuse(queue, "the lease is of an item of queue `" + lease.item.queue + "`");
}

/// `conflict` unless the item is there and `row` is that of the lease.
void check_holds(std::string_view queue, const Lease& lease, bool there, const std::optional<LeaseRow>& row) {
  if (there && row && row->token == lease.token) return;
  const std::string why = !there                       ? "it is not there any more"
                          : !row || row->token.empty() ? "nobody has it"
                                                       : "another consumer has it by now";
  throw Error(ErrorCode::conflict, "item " + lease.item.id + " of queue `" + std::string(queue) +
                                       "`: the lease is over: " + why + "; leave the item to others");
}

Held require_lease(const QueueRows& rows, const Lease& lease) {
  check_lease(rows.queue(), lease);
  Held held;
  held.key = item_key(rows.queue(), lease.item.id);
  const auto row = rows.lease(held.key);
  auto stored = rows.item(held.key);
  check_holds(rows.queue(), lease, stored.has_value(), row);
  held.stored = std::move(*stored);
  held.lease = *row;
  return held;
}

/// What is to be known of an item that goes.
struct Ending {
  bool there = false;
  std::string order_key;
  std::optional<StoredItem> repeated;
};

std::vector<Ending> read_endings(const QueueRows& rows, std::span<const Bytes> keys) {
  std::vector<Ending> endings(keys.size());
  rows.visit_bodies(keys, [&](std::size_t at, std::optional<ValueView> body, Time created) {
    if (!body) return;
    Ending& ending = endings[at];
    ending.there = true;
    const bool plain = std::none_of(body->begin(), body->end(),
                                    [](const auto& member) { return member.name == "o" || member.name == "r"; });
    if (plain) return;
    StoredItem stored = decode_item(keys[at], *body, created);
    ending.order_key = stored.item.order_key;
    if (stored.item.repeat) ending.repeated = std::move(stored);
  });
  return endings;
}

std::chrono::microseconds backoff_after(std::uint64_t attempts, const QueueOptions& options) {
  std::chrono::milliseconds wait = options.backoff;
  for (std::uint64_t i = 1; i < attempts && wait < options.backoff_max && wait.count() > 0; ++i) wait *= 2;
  return std::min(wait, options.backoff_max);
}

std::string cut_error(const std::string& error) {
  const Value checks_utf8{error};
  if (error.size() <= error_bytes_max) return error;
  std::size_t end = error_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(error[end]) & 0xC0) == 0x80) --end;
  return error.substr(0, end);
}

void show_lease(QueueItem& item, const std::optional<LeaseRow>& lease, const LeaseClock& clock) {
  if (!lease || item.state == ItemState::dead) return;
  item.attempts = std::max(item.attempts, lease->attempts);
  if (clock.is_live(*lease)) show_taken(item, *lease);
}

auto taking_order(const QueueItem& item) {
  const bool dead = item.state == ItemState::dead;
  return std::tuple(dead, dead ? 0 : ~item.priority, item.due, std::string_view(item.id));
}

/// The key of an item given by an id from outside; nothing when it cannot be one.
std::optional<Bytes> key_of(std::string_view queue, std::string_view id) {
  if (!Uuid::parse(id)) return std::nullopt;
  return item_key(queue, id);
}

/// Lists the stored items of one standing, then the transaction's own ones among them.
class Listing {
 public:
  Listing(const QueueRows& rows, std::optional<ItemState> state, std::size_t limit, const LeaseClock& clock)
      : rows_(rows), state_(state), limit_(limit), clock_(clock) {}

  std::vector<QueueItem> run() {
    if (state_ != ItemState::dead) add_stored(live_prefix(rows_.queue()));
    if (!state_ || state_ == ItemState::dead) add_stored(dead_prefix(rows_.queue()));
    std::vector<StoredItem> own = rows_.own_items();
    if (own.empty()) return std::move(items_);
    const auto stored = static_cast<std::ptrdiff_t>(items_.size());
    for (StoredItem& one : own) add(std::move(one.item), rows_.lease(item_key(rows_.queue(), one.item.id)));
    const auto before = [](const QueueItem& a, const QueueItem& b) { return taking_order(a) < taking_order(b); };
    std::sort(items_.begin() + stored, items_.end(), before);
    std::inplace_merge(items_.begin(), items_.begin() + stored, items_.end(), before);
    if (limit_ > 0 && items_.size() > limit_) items_.resize(limit_);
    return std::move(items_);
  }

 private:
  void add_stored(const Bytes& prefix) {
    if (full()) return;
    rows_.scan_index(prefix, codec::prefix_end(prefix), limit_, [&](bytes_view, bytes_view key) {
      const std::optional<LeaseRow> lease = rows_.lease(key);
      const bool leased = lease && clock_.is_live(*lease);
      if (state_ == ItemState::leased && !leased) return true;
      if (state_ == ItemState::waiting && leased) return true;
      auto stored = rows_.item(key);
      if (stored) add(std::move(stored->item), lease);
      return !full();
    });
  }

  void add(QueueItem item, const std::optional<LeaseRow>& lease) {
    show_lease(item, lease, clock_);
    if (!state_ || item.state == *state_) items_.push_back(std::move(item));
  }

  bool full() const { return limit_ > 0 && items_.size() >= limit_; }

  const QueueRows& rows_;
  std::optional<ItemState> state_;
  std::size_t limit_;
  const LeaseClock& clock_;
  std::vector<QueueItem> items_;
};

}  // namespace

void check_lease_time(std::chrono::milliseconds time) {
  if (time.count() >= 1 && time <= std::chrono::duration_cast<std::chrono::milliseconds>(time_max)) return;
  throw Error(ErrorCode::invalid_argument, "a lease must last for 1 ms at least and 3,650 days at most");
}

std::string put_item(commit::Transaction& transaction, std::string_view queue, const Value& payload,
                     const EnqueueOptions& options) {
  check_enqueue_options(queue, options);
  own_collection_for_writing(transaction, items_collection());
  const QueueRows rows(transaction, queue);
  if (!options.deduplicate.empty()) {
    const Value checks_utf8{options.deduplicate};
    if (const auto there = find_duplicate(rows, options.deduplicate)) return *there;
  }
  StoredItem stored;
  QueueItem& item = stored.item;
  item.queue = queue;
  item.payload = payload;
  item.priority = options.priority;
  item.deduplicate = options.deduplicate;
  item.order_key = options.order_key;
  item.repeat = options.repeat;
  item.due = options.at.value_or(rows.now() + options.delay.value_or(std::chrono::microseconds(0)));
  return put_new(transaction, stored);
}

void extend_lease(commit::Transaction& transaction, std::string_view queue, const Lease& lease,
                  std::chrono::milliseconds for_time, const LeaseClock& clock) {
  check_lease_time(for_time);
  const QueueRows rows(transaction, queue);
  Held held = require_lease(rows, lease);
  clock.set_end(held.lease, for_time);
  write_lease(transaction, held.key, held.lease);
}

void finish_item(commit::Transaction& transaction, std::string_view queue, const Lease& lease) {
  finish_items(transaction, queue, std::span(&lease, 1));
}

void finish_items(commit::Transaction& transaction, std::string_view queue, std::span<const Lease> leases) {
  const QueueRows rows(transaction, queue);
  std::vector<Bytes> keys;
  keys.reserve(leases.size());
  for (const Lease& lease : leases) {
    check_lease(queue, lease);
    keys.push_back(item_key(queue, lease.item.id));
  }
  const std::vector<std::optional<LeaseRow>> held = rows.leases_of(keys);
  std::vector<Ending> endings = read_endings(rows, keys);
  std::set<bytes_view> finished;
  for (std::size_t at = 0; at < leases.size(); ++at) {
    const bool again = leases.size() > 1 && !finished.insert(keys[at]).second;
    check_holds(queue, leases[at], endings[at].there && !again, held[at]);
    erase_lease(transaction, keys[at]);
    forget_in_flight(transaction, rows, endings[at].order_key, keys[at]);
    erase_item_record(transaction, keys[at]);
    if (!endings[at].repeated) continue;
    StoredItem& next = *endings[at].repeated;
    next.item.attempts = 0;
    next.item.error.clear();
    next.item.due = next_due(next.first_due, *next.item.repeat, rows.now());
    put_new(transaction, next);
  }
}

void fail_item(commit::Transaction& transaction, std::string_view queue, const Lease& lease,
               const FailOptions& options) {
  if (options.retry_in) check_time(queue, "the time until it is tried again", *options.retry_in, 0);
  const QueueRows rows(transaction, queue);
  Held held = require_lease(rows, lease);
  QueueItem& item = held.stored.item;
  const QueueOptions settings = queue_options(transaction, queue);
  item.attempts = held.lease.attempts;
  item.error = cut_error(options.error);
  if (options.dead || item.attempts >= settings.attempts_max) return make_dead(transaction, rows, held.stored);
  item.due = rows.now() +
             (options.retry_in ? std::chrono::microseconds(*options.retry_in) : backoff_after(item.attempts, settings));
  write_item(transaction, held.stored);
  forget_lease(transaction, rows, item);
}

void give_back_item(commit::Transaction& transaction, std::string_view queue, const Lease& lease) {
  const QueueRows rows(transaction, queue);
  const Held held = require_lease(rows, lease);
  forget_lease(transaction, rows, held.stored.item);
  // Takings that ended without a word still count.
  const std::uint64_t attempts = held.lease.attempts - 1;
  if (attempts <= held.stored.item.attempts) return;
  LeaseRow row;
  row.attempts = attempts;
  write_lease(transaction, held.key, row);
}

std::optional<QueueItem> get_item(commit::Source& source, std::string_view queue, std::string_view id,
                                  const LeaseClock& clock) {
  const QueueRows rows(source, queue);
  const auto key = key_of(queue, id);
  auto stored = key ? rows.item(*key) : std::nullopt;
  if (!stored) return std::nullopt;
  show_lease(stored->item, rows.lease(*key), clock);
  return std::move(stored->item);
}

std::vector<QueueItem> list_items(commit::Source& source, std::string_view queue, std::optional<ItemState> state,
                                  std::size_t limit, const LeaseClock& clock) {
  const QueueRows rows(source, queue);
  if (!rows.items()) return {};
  return Listing(rows, state, limit, clock).run();
}

QueueStatistics queue_statistics(commit::Source& source, std::string_view queue, const LeaseClock& clock) {
  QueueStatistics out;
  out.name = queue;
  const QueueRows rows(source, queue);
  if (!rows.items()) return out;
  std::set<Bytes> leased;
  for (auto& [key, row] : rows.leases()) {
    if (clock.is_live(row)) leased.insert(key);
  }
  const Time now = rows.now();
  std::optional<Time> oldest;
  const auto count = [&](bytes_view key, Time due) {
    if (leased.contains(Bytes(key))) {
      ++out.leased;
    } else if (due > now) {
      ++out.delayed;
    } else {
      ++out.ready;
      if (!oldest || due < *oldest) oldest = due;
    }
  };
  const Bytes live = live_prefix(queue);
  rows.scan_index(live, codec::prefix_end(live), 0, [&](bytes_view part, bytes_view key) {
    count(key, decode_take_entry(part, live.size()).due);
    return true;
  });
  const Bytes dead = dead_prefix(queue);
  rows.scan_index(dead, codec::prefix_end(dead), 0, [&](bytes_view, bytes_view) { return ++out.dead > 0; });
  for (const StoredItem& own : rows.own_items()) {
    if (own.item.state == ItemState::dead) {
      ++out.dead;
    } else {
      count(item_key(queue, own.item.id), own.item.due);
    }
  }
  if (oldest) out.oldest = std::chrono::microseconds(now.micros - oldest->micros);
  return out;
}

bool revive_item(commit::Transaction& transaction, std::string_view queue, std::string_view id) {
  const QueueRows rows(transaction, queue);
  const auto key = key_of(queue, id);
  auto stored = key ? rows.item(*key) : std::nullopt;
  if (!stored || stored->item.state != ItemState::dead) return false;
  QueueItem& item = stored->item;
  if (!item.deduplicate.empty()) {
    if (const auto other = find_duplicate(rows, item.deduplicate)) {
      throw Error(ErrorCode::already_exists, "item " + item.id + " of queue `" + item.queue +
                                                 "` cannot be revived: item " + *other +
                                                 " has the same de-duplication key by now; remove one of the two");
    }
  }
  item.state = ItemState::waiting;
  item.attempts = 0;
  item.due = rows.now();
  write_item(transaction, *stored);
  forget_lease(transaction, rows, item);
  return true;
}

bool erase_item(commit::Transaction& transaction, std::string_view queue, std::string_view id) {
  const QueueRows rows(transaction, queue);
  const auto key = key_of(queue, id);
  const auto stored = key ? rows.item(*key) : std::nullopt;
  if (!stored) return false;
  forget_lease(transaction, rows, stored->item);
  erase_item_record(transaction, *key);
  return true;
}

void set_queue_options(commit::Transaction& transaction, std::string_view queue, const QueueOptions& options) {
  check_lease_time(options.lease);
  if (options.attempts_max == 0) refuse(queue, "attempts_max must be 1 at least");
  check_time(queue, "the backoff", options.backoff, 0);
  check_time(queue, "the longest backoff", options.backoff_max, 0);
  const commit::CollectionDefinition& queues = own_collection_for_writing(transaction, queues_collection());
  commit::Write write;
  write.space = queues.records();
  write.key = queue;
  write.body = encode_queue_options(options).encoded();
  transaction.write(std::move(write));
}

QueueOptions queue_options(commit::Source& source, std::string_view queue) {
  const auto record = get_record(source, queues_name, queue);
  return record ? decode_queue_options(record->value.view()) : QueueOptions{};
}

std::vector<std::string> queue_names(commit::Source& source) {
  std::set<std::string> names;
  if (const commit::CollectionDefinition* items = source.collection(items_name)) {
    const QueueRows rows(source, "");
    // One seek for each queue: from its first entry to behind its last.
    Bytes begin;
    for (bool more = true; more;) {
      more = false;
      rows.scan_index(begin, {}, 1, [&](bytes_view, bytes_view key) {
        const std::string name(split_item_key(key).queue);
        names.insert(name);
        begin = codec::prefix_end(queue_prefix(name));
        more = true;
        return false;
      });
    }
    if (const commit::PendingWrites* pending = source.pending(items->records())) {
      for (const auto& [key, write] : *pending) {
        if (write.kind == commit::Write::Kind::put) names.insert(std::string(split_item_key(key).queue));
      }
    }
  }
  if (const commit::CollectionDefinition* queues = source.collection(queues_name)) {
    const auto cursor = source.scan(queues->records(), {queues->records(), {}, {}}, {.keys_only = true});
    while (cursor->next()) names.emplace(cursor->key());
    if (const commit::PendingWrites* pending = source.pending(queues->records())) {
      for (const auto& [key, write] : *pending) names.insert(key);
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace strata::model
