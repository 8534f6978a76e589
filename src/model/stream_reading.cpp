#include "model/stream_reading.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "codec/ordered.hpp"
#include "model/event.hpp"
#include "model/own_collection.hpp"
#include "model/record.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

constexpr std::uint64_t number_max = std::numeric_limits<std::uint64_t>::max();

/// What a query asks of one event beside its place; counts those that pass.
class Selection {
 public:
  Selection(const EventQuery& query, const EventVisitor& visit) : query_(query), visit_(visit) {}

  /// Whether the reading goes on.
  bool offer(bytes_view key, const codec::RecordRow& row) {
    const Position position{row.header.version.value};
    const Time time = row.header.created;
    // Positions and times rise with the events: beyond the bound that the reading comes to last, nothing is left.
    if (query_.after && position <= *query_.after) return !query_.backward;
    if (query_.since && time < *query_.since) return !query_.backward;
    if (query_.until && time >= *query_.until) return query_.backward;
    if (!query_.types.empty()) {
      const std::string_view type = ValueView(row.body)["t"].string_or({});
      if (std::find(query_.types.begin(), query_.types.end(), type) == query_.types.end()) return true;
    }
    ++passed_;
    return visit_(decode_event(key, row)) && passed_ != query_.limit;
  }

  /// Whether an event lies before the first one of interest, when reading forward.
  bool too_early(const codec::RecordHeader& header) const {
    return (query_.after && Position{header.version.value} <= *query_.after) ||
           (query_.since && header.created < *query_.since);
  }
  bool bounded_early() const { return query_.after || query_.since; }
  /// Whether an event lies behind the first one of interest, when reading backward.
  bool too_late(const codec::RecordHeader& header) const { return query_.until && header.created >= *query_.until; }

 private:
  const EventQuery& query_;
  const EventVisitor& visit_;
  std::size_t passed_ = 0;
};

