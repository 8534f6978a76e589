// Consumer groups: a cursor over the events, and a row for each batch that is in somebody's hands.
#include "strata/consumer_group.hpp"

#include <algorithm>

#include "codec/varint.hpp"
#include "follow/place.hpp"
#include "model/lease.hpp"
#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "store/access.hpp"
#include "store/watches.hpp"
#include "strata/error.hpp"

namespace strata {
namespace {

using commit::groups_space;

constexpr auto wait_poll = std::chrono::milliseconds(250);
constexpr std::size_t batch_events_max = 10'000;
constexpr auto lease_max = std::chrono::hours(24);
/// Events looked at in one write section where few of them match.
constexpr std::size_t events_per_take = 20'000;
constexpr std::size_t batch_bytes_max = std::size_t{16} << 20;
constexpr char separator = '\x1f';

/// A batch is named by the number that its events follow.
Bytes batch_key(std::string_view group, std::uint64_t after) {
  Bytes key(group);
  key += separator;
  codec::append_be64(key, after);
  return key;
}

struct BatchRow {
  std::uint64_t after = 0;
  std::uint64_t last = 0;
  model::LeaseRow lease;
};

/// The number of the last event stands in front, and under the checksum of the rest.
Bytes encode_batch(const Bytes& key, const BatchRow& row) {
  Bytes value;
  codec::append_be64(value, row.last);
  return value + model::encode_lease(key + value, row.lease);
}

BatchRow decode_batch(bytes_view key, bytes_view value) {
  if (value.size() < 8 || key.size() < 9)
    throw Error(ErrorCode::corruption, "a batch of a consumer group is damaged; run `strata verify`");
  BatchRow row;
  row.after = codec::read_be64(key.data() + key.size() - 8);
  row.last = codec::read_be64(value.data());
  row.lease = model::decode_lease(Bytes(key) + Bytes(value.substr(0, 8)), value.substr(8));
  return row;
}

SubscriptionOptions watched_by(const GroupOptions& options) {
  SubscriptionOptions watched;
  watched.streams = options.streams;
  if (watched.streams.empty()) watched.streams.emplace_back();
  return watched;
}

void check(const GroupOptions& options) {
  follow::check_consumer(options.name);
  if (options.batch_max == 0 || options.batch_max > batch_events_max)
    throw Error(ErrorCode::invalid_argument, "consumer group: batch_max must be from 1 to 10,000");
  if (options.lease.count() <= 0 || options.lease > lease_max)
    throw Error(ErrorCode::invalid_argument, "consumer group: a lease lasts from 1 ms to 24 h");
  if (options.member.size() > 200)
    throw Error(ErrorCode::invalid_argument, "consumer group: a member's name has at most 200 bytes");
}

}  // namespace

struct ConsumerGroup::State {
  State(std::shared_ptr<commit::Trunk> store, const GroupOptions& given)
      : trunk(std::move(store)), options(given), watched(watched_by(given)) {
    check(given);
    by_wall = trunk->engine().capabilities().remote;
    fingerprint = store::Watches(watched).fingerprint();
  }

  std::shared_ptr<commit::Trunk> trunk;
  GroupOptions options;
  SubscriptionOptions watched;
  std::uint64_t fingerprint = 0;
  bool by_wall = false;

  follow::Place place(commit::Source& source) const {
    if (const auto row = source.get(groups_space, options.name)) {
      follow::Place place = follow::decode_place(options.name, *row);
      if (place.spec != fingerprint) {
        throw Error(ErrorCode::conflict, "consumer group `" + options.name +
                                             "` shares other events: give it the same streams, or another name");
      }
      return place;
    }
    follow::Place place;
    place.spec = fingerprint;
    if (options.start == Start::now) place.point.event = store::number_at(source, source.view().position());
    return place;
  }

  void keep(commit::Transaction& own, follow::Place place) const {
    place.saved = own.now();
    place.store_id = own.view().head().store_id;
    own.write_local({groups_space, options.name, follow::encode_place(place)});
  }

  void begin(commit::Transaction& own) const {
    if (!own.get(groups_space, options.name)) keep(own, place(own));
  }

