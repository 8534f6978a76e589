// Upkeep: trimming the log and the transaction ids, erasing what has expired, emptying dropped spaces, sweeping
// history, going on with index builds that someone left. Each step is one short write section.
#include <algorithm>
#include <vector>

#include "codec/log_entry.hpp"
#include "codec/record.hpp"
#include "codec/varint.hpp"
#include "commit/derivation.hpp"
#include "commit/index_build.hpp"
#include "commit/trunk.hpp"
#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "strata/error.hpp"

namespace strata::commit {
namespace {

constexpr std::size_t rows_per_step = 4000;
constexpr std::size_t batch_min = 1000;
constexpr std::chrono::microseconds ids_kept = std::chrono::hours(25);
constexpr std::chrono::microseconds clock_trusted_within = std::chrono::hours(24);
constexpr std::chrono::microseconds sweep_every = std::chrono::minutes(10);

/// Takes rows [begin, end) out of a space that is neither logged nor digested, and out of its totals.
void erase_counted(Writer& writer, Space space, bytes_view begin, bytes_view end, std::uint64_t rows,
                   std::uint64_t bytes) {
  writer.note_written();
  writer.transaction().erase_range({space, begin, end});
  codec::SpaceTotals& totals = writer.totals(space);
  totals.rows -= rows;
  totals.bytes -= bytes;
}

/// The log may be cut before `end`; `rows` and `bytes` go.
struct LogCut {
  Position last;
  Bytes end;
  std::uint64_t entries = 0, rows = 0, bytes = 0;
};

LogCut find_log_cut(Writer& writer, const OpenOptions& options, Time now) {
  LogCut cut;
  std::uint64_t left = writer.totals(log_space).bytes;
  const Bytes begin = codec::log_key(Position{writer.head().log_base.value + 1}, 0);
  const auto cursor = writer.transaction().scan({log_space, begin, {}}, {.limit = rows_per_step});
  std::uint64_t rows = 0, bytes = 0;
  codec::EntryDecoder decoder;
  while (rows < rows_per_step && cursor->next()) {
    const std::uint64_t size = cursor->key().size() + cursor->value().size();
    ++rows;
    bytes += size;
    if (!decoder.add(cursor->key(), cursor->value())) continue;
    const bool too_old =
        decoder.entry.time < now - std::chrono::duration_cast<std::chrono::microseconds>(options.log_age_max);
    const bool too_much = left > options.log_bytes_max;
    if ((!too_old && !too_much) || decoder.entry.position == writer.head().position) break;
    left -= bytes - cut.bytes;
    cut.last = decoder.entry.position;
    ++cut.entries;
    cut.rows = rows;
    cut.bytes = bytes;
  }
  cut.end = codec::log_key(Position{cut.last.value + 1}, 0);
  return cut;
}

bool trim_log(Trunk& trunk, Writer& writer, Time now) {
  const LogCut cut = find_log_cut(writer, trunk.options(), now);
  if (cut.entries == 0) return false;  // the newest entry stays, however large
  const bool worth = cut.entries >= batch_min || writer.totals(log_space).bytes > trunk.options().log_bytes_bound ||
                     cut.rows >= batch_min;
  if (!worth) return false;
  erase_counted(writer, log_space, {}, cut.end, cut.rows, cut.bytes);
  writer.head().log_base = cut.last;
  return true;
}

bool trim_ids(Writer& writer, Time now) {
  std::uint64_t rows = 0, bytes = 0;
  Bytes end;
  {
    const auto cursor = writer.transaction().scan({ids_space, {}, {}}, {.limit = rows_per_step});
    while (rows < rows_per_step && cursor->next()) {
      const CommitResult outcome = decode_outcome({}, cursor->value());
      if (outcome.time >= now - ids_kept) break;
      ++rows;
      bytes += cursor->key().size() + cursor->value().size();
      end = cursor->key();
    }
  }
  if (rows < batch_min) return false;
  end.push_back('\0');
  erase_counted(writer, ids_space, {}, end, rows, bytes);
  return true;
}

/// What a row of the expiry index still stands for.
enum class Expiry { due, stale, unreadable };

/// Stale: its collection has been dropped, or its record does not expire then.
Expiry judge_expiry(Writer& writer, const Bytes& entry, Space space, bytes_view key) {
  if (!writer.catalogue()->find(space)) return Expiry::stale;
  const auto row = writer.transaction().get({space, key});
  if (!row) return Expiry::stale;
  try {
    const auto expires = codec::decode_record({space, key}, Bytes(*row)).header.expires;
    return expires && expiry_key(*expires, space, key) == entry ? Expiry::due : Expiry::stale;
  } catch (const Error&) {
    return Expiry::unreadable;  // whoever reads it, or verifies, is told
  }
}

bool erase_expired(Trunk& trunk, Writer& writer, Time now) {
  if (writer.head().time > now + clock_trusted_within) return false;  // the clock cannot be right: nothing expires
  Request request;
  std::vector<Bytes> stale;
  const Bytes end = expiry_key(now, Space{}, {});
  {
    const auto cursor = writer.transaction().scan({expiry_space, {}, end}, {.limit = batch_min, .keys_only = true});
    while (request.writes.size() + stale.size() < batch_min && cursor->next()) {
      const Bytes entry(cursor->key());
      bytes_view in = entry;
      codec::take_be64(in);
      Write write;
      write.kind = Write::Kind::erase;
      write.space = Space{codec::take_be32(in)};
      write.key = in;
      const Expiry judged = judge_expiry(writer, entry, write.space, in);
      if (judged == Expiry::due) request.writes.push_back(std::move(write));
      if (judged == Expiry::stale) stale.push_back(entry);
    }
  }
  for (const Bytes& entry : stale) {
    writer.note_written();
    writer.transaction().erase({expiry_space, entry});
    writer.totals(expiry_space).rows -= 1;
    writer.totals(expiry_space).bytes -= entry.size();
  }
  if (request.writes.empty()) return stale.size() == batch_min;
  request.id = platform::make_uuid();
  request.seen = writer.head().position;
  request.origin = "expiry";
  bool more = request.writes.size() + stale.size() == batch_min;
  for (const Trunk::ExpiryStep& step : trunk.expiry_steps()) more |= step(writer, request, now);
  writer.apply(request);
  return more;
}

/// The row of a moment is of use while the log or some history reaches back there.
bool trim_times(Trunk& trunk, Writer& writer, Time now) {
  auto reach = std::chrono::duration_cast<std::chrono::microseconds>(trunk.options().log_age_max);
  for (const auto& [unused, collection] : writer.catalogue()->collections()) {
    const HistoryOptions& history = collection.options.history;
    if (history.enabled && !history.keep_for) return false;
    if (history.enabled) reach = std::max(reach, *history.keep_for);
  }
  std::uint64_t rows = 0;
  Bytes end;
  {
    const Bytes before = time_key(now - reach);
    const auto cursor =
        writer.transaction().scan({times_space, {}, before}, {.limit = rows_per_step, .keys_only = true});
    while (rows < rows_per_step && cursor->next()) {
      ++rows;
      end = cursor->key();
    }
  }
  if (rows < batch_min) return false;
  end.push_back('\0');
  writer.note_written();
  writer.transaction().erase_range({times_space, {}, end});
  return true;
}

/// Totals were set to nothing when the space was dropped; here go the rows.
bool empty_dropped(Writer& writer) {
  Bytes dropped;
  {
    const auto cursor = writer.transaction().scan({dropped_space, {}, {}}, {.limit = 1, .keys_only = true});
    if (!cursor->next()) return false;
    dropped = cursor->key();
  }
  const Space space{codec::read_be32(dropped.data())};
  Bytes end;
  std::size_t rows = 0;
  {
    const auto cursor = writer.transaction().scan({space, {}, {}}, {.limit = rows_per_step, .keys_only = true});
    while (rows < rows_per_step && cursor->next()) {
      ++rows;
      end = cursor->key();
    }
  }
  writer.note_written();
  if (rows > 0) {
    end.push_back('\0');
    writer.transaction().erase_range({space, {}, end});
  }
  if (rows < rows_per_step) writer.transaction().erase({dropped_space, dropped});
  return true;
}

/// Rows of keys that are never written again grow old unseen by writers; a slow walk finds them.
bool sweep_history(Writer& writer, Time now) {
  static constexpr std::string_view state_key = "history sweep";
  Time next;
  Space space = Space::make(SpaceGroup::history, 0);
  Bytes after;
  if (const auto row = writer.transaction().get({state_space, state_key})) {
    bytes_view in = *row;
    next.micros = codec::unzigzag(codec::take_varint(in));
    space.id = static_cast<std::uint32_t>(codec::take_varint(in));
    after = in;
  }
  if (now < next) return false;
  const CollectionDefinition* collection = nullptr;
  for (const auto& [unused, one] : writer.catalogue()->collections()) {
    const bool kept_for = one.options.history.enabled && one.options.history.keep_for;
    if (kept_for && one.history() >= space && (!collection || one.history() < collection->history())) collection = &one;
  }
  const auto remember = [&](Time until, Space at, bytes_view key) {
    Bytes state;
    codec::append_varint(state, codec::zigzag(until.micros));
    codec::append_varint(state, at.id);
    state.append(key);
    writer.note_written();
    writer.transaction().put({state_space, state_key}, state);
  };
  if (!collection) {
    if (space.number() == 0) return false;
    remember(now + sweep_every, Space::make(SpaceGroup::history, 0), {});
    return false;
  }
  if (collection->history() != space) after.clear();
  std::vector<std::pair<Bytes, std::uint64_t>> gone;
  std::size_t rows = 0;
  {
    const Bytes begin = after.empty() ? Bytes{} : after + '\0';
    const auto cursor = writer.transaction().scan({collection->history(), begin, {}}, {.limit = rows_per_step});
    while (rows < rows_per_step && cursor->next()) {
      ++rows;
      after = cursor->key();
      if (decode_history(cursor->value()).until_time >= now - *collection->options.history.keep_for) continue;
      gone.emplace_back(after, after.size() + cursor->value().size());
    }
  }
  codec::SpaceTotals& totals = writer.totals(collection->history());
  for (const auto& [key, bytes] : gone) {
    writer.transaction().erase({collection->history(), key});
    totals.rows -= 1;
    totals.bytes -= bytes;
  }
  if (rows == rows_per_step) {
    remember(Time{}, collection->history(), after);
  } else {
    remember(Time{}, Space{collection->history().id + 1}, {});
  }
  return true;
}

bool continue_build(Writer& writer) {
  for (const auto& [name, collection] : writer.catalogue()->collections()) {
    for (const IndexDefinition& index : collection.indexes) {
      if (index.ready) continue;
      std::optional<Error> failure;  // the index is gone then, as its creator would have been told
      const std::string index_name = index.options.name;
      build_index_step(writer, std::string(name), index_name, batch_min, failure);
      return true;
    }
  }
  return false;
}

}  // namespace

bool maintain_step(Trunk& trunk, bool anew) {
  bool more = false;
  const Time now = platform::clock().now();
  trunk.exclusive(trunk.deadline(std::chrono::milliseconds(500)), Durability::relaxed, [&](Writer& writer) {
    more |= erase_expired(trunk, writer, now);
    more |= trim_log(trunk, writer, now);
    more |= trim_ids(writer, now);
    more |= trim_times(trunk, writer, now);
    more |= empty_dropped(writer);
    more |= sweep_history(writer, now);
    more |= continue_build(writer);
    for (const Trunk::UpkeepStep& step : trunk.upkeep_steps()) more |= step(writer, now, anew);
  });
  return more;
}

}  // namespace strata::commit