/// The smallest place in [low, high) where `holds`; it goes on holding from there on. `high` when there is none.
template <class Holds>
std::uint64_t first_place(std::uint64_t low, std::uint64_t high, const Holds& holds) {
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (holds(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

class StreamReading {
 public:
  StreamReading(commit::Source& source, const commit::CollectionDefinition& events, std::string_view stream,
                const EventQuery& query, const EventVisitor& visit)
      : source_(source),
        events_(events),
        records_(events.records()),
        pending_(source.pending(records_)),
        stream_(stream),
        query_(query),
        selection_(query, visit) {}

  void run() {
    Bytes begin = event_prefix(stream_);
    Bytes end = codec::prefix_end(begin);
    if (query_.backward) {
      if (query_.from > 0) end = event_key(stream_, query_.from) + '\0';
      if (query_.until)
        end = event_key(stream_, first_where([&](const auto& row) { return selection_.too_late(row); }));
    } else {
      std::uint64_t from = query_.from;
      if (selection_.bounded_early()) {
        from = std::max(from, first_where([&](const auto& row) { return !selection_.too_early(row); }));
      }
      if (from > 0) begin = event_key(stream_, from);
    }
    if (begin >= end) return;
    const std::size_t hint = query_.types.empty() ? query_.limit : 0;
    const auto cursor = source_.scan(records_, {records_, begin, end}, {.reverse = query_.backward, .limit = hint});
    while (cursor->next()) {
      if (pending_ != nullptr && pending_->contains(cursor->key())) continue;
      if (query_.backward && query_.from > 0 && cursor->key() > event_key(stream_, query_.from)) continue;
      if (!selection_.offer(cursor->key(), decode_row(events_, cursor->key(), cursor->value()))) return;
    }
  }

 private:
  std::uint64_t end_version(bool newest) {
    const Bytes begin = event_prefix(stream_);
    const Bytes end = codec::prefix_end(begin);
    const auto cursor = source_.scan(records_, {records_, begin, end}, {.reverse = newest, .limit = 1});
    if (!cursor->next()) return 0;
    const auto key = split_event_key(cursor->key());
    return key ? key->version : 0;
  }

  /// The first version for whose header `holds` is true; one beyond the last when there is none. Versions are dense.
  template <class Holds>
  std::uint64_t first_where(const Holds& holds) {
    const std::uint64_t last = end_version(true);
    if (last == 0) return 1;
    return first_place(end_version(false), last + 1, [&](std::uint64_t version) {
      const Bytes key = event_key(stream_, version);
      const auto row = source_.get(records_, key);
      return !row || holds(decode_row(events_, key, *row).header);
    });
  }

  commit::Source& source_;
  const commit::CollectionDefinition& events_;
  commit::Space records_;
  const commit::PendingWrites* pending_;
  std::string_view stream_;
  const EventQuery& query_;
  Selection selection_;
};

class AllReading {
 public:
  AllReading(commit::Source& source, const commit::CollectionDefinition& events, const EventQuery& query,
             const EventVisitor& visit)
      : source_(source),
        events_(events),
        records_(events.records()),
        pending_(source.pending(records_)),
        query_(query),
        selection_(query, visit) {
    const commit::IndexDefinition* index = events.index(event_number_index);
    if (index == nullptr) {
      throw Error(ErrorCode::corruption, "collection `.events` lacks an index; load the store's dump into a new one");
    }
    numbers_ = index->space();
  }

  void run() {
    Bytes begin, end;
    if (query_.backward) {
      std::uint64_t until = number_max;
      if (query_.from > 0) until = std::min(query_.from, number_max - 1) + 1;
      if (query_.until) {
        until = std::min(until, first_where([&](const auto& row) { return selection_.too_late(row); }));
      }
      end = event_number_part(until);
    } else {
      std::uint64_t from = query_.from;
      if (selection_.bounded_early()) {
        from = std::max(from, first_where([&](const auto& row) { return !selection_.too_early(row); }));
      }
      begin = event_number_part(from);
    }
    const auto cursor = source_.scan(records_, {numbers_, begin, end}, {.reverse = query_.backward, .keys_only = true});
    std::vector<Bytes> keys;
    bool more = true;
    while (more) {
      keys.clear();
      while (keys.size() < batch_ && (more = cursor->next())) {
        const bytes_view key = codec::split_index_entry(cursor->key()).primary_key;
        const auto split = split_event_key(key);
        if (split && !split->stream.starts_with(query_.prefix)) continue;
        if (pending_ == nullptr || !pending_->contains(key)) keys.emplace_back(key);
      }
      more = visit_batch(keys) && more;
    }
  }

 private:
  struct Entry {
    std::uint64_t number = 0;
    Bytes key;
  };

  std::optional<Entry> entry(bytes_view begin, bool newest) {
    const auto cursor =
        source_.scan(records_, {numbers_, begin, {}}, {.reverse = newest, .limit = 1, .keys_only = true});
    if (!cursor->next()) return std::nullopt;
    const codec::IndexEntry split = codec::split_index_entry(cursor->key());
    bytes_view part = split.stored_part;
    return Entry{codec::take_ordered(part).view().as_uint(), Bytes(split.primary_key)};
  }

  /// The first number for whose event's header `holds` is true; one beyond the last when there is none.
  template <class Holds>
  std::uint64_t first_where(const Holds& holds) {
    const auto last = entry({}, true);
    const auto first = entry({}, false);
    if (!last || !first) return 1;
    return first_place(first->number, last->number + 1, [&](std::uint64_t number) {
      const auto next = entry(event_number_part(number), false);  // numbers may have holes
      if (!next) return true;
      const auto row = source_.get(records_, next->key);
      return !row || holds(decode_row(events_, next->key, *row).header);
    });
  }

  [[noreturn]] static void fail_missing(const Bytes& key) {
    throw Error(ErrorCode::corruption,
                "the index of event numbers names record `" + key + "`, which is not there; run `strata verify`");
  }

  /// Whether the reading goes on.
  bool visit_batch(const std::vector<Bytes>& keys) {
    if (source_.tracks()) {
      for (const Bytes& key : keys) {
        const auto row = source_.get(records_, key);
        if (!row) fail_missing(key);
        const Bytes kept(*row);
        if (!selection_.offer(key, decode_row(events_, key, kept))) return false;
      }
      return true;
    }
    std::vector<engine::Key> asked;
    asked.reserve(keys.size());
    for (const Bytes& key : keys) asked.push_back({records_, key});
    std::vector<Bytes> rows(keys.size());
    std::size_t bytes = 0;
    source_.view().reader().get_many(asked, [&](std::size_t i, std::optional<bytes_view> row) {
      if (!row) fail_missing(keys[i]);
      rows[i] = *row;
      bytes += row->size();
    });
    if (bytes < batch_bytes_small && batch_ < batch_max) batch_ *= 2;
    if (bytes > batch_bytes_large && batch_ > batch_min) batch_ /= 2;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (!selection_.offer(keys[i], decode_row(events_, keys[i], rows[i]))) return false;
    }
    return true;
  }

  // So many rows are fetched at once; for a remote engine, in one round trip.
  static constexpr std::size_t batch_min = 16;
  static constexpr std::size_t batch_max = 1024;
  static constexpr std::size_t batch_bytes_small = std::size_t{256} << 10;
  static constexpr std::size_t batch_bytes_large = std::size_t{1} << 20;

  commit::Source& source_;
  const commit::CollectionDefinition& events_;
  commit::Space records_;
  commit::Space numbers_;
  const commit::PendingWrites* pending_;
  const EventQuery& query_;
  Selection selection_;
  std::size_t batch_ = batch_min;
};

}  // namespace

void scan_stream(commit::Source& source, std::string_view stream, const EventQuery& query, const EventVisitor& visit) {
  check_name("stream", stream);
  const commit::CollectionDefinition* events = source.collection(events_name);
  if (events) StreamReading(source, *events, stream, query, visit).run();
}

void scan_all_streams(commit::Source& source, const EventQuery& query, const EventVisitor& visit) {
  const commit::CollectionDefinition* events = source.collection(events_name);
  if (events) AllReading(source, *events, query, visit).run();
}

std::optional<Event> get_event(commit::Source& source, std::string_view stream, std::uint64_t version) {
  check_name("stream", stream);
  const commit::CollectionDefinition* events = source.collection(events_name);
  if (!events) return std::nullopt;
  const Bytes key = event_key(stream, version);
  const commit::PendingWrites* pending = source.pending(events->records());
  if (pending != nullptr && pending->contains(key)) return std::nullopt;
  const auto row = source.get(events->records(), key);
  if (!row) return std::nullopt;
  return decode_event(key, decode_row(*events, key, *row));
}

}  // namespace strata::model
