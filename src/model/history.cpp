#include "model/history.hpp"

#include <algorithm>

#include "codec/log_entry.hpp"
#include "codec/ordered.hpp"
#include "codec/varint.hpp"
#include "commit/derivation.hpp"
#include "commit/writer.hpp"
#include "model/record.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

using commit::CollectionDefinition;
using commit::HistoryRow;

Position sampled_position(commit::Source& source, Time time) {
  const Bytes end = commit::time_key(time) + '\0';
  const auto cursor = source.scan(commit::times_space, {commit::times_space, {}, end}, {.reverse = true, .limit = 1});
  return cursor->next() ? Position{codec::read_be64(cursor->value().data())} : Position{};
}

bool hidden_then(const codec::RecordHeader& header, const Moment& moment) {
  return moment.time && is_expired(header, *moment.time);
}

[[noreturn]] void out_of_reach(const CollectionDefinition& collection) {
  throw Error(ErrorCode::gap, "the history of collection `" + collection.name + "` does not reach back that far");
}

/// Errors name collection and key.
HistoryRow read_row(const CollectionDefinition& collection, std::string_view key, bytes_view value) {
  try {
    return commit::decode_history(value);
  } catch (const Error& error) {
    throw Error(error.code(), "an earlier version of record `" + std::string(key) + "` of collection `" +
                                  collection.name + "`: " + error.what());
  }
}

/// The row of `key` that was current at the moment, out of history alone. Its bytes go to `keep`.
std::optional<codec::RecordRow> historic_row(commit::Source& source, const CollectionDefinition& collection,
                                             std::string_view key, const Moment& moment, Bytes& keep) {
  const Bytes begin = commit::history_key(key, Version{moment.position.value});
  const Bytes end = codec::prefix_end(Bytes(key) + '\0');
  const auto cursor = source.scan(collection.history(), {collection.history(), begin, end}, {.limit = 1});
  if (!cursor->next()) return std::nullopt;
  const HistoryRow row = read_row(collection, key, cursor->value());
  if (row.until <= moment.position) return std::nullopt;
  keep = row.row;
  return decode_row(collection, key, keep);
}

/// Nothing was found for the moment: was there something that is no longer kept?
void check_reach(commit::Source& source, const CollectionDefinition& collection, std::string_view key,
                 const Moment& moment, const std::optional<codec::RecordHeader>& current) {
  std::optional<codec::RecordHeader> oldest = current;
  const Bytes begin = Bytes(key) + '\0';
  const Bytes end = codec::prefix_end(begin);
  const auto cursor =
      source.scan(collection.history(), {collection.history(), begin, end}, {.reverse = true, .limit = 1});
  if (cursor->next()) {
    const HistoryRow row = read_row(collection, key, cursor->value());
    const Bytes bytes(row.row);
    oldest = decode_row(collection, key, bytes).header;
  }
  const bool rewritten = oldest && oldest->created < oldest->updated;
  if (rewritten && oldest->version.value > moment.position.value) out_of_reach(collection);
}

}  // namespace

Moment resolve(commit::Source& source, const AsOf& at) {
  const codec::Head& head = source.view().head();
  if (const Position* position = std::get_if<Position>(&at)) {
    if (*position > head.position) {
      throw Error(ErrorCode::invalid_argument, "position " + std::to_string(position->value) +
                                                   " is still to come: the newest is " +
                                                   std::to_string(head.position.value));
    }
    return {*position, std::nullopt};
  }
  const Time time = std::get<Time>(at);
  if (time >= head.time) return {head.position, time};
  Position found = sampled_position(source, time);
  if (found == Position{} && head.log_base > Position{}) {
    throw Error(ErrorCode::gap,
                "what was committed at " + time.to_string() + " is no longer known; ask for a later time");
  }
  if (found < head.log_base) return {found, time};
  const Bytes begin = codec::log_key(Position{found.value + 1}, 0);
  const auto cursor = source.scan(commit::log_space, {commit::log_space, begin, {}}, {});
  codec::EntryDecoder decoder;
  while (cursor->next()) {
    if (!decoder.add(cursor->key(), cursor->value())) continue;
    if (decoder.entry.time > time) break;
    found = decoder.entry.position;
  }
  return {found, time};
}