  /// The batches in hand, oldest first.
  std::vector<BatchRow> batches(commit::Source& source) const {
    std::vector<BatchRow> found;
    const Bytes begin = Bytes(options.name) + separator;
    const Bytes end = Bytes(options.name) + static_cast<char>(separator + 1);
    const auto cursor = source.scan(groups_space, {groups_space, begin, end}, {});
    while (cursor->next()) found.push_back(decode_batch(cursor->key(), cursor->value()));
    return found;
  }

  /// Whether there is anything to take; else when to look again.
  bool look(commit::Source& source, std::chrono::microseconds& again_in) const {
    const model::LeaseClock clock = model::LeaseClock::read(by_wall);
    again_in = wait_poll;
    for (const BatchRow& batch : batches(source)) {
      if (!clock.is_live(batch.lease)) return true;
      again_in = std::min(again_in, clock.left(batch.lease));
    }
    bool more = false;
    store::scan_events(source, place(source).point.event + 1, [&](bytes_view, const codec::RecordRow&, std::uint64_t) {
      more = true;
      return false;
    });
    return more;
  }

  void put_batch(commit::Transaction& own, BatchRow& batch, EventBatch& out) const {
    const model::LeaseClock clock = model::LeaseClock::read(by_wall);
    batch.lease.token = platform::make_uuid().to_string();
    batch.lease.consumer = options.member;
    ++batch.lease.attempts;
    clock.set_end(batch.lease, options.lease);
    const Bytes key = batch_key(options.name, batch.after);
    own.write_local({groups_space, key, encode_batch(key, batch)});
    out.attempts = batch.lease.attempts;
    out.token = std::to_string(batch.after) + "." + batch.lease.token;
  }

  /// Reads matching events after `after`, up to `last` (0: as many as a batch holds); the number reached.
  std::uint64_t read_events(commit::Source& source, std::uint64_t after, std::uint64_t last,
                            std::vector<Event>& events) const {
    store::Watches watches(watched);
    watches.resolve(source);
    std::uint64_t reached = after;
    std::size_t looked = 0, bytes = 0;
    store::scan_events(source, after + 1, [&](bytes_view key, const codec::RecordRow& row, std::uint64_t number) {
      if (last != 0 && number > last) return false;
      reached = number;
      if (auto change = watches.tell_event(key, row)) {
        bytes += row.body.size();
        events.push_back(std::move(*change->event));
      }
      if (last != 0) return number < last;
      return ++looked < events_per_take && events.size() < options.batch_max && bytes < batch_bytes_max;
    });
    return reached;
  }

  /// In the write section: a batch that somebody left, else the next one.
  std::optional<EventBatch> take(commit::Transaction& own) const {
    const model::LeaseClock clock = model::LeaseClock::read(by_wall);
    for (BatchRow& batch : batches(own)) {
      if (clock.is_live(batch.lease)) continue;
      EventBatch out;
      read_events(own, batch.after, batch.last, out.events);
      if (out.events.empty()) {  // erased since
        own.write_local({groups_space, batch_key(options.name, batch.after), std::nullopt});
        continue;
      }
      put_batch(own, batch, out);
      return out;
    }
    follow::Place at = place(own);
    EventBatch out;
    BatchRow batch;
    batch.after = at.point.event;
    batch.last = read_events(own, batch.after, 0, out.events);
    if (batch.last == batch.after) return std::nullopt;
    at.point.event = batch.last;
    keep(own, at);
    if (out.events.empty()) return std::nullopt;
    put_batch(own, batch, out);
    return out;
  }

  /// The row of a batch in the caller's hands.
  BatchRow held(commit::Transaction& own, const EventBatch& batch, Bytes& key) const {
    const auto refuse = [&]() {
      throw Error(ErrorCode::conflict, "consumer group `" + options.name +
                                           "`: the batch is finished, or its lease has passed to another member");
    };
    const std::size_t dot = batch.token.find('.');
    if (dot == std::string::npos || dot == 0 || dot > 20 || batch.token.find_first_not_of("0123456789") != dot) {
      throw Error(ErrorCode::invalid_argument, "the token is not one that take() gave");
    }
    key = batch_key(options.name, std::stoull(batch.token.substr(0, dot)));
    const auto row = own.get(groups_space, key);
    if (!row) refuse();
    BatchRow found = decode_batch(key, *row);
    if (found.lease.token != std::string_view(batch.token).substr(dot + 1)) refuse();
    return found;
  }

