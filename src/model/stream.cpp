#include "model/stream.hpp"

#include <algorithm>
#include <limits>
#include <unordered_set>
#include <utility>

#include "codec/ordered.hpp"
#include "commit/sequence.hpp"
#include "model/event.hpp"
#include "model/own_collection.hpp"
#include "model/record.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

/// No streams' names, for they are control characters. Appends read the former, which hardly ever changes; the latter,
/// and those of single streams behind it, change whenever an event goes.
constexpr std::string_view numbers_key = "\x1f";
constexpr std::string_view erased_key = "\x1e";

Bytes erased_key_of(std::string_view stream) { return Bytes(erased_key) + Bytes(stream); }
/// One above every version.
constexpr std::uint64_t version_end = std::numeric_limits<std::uint64_t>::max();

const OwnCollection& streams_collection() {
  static const OwnCollection declaration{streams_name, {}};
  return declaration;
}

const OwnCollection& snapshots_collection() {
  static const OwnCollection declaration{stream_snapshots_name, {}};
  return declaration;
}

std::string shown(std::string_view stream) { return "stream `" + std::string(stream) + "`"; }

/// The record of `.streams`.
struct StreamState {
  StreamOptions options;
  std::uint64_t last = 0;
  bool tombstone = false;
};

StreamState decode_state(ValueView body) {
  StreamState state;
  if (const ValueView keep_for = body["keep_for"])
    state.options.keep_for = std::chrono::microseconds(keep_for.as_int());
  if (const ValueView keep_count = body["keep_count"]) state.options.keep_count = keep_count.as_uint();
  if (const ValueView last = body["last"]) state.last = last.as_uint();
  state.tombstone = body["tombstone"].bool_or(false);
  return state;
}

std::optional<StreamState> read_state(commit::Source& source, std::string_view stream) {
  const auto record = get_record(source, streams_name, stream);
  if (!record) return std::nullopt;
  return decode_state(record->value);
}

void write_state(commit::Transaction& transaction, std::string_view stream, const StreamState& state) {
  Value body = Value::object();
  if (state.options.keep_for) body.set("keep_for", Value(state.options.keep_for->count()));
  if (state.options.keep_count) body.set("keep_count", Value(*state.options.keep_count));
  if (state.last > 0) body.set("last", Value(state.last));
  if (state.tombstone) body.set("tombstone", Value(true));
  if (body.size() == 0) {
    erase_record(transaction, streams_name, stream, {});
    return;
  }
  own_collection_for_writing(transaction, streams_collection());
  put_record(transaction, streams_name, stream, body, {});
}

std::uint64_t number_floor(commit::Source& source) {
  const auto record = get_record(source, streams_name, numbers_key);
  return record ? record->value["number"].as_uint() : 0;
}

/// Raises a number that is kept for all streams.
void raise(commit::Transaction& transaction, std::string_view key, std::uint64_t number) {
  const auto record = get_record(transaction, streams_name, key);
  if (record && record->value["number"].as_uint() >= number) return;
  own_collection_for_writing(transaction, streams_collection());
  put_record(transaction, streams_name, key, Value::object({{"number", number}}), {});
}

/// Where the events lie; nothing when there never were any.
struct EventSpaces {
  commit::Space records;
  commit::Space numbers;
  commit::Space ids;
};

EventSpaces spaces_of(const commit::CollectionDefinition& events) {
  const commit::IndexDefinition* numbers = events.index(event_number_index);
  const commit::IndexDefinition* ids = events.index(event_id_index);
  if (numbers == nullptr || ids == nullptr)
    throw Error(ErrorCode::corruption, "collection `.events` lacks an index; load the store's dump into a new one");
  return {events.records(), numbers->space(), ids->space()};
}