void require_history(commit::Source& source, const CollectionDefinition& collection, const Moment& moment) {
  if (!collection.options.history.enabled) {
    throw Error(ErrorCode::unsupported,
                "collection `" + collection.name +
                    "` keeps no history; switch it on (CollectionOptions::history), it counts from then");
  }
  const auto row = source.get(commit::state_space, commit::history_since_key(collection.history()));
  if (!row) return;  // since the collection came into being
  bytes_view in = *row;
  if (moment.position.value < codec::take_varint(in)) out_of_reach(collection);
}

std::optional<Record> get_record_at(commit::Source& source, std::string_view name, std::string_view key,
                                    const AsOf& at) {
  check_key(key);
  const CollectionDefinition& collection = require_collection(source, name);
  const Moment moment = resolve(source, at);
  if (!collection.options.history.enabled) require_history(source, collection, moment);
  std::optional<codec::RecordHeader> current;
  if (const auto row = source.get(collection.records(), key)) {
    const codec::RecordRow decoded = decode_row(collection, key, *row);
    if (decoded.header.version.value <= moment.position.value) {
      if (hidden_then(decoded.header, moment)) return std::nullopt;
      return make_record(key, decoded);
    }
    current = decoded.header;
  }
  Bytes keep;
  if (const auto row = historic_row(source, collection, key, moment, keep)) {
    if (hidden_then(row->header, moment)) return std::nullopt;
    return make_record(key, *row);
  }
  require_history(source, collection, moment);
  check_reach(source, collection, key, moment, current);
  return std::nullopt;
}

std::vector<RecordVersion> history_of(commit::Source& source, std::string_view name, std::string_view key) {
  check_key(key);
  const CollectionDefinition& collection = require_collection(source, name);
  std::vector<RecordVersion> versions;
  if (const auto current = get_record(source, name, key)) versions.push_back({*current, false, std::nullopt});
  const Bytes begin = Bytes(key) + '\0';
  const Bytes end = codec::prefix_end(begin);
  const auto cursor = source.scan(collection.history(), {collection.history(), begin, end}, {});
  while (cursor->next()) {
    const HistoryRow row = read_row(collection, key, cursor->value());
    versions.push_back({make_record(key, decode_row(collection, key, row.row)), row.erased, row.until});
  }
  return versions;
}

void scan_at(commit::Source& source, const CollectionDefinition& collection, const Moment& moment, bytes_view begin,
             const std::function<bool(std::string_view key, const codec::RecordRow& row)>& visit) {
  const auto present = source.scan(collection.records(), {collection.records(), begin, {}}, {});
  const auto past = source.scan(collection.history(), {collection.history(), begin, {}}, {});
  bool has_present = present->next();
  bool has_past = past->next();
  while (has_present || has_past) {
    const bytes_view past_key = has_past ? commit::split_history_key(past->key()).first : bytes_view{};
    const Bytes key(has_present && (!has_past || present->key() <= past_key) ? present->key() : past_key);
    bool seen = false, go_on = true;
    if (has_present && present->key() == key) {
      const codec::RecordRow row = decode_row(collection, key, present->value());
      seen = row.header.version.value <= moment.position.value;
      if (seen && !hidden_then(row.header, moment)) go_on = visit(key, row);
      has_present = go_on && present->next();
    }
    while (go_on && has_past && commit::split_history_key(past->key()).first == key) {
      const HistoryRow stored = read_row(collection, key, past->value());
      const Version version = commit::split_history_key(past->key()).second;
      if (!seen && version.value <= moment.position.value && stored.until > moment.position) {
        seen = true;
        const codec::RecordRow row = decode_row(collection, key, stored.row);
        if (!hidden_then(row.header, moment)) go_on = visit(key, row);
      }
      has_past = go_on && past->next();
    }
    if (!go_on) return;
  }
}

}  // namespace strata::model
