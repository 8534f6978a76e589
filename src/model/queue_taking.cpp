// Finding what may be taken, and taking it.
#include <algorithm>
#include <set>
#include <span>

#include "codec/ordered.hpp"
#include "model/queue.hpp"
#include "model/queue_rows.hpp"
#include "platform/random.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

constexpr std::size_t take_limit_max = 1'000;
constexpr std::size_t consumer_bytes_max = 200;
/// Items that were taken too often and are set aside in one commit.
constexpr std::size_t dead_in_one_take_max = 1'000;
/// Entries looked at in one round trip, where there are round trips.
constexpr std::size_t remote_step = 64;
/// Items held at once before it is known who takes them: they may be of 1 MiB each.
constexpr std::size_t items_at_once = 64;

/// An item that may be taken, and what stands in the row of its last lease.
struct Candidate {
  StoredItem stored;
  Bytes key;
  std::optional<LeaseRow> last;
};

/// Walks over what may be taken, best first.
class Walk {
 public:
  Walk(commit::Source& source, const QueueRows& rows, const LeaseClock& clock, std::size_t wanted)
      : source_(source), rows_(rows), clock_(clock), now_(rows.now()), wanted_(wanted) {
    step_ = clock.by_wall ? std::max(wanted, remote_step) : wanted;
  }

  /// Returns false to stop.
  using Visit = std::function<bool(Candidate&)>;

  void run(const Visit& visit) {
    Bytes begin = live_prefix(rows_.queue());
    prefix_bytes_ = begin.size();
    const Bytes end = codec::prefix_end(begin);
    while (!begin.empty() && !stopped_) begin = walk_from(begin, end, visit);
  }

  /// Until the next due time, or the next end of a lease, of what was met and may not be taken yet.
  std::optional<std::chrono::microseconds> next() const { return next_; }

 private:
  /// Up to an item that is due later, and with it all of its priority; where to go on, or empty at the end.
  Bytes walk_from(const Bytes& begin, const Bytes& end, const Visit& visit) {
    Bytes go_on;
    std::vector<Bytes> keys;
    rows_.scan_index(begin, end, step_, [&](bytes_view part, bytes_view key) {
      const TakeEntry entry = decode_take_entry(part, prefix_bytes_);
      if (entry.due > now_) {
        note(std::chrono::microseconds(entry.due.micros - now_.micros));
        go_on = codec::prefix_end(live_prefix(rows_.queue(), entry.priority));
        return false;
      }
      keys.emplace_back(key);
      if (keys.size() < step_) return true;
      examine(keys, visit);
      keys.clear();
      return !stopped_;
    });
    if (!stopped_) examine(keys, visit);
    return stopped_ ? Bytes() : go_on;
  }

  void examine(const std::vector<Bytes>& keys, const Visit& visit) {
    std::vector<Candidate> free = without_lease(keys);
    const std::size_t at_once = std::min(wanted_, items_at_once);
    for (std::size_t from = 0; from < free.size() && !stopped_; from += at_once) {
      const std::size_t count = std::min(at_once, free.size() - from);
      const std::span<Candidate> some(free.data() + from, count);
      read_items(some);
      for (Candidate& candidate : some) {
        if (is_blocked(candidate)) continue;
        if (!visit(candidate)) {
          stopped_ = true;
          return;
        }
      }
    }
  }

  std::vector<Candidate> without_lease(const std::vector<Bytes>& keys) {
    std::vector<Candidate> free;
    std::vector<engine::Key> wanted;
    wanted.reserve(keys.size());
    for (const Bytes& key : keys) wanted.push_back({commit::leases_space, key});
    source_.view().reader().get_many(wanted, [&](std::size_t at, std::optional<bytes_view> row) {
      Candidate candidate;
      if (row) candidate.last = decode_lease(keys[at], *row);
      if (candidate.last && clock_.is_live(*candidate.last)) return note(clock_.left(*candidate.last));
      candidate.key = keys[at];
      free.push_back(std::move(candidate));
    });
    return free;
  }

  void read_items(std::span<Candidate> some) {
    std::vector<engine::Key> wanted;
    wanted.reserve(some.size());
    for (const Candidate& candidate : some) wanted.push_back({rows_.items()->records(), candidate.key});
    source_.view().reader().get_many(wanted, [&](std::size_t at, std::optional<bytes_view> row) {
      if (!row) {
        throw Error(ErrorCode::corruption, "the index of the queue `" + std::string(rows_.queue()) +
                                               "` names an item that is not there; run `strata verify`");
      }
      some[at].stored = rows_.decode(some[at].key, *row);
    });
  }