/// Version of the newest event that is there.
std::uint64_t newest_event(commit::Source& source, commit::Space records, std::string_view stream) {
  const Bytes begin = event_prefix(stream);
  const Bytes end = codec::prefix_end(begin);
  const auto cursor = source.scan(records, {records, begin, end}, {.reverse = true, .limit = 1});
  if (!cursor->next()) return 0;
  const auto key = split_event_key(cursor->key());
  return key ? key->version : 0;
}

std::uint64_t oldest_event(commit::Source& source, commit::Space records, std::string_view stream) {
  const commit::PendingWrites* pending = source.pending(records);
  const Bytes begin = event_prefix(stream);
  const Bytes end = codec::prefix_end(begin);
  const auto cursor = source.scan(records, {records, begin, end}, {.limit = 1});
  while (cursor->next()) {
    const auto key = split_event_key(cursor->key());
    if (key && (pending == nullptr || !pending->contains(cursor->key()))) return key->version;
  }
  return 0;
}

/// An event that has been appended before under the same id.
struct Known {
  Bytes stream;
  std::uint64_t version = 0;
  Position position;
};

std::optional<Known> find_known(commit::Source& source, const EventSpaces& spaces, std::string_view id) {
  const commit::PendingWrites* pending = source.pending(spaces.records);
  const Bytes begin = event_id_part(id);
  const Bytes end = codec::prefix_end(begin);
  Bytes key;
  {
    const auto cursor = source.scan(spaces.records, {spaces.ids, begin, end}, {.limit = 1, .keys_only = true});
    if (!cursor->next()) return std::nullopt;
    key = codec::split_index_entry(cursor->key()).primary_key;
  }
  if (pending != nullptr && pending->contains(key)) return std::nullopt;
  const auto split = split_event_key(key);
  const auto row = source.get(spaces.records, key);
  if (!split || !row) {
    throw Error(ErrorCode::corruption,
                "the index of event ids names record `" + key + "`, which is not there; run `strata verify`");
  }
  return Known{Bytes(split->stream), split->version, Position{codec::record_version(*row).value}};
}

[[noreturn]] void refuse_id(std::string_view id, std::string_view stream) {
  throw Error(ErrorCode::already_exists, "event id `" + std::string(id) + "` belongs to an event of " + shown(stream) +
                                             "; an id is unique in the store");
}

void check_expected(std::string_view stream, Expected expected, std::uint64_t actual) {
  std::string wanted;
  switch (expected.kind()) {
    case Expected::Kind::any:
      return;
    case Expected::Kind::none:
      if (actual == 0) return;
      wanted = "to have no event yet";
      break;
    case Expected::Kind::exists:
      if (actual > 0) return;
      wanted = "to exist";
      break;
    case Expected::Kind::exactly:
      if (actual == expected.version()) return;
      wanted = "to have version " + std::to_string(expected.version());
      break;
  }
  throw Error(ErrorCode::conflict, shown(stream) + " was expected " + wanted + ", but it has version " +
                                       std::to_string(actual) + "; read it again");
}

void check_no_tombstone(std::string_view stream, const std::optional<StreamState>& state) {
  if (!state || !state->tombstone) return;
  throw Error(ErrorCode::invalid_argument, shown(stream) + " was erased for good; use another name");
}

void check_nothing_appended(commit::Transaction& transaction, commit::Space records, std::string_view stream) {
  if (transaction.appended(records, event_prefix(stream)) == 0) return;
  throw Error(ErrorCode::invalid_argument,
              shown(stream) + ": this transaction has appended to it; erase its events in another one");
}

/// Which of the events are to be written, and where those lie that are there already.
struct Sorted {
  std::vector<std::size_t> fresh;
  std::optional<Known> first, last;  ///< Of the known ones.
};