  void done(commit::Transaction& own, const EventBatch& batch) const {
    Bytes key;
    held(own, batch, key);
    own.write_local({groups_space, key, std::nullopt});
  }

  void set_lease(const EventBatch& batch, std::chrono::microseconds for_time) const {
    store::run(trunk,
               [&](commit::Transaction& own) {
                 Bytes key;
                 BatchRow row = held(own, batch, key);
                 if (for_time.count() == 0) {
                   row.lease.token.clear();
                 } else {
                   model::LeaseClock::read(by_wall).set_end(row.lease, for_time);
                 }
                 own.write_local({groups_space, key, encode_batch(key, row)});
               },
               {.durability = Durability::relaxed});
  }
};

ConsumerGroup::ConsumerGroup(std::shared_ptr<State> state) : state_(std::move(state)) {}

std::optional<EventBatch> ConsumerGroup::take(std::chrono::milliseconds timeout) {
  const State& state = *state_;
  const auto deadline = platform::steady_now() + std::min(timeout, std::chrono::milliseconds(lease_max));
  for (;;) {
    // The word is read before the state: a commit between the two changes the word, and the wait returns at once.
    const std::uint32_t word = state.trunk->engine().wake().current();
    std::chrono::microseconds again_in{};
    bool something = false;
    {
      const auto view = state.trunk->view();
      commit::ViewSource source(*view, platform::clock().now());
      something = state.look(source, again_in);
    }
    if (something) {
      std::optional<EventBatch> taken;
      store::run_alone(state.trunk, [&](commit::Transaction& own) { taken = state.take(own); },
                       {.durability = Durability::relaxed});
      if (taken) return taken;
    }
    const auto now = platform::steady_now();
    if (now >= deadline) return std::nullopt;
    if (something) continue;  // others were faster, or nothing matched so far
    state.trunk->engine().wake().wait(word, std::min(deadline, now + again_in));
  }
}

void ConsumerGroup::done(const EventBatch& batch) {
  store::run(state_->trunk, [&](commit::Transaction& own) { state_->done(own, batch); }, {});
}

void ConsumerGroup::done(Transaction& transaction, const EventBatch& batch) {
  transaction.state()->write([&](commit::Transaction& own) { state_->done(own, batch); });
}

void ConsumerGroup::extend(const EventBatch& batch, std::chrono::milliseconds for_time) {
  if (for_time.count() <= 0 || for_time > lease_max)
    throw Error(ErrorCode::invalid_argument, "consumer group: a lease lasts from 1 ms to 24 h");
  state_->set_lease(batch, for_time);
}

void ConsumerGroup::give_back(const EventBatch& batch) {
  state_->set_lease(batch, std::chrono::microseconds(0));
  state_->trunk->engine().wake().notify();  // a commit of leases alone wakes nobody by itself
}

GroupDescription ConsumerGroup::describe() const {
  const auto view = state_->trunk->view();
  commit::ViewSource source(*view, platform::clock().now());
  GroupDescription out;
  out.name = state_->options.name;
  out.event = state_->place(source).point.event;
  const std::uint64_t newest = store::number_at(source, view->position());
  out.behind = newest > out.event ? newest - out.event : 0;
  out.in_flight = state_->batches(source).size();
  return out;
}

ConsumerGroup Store::consumer_group(const GroupOptions& options) {
  auto state = std::make_shared<ConsumerGroup::State>(store::require(state_)->trunk, options);
  // What `now` means is settled once.
  if (options.start == Start::now) store::run(state->trunk, [&](commit::Transaction& own) { state->begin(own); }, {});
  return ConsumerGroup(std::move(state));
}

}  // namespace strata