  /// Whether another item of its order key goes first. One that passes here is the one of its key that is taken.
  bool is_blocked(const Candidate& candidate) {
    const QueueItem& item = candidate.stored.item;
    if (item.order_key.empty()) return false;
    const std::int64_t hash = order_hash(item.queue, item.order_key);
    if (settled_.contains(hash)) return true;
    const Bytes begin = order_prefix(item.queue, item.order_key);
    bool oldest = false;
    rows_.scan_index(begin, codec::prefix_end(begin), 1, [&](bytes_view, bytes_view key) {
      oldest = key == candidate.key;
      return false;
    });
    if (!oldest) return true;
    settled_.insert(hash);
    const auto other = rows_.in_flight(item.order_key);
    if (!other || *other == candidate.key) return false;
    const auto lease = rows_.lease(*other);
    if (!lease || !clock_.is_live(*lease)) return false;
    note(clock_.left(*lease));
    return true;
  }

  void note(std::chrono::microseconds wait) {
    if (!next_ || wait < *next_) next_ = wait;
  }

  commit::Source& source_;
  const QueueRows& rows_;
  const LeaseClock& clock_;
  Time now_;
  std::size_t wanted_;
  std::size_t step_;
  std::size_t prefix_bytes_ = 0;
  bool stopped_ = false;
  std::set<std::int64_t> settled_;
  std::optional<std::chrono::microseconds> next_;
};

}  // namespace

std::string make_lease_token() {
  static constexpr char digits[] = "0123456789abcdef";
  std::uint64_t number = platform::random_u64();
  std::string token;
  for (int i = 0; i < 16; ++i, number >>= 4) token += digits[number & 15];
  return token;
}

void check_take_options(const TakeOptions& options) {
  const auto refuse = [](const std::string& why) { throw Error(ErrorCode::invalid_argument, "take: " + why); };
  if (options.limit == 0 || options.limit > take_limit_max) refuse("the limit must be from 1 to 1,000");
  if (options.lease) check_lease_time(*options.lease);
  if (options.wait.count() < 0) refuse("the time to wait is below zero");
  if (options.consumer.size() > consumer_bytes_max) refuse("the consumer's name is longer than 200 bytes");
  const Value checks_utf8{options.consumer};
}

QueueGlance look_into_queue(commit::Source& source, std::string_view queue, const LeaseClock& clock) {
  const QueueRows rows(source, queue);
  QueueGlance glance;
  if (!rows.items()) return glance;
  Walk walk(source, rows, clock, 1);
  walk.run([&](Candidate&) {
    glance.something = true;
    return false;
  });
  glance.look_again_in = walk.next();
  return glance;
}

std::vector<Lease> take_items(commit::Transaction& transaction, std::string_view queue, const TakeOptions& options,
                              const LeaseClock& clock, std::string_view token) {
  std::vector<Lease> taken;
  const QueueRows rows(transaction, queue);
  if (!rows.items()) return taken;
  const QueueOptions settings = queue_options(transaction, queue);
  std::size_t bytes = 0;
  std::size_t dead = 0;
  Walk walk(transaction, rows, clock, options.limit);
  walk.run([&](Candidate& candidate) {
    QueueItem& item = candidate.stored.item;
    if (candidate.last) item.attempts = std::max(item.attempts, candidate.last->attempts);
    if (item.attempts >= settings.attempts_max) {
      if (item.error.empty()) item.error = "taken " + std::to_string(item.attempts) + " times and never done";
      make_dead(transaction, rows, candidate.stored);
      return ++dead < dead_in_one_take_max;
    }
    LeaseRow row;
    row.token = token;
    row.attempts = ++item.attempts;
    row.consumer = options.consumer;
    clock.set_end(row, options.lease.value_or(settings.lease));
    write_lease(transaction, candidate.key, row);
    note_in_flight(transaction, item);
    show_taken(item, row);
    bytes += item.payload.encoded().size();
    taken.push_back({std::move(item), row.token});
    return taken.size() < options.limit && bytes < transaction_bytes_max;
  });
  return taken;
}

namespace {

std::vector<Lease> leases_with(const QueueRows& rows, std::span<const Bytes> keys, std::string_view token) {
  const std::vector<std::optional<LeaseRow>> held = rows.leases_of(keys);
  std::vector<Lease> found;
  rows.visit_bodies(keys, [&](std::size_t at, std::optional<ValueView> body, Time created) {
    if (!body || !held[at] || held[at]->token != token) return;
    Lease lease{decode_item(keys[at], *body, created).item, held[at]->token};
    show_taken(lease.item, *held[at]);
    found.push_back(std::move(lease));
  });
  return found;
}

}  // namespace

std::vector<Lease> find_leases(commit::Source& source, std::string_view queue, std::span<const std::string> ids,
                               std::string_view token) {
  std::vector<Bytes> keys;
  keys.reserve(ids.size());
  for (const std::string& id : ids) keys.push_back(item_key(queue, id));
  return leases_with(QueueRows(source, queue), keys, token);
}

std::vector<Lease> find_leases(commit::Source& source, std::string_view queue, std::string_view token) {
  const QueueRows rows(source, queue);
  std::vector<Bytes> keys;
  for (auto& [key, row] : rows.leases()) {
    if (row.token == token) keys.push_back(std::move(key));
  }
  return leases_with(rows, keys, token);
}

}  // namespace strata::model