Sorted sort_out(commit::Transaction& transaction, const EventSpaces& spaces, std::string_view stream,
                std::span<const NewEvent> events) {
  Sorted sorted;
  const Bytes prefix = event_prefix(stream);
  std::unordered_set<std::string_view> own;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::string& id = events[i].id;
    if (id.empty()) {
      sorted.fresh.push_back(i);
      continue;
    }
    if (!own.insert(id).second) continue;
    if (const commit::Append* before = transaction.appended(id)) {
      if (before->prefix != prefix) refuse_id(id, bytes_view(before->prefix).substr(0, before->prefix.size() - 1));
      continue;
    }
    auto known = find_known(transaction, spaces, id);
    if (!known) {
      sorted.fresh.push_back(i);
      continue;
    }
    if (known->stream != stream) refuse_id(id, known->stream);
    if (!sorted.first) sorted.first = known;
    sorted.last = std::move(known);
  }
  return sorted;
}

}  // namespace

bool is_stream_name(std::string_view key) { return !key.starts_with(numbers_key) && !key.starts_with(erased_key); }

Appended append_events(commit::Transaction& transaction, std::string_view stream, std::span<const NewEvent> events,
                       Expected expected) {
  check_name("stream", stream);
  std::vector<Bytes> bodies;
  bodies.reserve(events.size());
  for (const NewEvent& event : events) bodies.push_back(encode_event(stream, event));
  const EventSpaces spaces = spaces_of(own_collection_for_writing(transaction, events_collection()));
  const Bytes prefix = event_prefix(stream);
  const std::optional<StreamState> state = read_state(transaction, stream);
  check_no_tombstone(stream, state);
  const std::uint64_t version_floor = state ? state->last : 0;

  const Sorted sorted = sort_out(transaction, spaces, stream, events);
  Appended appended;
  appended.fresh = sorted.fresh.size();
  if (sorted.fresh.empty() && sorted.last) {
    appended.first = sorted.first->version;
    appended.last = sorted.last->version;
    appended.position = sorted.last->position;
  }
  if (sorted.fresh.empty() && !events.empty()) return appended;
  if (expected.kind() != Expected::Kind::any) {
    const std::uint64_t stored = std::max(version_floor, newest_event(transaction, spaces.records, stream));
    const std::uint64_t actual = stored + transaction.appended(spaces.records, prefix);
    check_expected(stream, expected, actual);
    if (appended.fresh > 0) appended.first = actual + 1;
    appended.last = actual + appended.fresh;
  }
  const std::uint64_t numbers_until = number_floor(transaction);
  for (const std::size_t i : sorted.fresh) {
    commit::Append append;
    append.space = spaces.records;
    append.prefix = prefix;
    append.body = std::move(bodies[i]);
    append.number_field = event_number_field;
    append.number_index = spaces.numbers;
    append.version_floor = version_floor;
    append.number_floor = numbers_until;
    transaction.append(std::move(append), events[i].id);
  }
  return appended;
}

std::uint64_t last_version_at(commit::Source& source, std::string_view stream, Position position) {
  const commit::CollectionDefinition* events = source.collection(events_name);
  if (!events) return 0;
  const Bytes begin = event_prefix(stream);
  const Bytes end = codec::prefix_end(begin);
  const auto cursor = source.scan(events->records(), {events->records(), begin, end}, {.reverse = true, .limit = 1});
  while (cursor->next()) {
    const Position found{codec::record_version(cursor->value()).value};
    if (found > position) continue;
    const auto key = split_event_key(cursor->key());
    return found == position && key ? key->version : 0;
  }
  return 0;
}

std::uint64_t stream_version(commit::Source& source, std::string_view stream) {
  check_name("stream", stream);
  const std::optional<StreamState> state = read_state(source, stream);
  const commit::CollectionDefinition* events = source.collection(events_name);
  return std::max(state ? state->last : 0, events ? newest_event(source, events->records(), stream) : 0);
}

std::optional<StreamDescription> describe_stream(commit::Source& source, std::string_view stream) {
  check_name("stream", stream);
  const std::optional<StreamState> state = read_state(source, stream);
  StreamDescription description;
  description.name = stream;
  if (const commit::CollectionDefinition* events = source.collection(events_name)) {
    description.version = newest_event(source, events->records(), stream);
    description.first = oldest_event(source, events->records(), stream);
  }
  if (!state && description.version == 0) return std::nullopt;
  if (state) {
    description.version = std::max(description.version, state->last);
    description.options = state->options;
    description.tombstone = state->tombstone;
  }
  return description;
}

std::vector<StreamDescription> list_streams(commit::Source& source, std::string_view prefix, std::size_t limit) {
  // A name's next one, in the events and in `.streams`; the smaller comes first.
  const auto next_name = [&](std::string_view collection, const Bytes& from) -> std::optional<Bytes> {
    const commit::CollectionDefinition* found = source.collection(collection);
    if (!found) return std::nullopt;
    const commit::PendingWrites* pending = source.pending(found->records());
    const auto cursor = source.scan(found->records(), {found->records(), from, {}}, {.limit = 1});
    std::optional<Bytes> name;
    while (!name && cursor->next()) {
      const auto key = split_event_key(cursor->key());
      const auto own = pending != nullptr ? pending->find(cursor->key()) : commit::PendingWrites::const_iterator{};
      const bool hidden = pending != nullptr && own != pending->end() && own->second.kind == commit::Write::Kind::erase;
      if (!hidden && is_stream_name(cursor->key())) name = Bytes(key ? key->stream : cursor->key());
    }
    return name;
  };
  std::vector<StreamDescription> streams;
  Bytes from(prefix);
  while (limit == 0 || streams.size() < limit) {
    const auto in_events = next_name(events_name, from);
    const auto in_states = next_name(streams_name, from);
    if (!in_events && !in_states) break;
    const Bytes name = in_events && in_states ? std::min(*in_events, *in_states) : in_events ? *in_events : *in_states;
    if (!name.starts_with(prefix)) break;
    if (auto description = describe_stream(source, name)) streams.push_back(std::move(*description));
    from = codec::prefix_end(event_prefix(name));
  }
  return streams;
}

void set_stream_options(commit::Transaction& transaction, std::string_view stream, const StreamOptions& options) {
  check_name("stream", stream);
  if (options.keep_for && options.keep_for->count() <= 0)
    throw Error(ErrorCode::invalid_argument, shown(stream) + ": keep_for must be greater than zero");
  if (options.keep_count && *options.keep_count == 0) {
    throw Error(ErrorCode::invalid_argument,
                shown(stream) + ": the newest event of a stream stays; keep_count must be 1 at least");
  }
  StreamState state = read_state(transaction, stream).value_or(StreamState{});
  check_no_tombstone(stream, state);
  state.options = options;
  write_state(transaction, stream, state);
}

ErasedEvents erase_events(commit::Transaction& transaction, std::string_view stream, std::uint64_t before,
                          std::uint64_t limit) {
  check_name("stream", stream);
  ErasedEvents erased;
  const commit::CollectionDefinition* events = transaction.collection(events_name);
  if (!events) return erased;
  const commit::Space records = events->records();
  check_nothing_appended(transaction, records, stream);
  const commit::PendingWrites* pending = transaction.pending(records);
  std::vector<Bytes> keys;
  std::uint64_t newest_number = 0;
  {
    const Bytes begin = event_prefix(stream);
    const Bytes end = event_key(stream, before);
    const auto cursor = transaction.scan(records, {records, begin, end}, {});
    while (!erased.more && cursor->next()) {
      if (pending != nullptr && pending->contains(cursor->key())) continue;
      if (keys.size() == limit) {
        erased.more = true;
        break;
      }
      keys.emplace_back(cursor->key());
      newest_number = event_number(ValueView(decode_row(*events, cursor->key(), cursor->value()).body));
    }
  }
  if (keys.empty()) return erased;
  bool newest_goes = !erased.more;
  if (newest_goes) {
    const Bytes begin = event_key(stream, before);
    const Bytes end = codec::prefix_end(event_prefix(stream));
    newest_goes = !transaction.scan(records, {records, begin, end}, {.limit = 1})->next();
  }
  if (newest_goes) {
    StreamState state = read_state(transaction, stream).value_or(StreamState{});
    state.last = std::max(state.last, split_event_key(keys.back())->version);
    write_state(transaction, stream, state);
    raise(transaction, numbers_key, newest_number);
  }
  raise(transaction, erased_key_of(stream), newest_number);
  raise(transaction, erased_key, newest_number);
  erased.events = keys.size();
  for (Bytes& key : keys) {
    commit::Write write;
    write.kind = commit::Write::Kind::erase;
    write.space = records;
    write.key = std::move(key);
    transaction.write(std::move(write));
  }
  return erased;
}

ErasedEvents erase_stream(commit::Transaction& transaction, std::string_view stream, bool tombstone,
                          std::uint64_t limit) {
  ErasedEvents erased = erase_events(transaction, stream, version_end, limit);
  if (erased.more) return erased;
  erased.snapshot = get_record(transaction, stream_snapshots_name, stream).has_value();
  if (erased.snapshot) erase_record(transaction, stream_snapshots_name, stream, {});
  if (tombstone) {
    StreamState state = read_state(transaction, stream).value_or(StreamState{});
    state.options = {};
    state.tombstone = true;
    write_state(transaction, stream, state);
  }
  return erased;
}

std::optional<std::string> erased_unseen(commit::Source& source, Position known, std::uint64_t number,
                                         const std::function<bool(std::string_view stream)>& wanted) {
  const auto all = get_record(source, streams_name, erased_key);
  if (!all || all->value["number"].as_uint() <= number) return std::nullopt;
  const commit::CollectionDefinition* streams = source.collection(streams_name);
  const Bytes begin = erased_key_of(std::string_view("\x20", 1));
  const Bytes end = codec::prefix_end(erased_key);
  const auto cursor = source.scan(streams->records(), {streams->records(), begin, end}, {});
  while (cursor->next()) {
    const Bytes key(cursor->key());
    const std::string name = key.substr(erased_key.size());
    if (!wanted(name)) continue;
    const Bytes bytes(cursor->value());
    const codec::RecordRow row = decode_row(*streams, key, bytes);
    const bool since = row.header.version.value > known.value;
    if (since && ValueView(row.body)["number"].as_uint() > number) return name;
  }
  return std::nullopt;
}

void save_stream_snapshot(commit::Transaction& transaction, std::string_view stream, std::uint64_t version,
                          const Value& state) {
  check_name("stream", stream);
  check_no_tombstone(stream, read_state(transaction, stream));
  // The event itself, if it is there, so that a growing stream does not disturb.
  const commit::CollectionDefinition* events = transaction.collection(events_name);
  const bool there = events && transaction.get(events->records(), event_key(stream, version));
  if (version == 0 || (!there && version > stream_version(transaction, stream))) {
    throw Error(ErrorCode::invalid_argument, shown(stream) + " has no version " + std::to_string(version) +
                                                 " to save a snapshot of; it has " +
                                                 std::to_string(stream_version(transaction, stream)));
  }
  const auto saved = stream_snapshot(transaction, stream);
  if (saved && saved->version > version) return;
  own_collection_for_writing(transaction, snapshots_collection());
  put_record(transaction, stream_snapshots_name, stream, Value::object({{"version", version}, {"state", state}}), {});
}

std::optional<AggregateSnapshot> stream_snapshot(commit::Source& source, std::string_view stream) {
  check_name("stream", stream);
  const auto record = get_record(source, stream_snapshots_name, stream);
  if (!record) return std::nullopt;
  AggregateSnapshot snapshot;
  snapshot.version = record->value["version"].as_uint();
  snapshot.state = Value(record->value["state"]);
  snapshot.time = record->updated;
  return snapshot;
}

}  // namespace strata::model
