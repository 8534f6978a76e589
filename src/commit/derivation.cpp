#include "commit/derivation.hpp"

#include <algorithm>

#include "codec/ordered.hpp"
#include "codec/varint.hpp"
#include "commit/index_entries.hpp"
#include "strata/error.hpp"

namespace strata::commit {
namespace {

/// The key as a message shows it.
std::string shown(bytes_view key) { return "`" + std::string(key.substr(0, 80)) + (key.size() > 80 ? "...`" : "`"); }

codec::Hash128 negative(const codec::Hash128& hash) {
  codec::Hash128 out;
  out -= hash;
  return out;
}

}  // namespace

Derivation::Derivation(engine::Reader& reader, const Catalogue& catalogue, const Place& place)
    : reader_(reader), catalogue_(catalogue), place_(place) {}

void Derivation::write(const Write& write, const codec::SpaceTotals& space_totals) {
  if (write.space == catalogue_space) declare(write);
  switch (write.kind) {
    case Write::Kind::put:
      written_keys_.emplace(write.space.id, write.key);
      return put(write, read_old(write.space, write.key).get());
    case Write::Kind::erase:
      written_keys_.emplace(write.space.id, write.key);
      return erase(write.space, write.key);
    case Write::Kind::drop:
      return drop(write, space_totals);
  }
}

const CollectionDefinition* Derivation::find(Space records) const {
  const auto own = declared_.find(records.id);
  return own == declared_.end() ? catalogue_.find(records) : &own->second;
}

/// A transaction may declare a collection and put its first records: those are derived from the declaration too. Its
/// write comes first, for requests have them in the order of the spaces.
void Derivation::declare(const Write& write) {
  catalogue_changed = true;
  if (write.kind != Write::Kind::put || write.key == next_space_key) return;
  CollectionDefinition definition = decode_definition(write.key, ValueView(write.body));
  if (catalogue_.find(definition.records()) == nullptr)
    declared_.emplace(definition.records().id, std::move(definition));
}

std::unique_ptr<Derivation::Old> Derivation::read_old(Space space, bytes_view key) {
  const auto row = reader_.get({space, key});
  if (!row) return nullptr;
  auto old = std::make_unique<Old>();
  old->row = *row;
  try {
    const codec::RecordRow decoded = codec::decode_record({space, key}, old->row);
    old->header = decoded.header;
    old->body = decoded.body;
    old->decompressed = decoded.decompressed;
  } catch (const Error& error) {
    const CollectionDefinition* collection = find(space);
    throw Error(error.code(), "record " + shown(key) + " of collection `" + (collection ? collection->name : "?") +
                                  "`: " + error.what());
  }
  return old;
}

void Derivation::set_row(Space space, Bytes key, std::optional<Bytes> value, std::int64_t old_value_bytes) {
  TotalsChange& total = totals[space.id];
  if (value) {
    total.bytes += static_cast<std::int64_t>(value->size());
    if (old_value_bytes < 0) total.rows += 1, total.bytes += static_cast<std::int64_t>(key.size());
  } else if (old_value_bytes >= 0) {
    total.rows -= 1, total.bytes -= static_cast<std::int64_t>(key.size());
  }
  if (old_value_bytes > 0) total.bytes -= old_value_bytes;
  mutations.push_back({space, std::move(key), std::move(value)});
}

void Derivation::append(const Append& append, SequenceEnds& stored) {
  std::uint64_t& version = ends.version(append.space, append.prefix, [&] {
    return std::max(append.version_floor, stored.version(append.space, append.prefix, [&] {
      return last_version(reader_, append.space, append.prefix);
    }));
  });
  std::uint64_t& number = ends.number(append.number_index, [&] {
    return std::max(append.number_floor,
                    stored.number(append.number_index, [&] { return last_number(reader_, append.number_index); }));
  });
  Write write;
  write.space = append.space;
  write.key = sequence_key(append.prefix, ++version);
  write.body = with_number(append.body, append.number_field, ++number);
  written_keys_.emplace(write.space.id, write.key);
  put(write, nullptr);  // it lies beyond the last one: there is none
}

void Derivation::put(const Write& write, const Old* old) {
  const CollectionDefinition* collection = find(write.space);
  const bool replaces = old && !expired(old->header);

  codec::RecordHeader header;
  header.version = Version{place_.position.value};
  header.updated = write.updated.value_or(place_.time);
  header.created = write.created.value_or(replaces ? old->header.created : header.updated);
  header.expires = write.expires;
  auto time_to_live = write.time_to_live;
  if (!time_to_live && collection && !write.updated) time_to_live = collection->options.time_to_live;
  if (time_to_live) header.expires = place_.time + *time_to_live;

  const codec::Hash128 content = codec::content_hash(write.body, header.expires, place_.digest_key);
  TotalsChange& total = totals[write.space.id];
  total.digest += codec::digest_term({write.space, write.key}, content, place_.digest_key);
  if (old) {
    const codec::Hash128 before = codec::content_hash(old->body, old->header.expires, place_.digest_key);
    total.digest -= codec::digest_term({write.space, write.key}, before, place_.digest_key);
    if (collection && collection->options.history.enabled) keep_history(*collection, write.key, *old, false);
  }
  move_expiry(write.space, write.key, old ? old->header.expires : std::nullopt, header.expires);
  if (collection) index(*collection, write.key, old, &header, write.body);
  codec::Compression compression;
  if (collection) compression = {collection->dictionary.get(), collection->compressed};
  set_row(write.space, write.key, codec::encode_record({write.space, write.key}, header, write.body, compression),
          old ? static_cast<std::int64_t>(old->row.size()) : -1);
  changes.push_back({codec::Operation::put, write.space, write.key, {}, content, 0});
}

void Derivation::erase(Space space, const Bytes& key) {
  if (const std::unique_ptr<Old> old = read_old(space, key)) erase_old(space, key, *old);
}

void Derivation::erase_old(Space space, const Bytes& key, const Old& old) {
  const CollectionDefinition* collection = find(space);
  const codec::Hash128 before = codec::content_hash(old.body, old.header.expires, place_.digest_key);
  totals[space.id].digest -= codec::digest_term({space, key}, before, place_.digest_key);
  if (collection && collection->options.history.enabled) keep_history(*collection, key, old, true);
  move_expiry(space, key, old.header.expires, std::nullopt);
  if (collection) index(*collection, key, &old, nullptr, {});
  set_row(space, key, std::nullopt, static_cast<std::int64_t>(old.row.size()));
  changes.push_back({codec::Operation::erase, space, key, {}, {}, 0});
}

void Derivation::drop(const Write& write, const codec::SpaceTotals& space_totals) {
  TotalsChange& total = totals[write.space.id];
  total.rows -= static_cast<std::int64_t>(space_totals.rows);
  total.bytes -= static_cast<std::int64_t>(space_totals.bytes);
  total.digest += negative(space_totals.digest);
  Bytes key;
  codec::append_be32(key, write.space.id);
  mutations.push_back({dropped_space, std::move(key), Bytes{}});
  if (class_of(write.space) == SpaceClass::record) {
    changes.push_back({codec::Operation::drop, write.space, {}, {}, space_totals.digest, space_totals.rows});
  }
}

void Derivation::move_expiry(Space space, const Bytes& key, std::optional<Time> from, std::optional<Time> to) {
  if (from == to) return;
  if (from) set_row(expiry_space, expiry_key(*from, space, key), std::nullopt, 0);
  if (to) set_row(expiry_space, expiry_key(*to, space, key), Bytes{}, -1);
}

void Derivation::index(const CollectionDefinition& collection, const Bytes& key, const Old* old,
                       const codec::RecordHeader* header, bytes_view body) {
  for (const IndexDefinition& one : collection.indexes) {
    std::vector<IndexPart> before, after;
    if (old) before = index_parts(one, ValueView(old->body), old->header.created, old->header.updated);
    if (header) after = index_parts(one, ValueView(body), header->created, header->updated);
    std::vector<IndexPart> gone, come;
    std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(gone));
    std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(come));
    for (const IndexPart& part : gone) {
      Bytes entry = codec::index_entry_key(part.stored, key);
      if (one.options.unique) removed_entries_.emplace(one.space().id, entry);
      // While the index is being built, the builder may not have come to this record yet.
      if (!one.ready && !reader_.get({one.space(), entry})) continue;
      set_row(one.space(), std::move(entry), std::nullopt, 0);
      if (part.plain_text) totals[one.text_space().id].rows -= 1;
    }
    for (const IndexPart& part : come) {
      set_row(one.space(), codec::index_entry_key(part.stored, key), Bytes{}, -1);
      if (part.plain_text) totals[one.text_space().id].rows += 1;
      if (one.options.unique && !part.exempt)
        unique_entries_.push_back({one.space(), part.stored, key, &collection, &one});
    }
  }
}

void Derivation::keep_history(const CollectionDefinition& collection, const Bytes& key, const Old& old, bool erased) {
  set_row(collection.history(), history_key(key, old.header.version),
          encode_history({place_.position, place_.time, erased, old.row}), -1);
  trim_history(collection, key);
}

void Derivation::trim_history(const CollectionDefinition& collection, const Bytes& key) {
  const HistoryOptions& options = collection.options.history;
  if (!options.keep_count && !options.keep_for) return;
  Bytes begin(key);
  begin.push_back('\0');
  const Bytes end = codec::prefix_end(begin);
  const auto cursor = reader_.scan({collection.history(), begin, end}, {});
  std::uint64_t kept = 1;  // the row that is being added
  std::vector<std::pair<Bytes, std::int64_t>> gone;
  while (cursor->next()) {
    const HistoryRow row = decode_history(cursor->value());
    const bool too_many = options.keep_count && kept >= *options.keep_count;
    const bool too_old = options.keep_for && row.until_time < place_.time - *options.keep_for;
    if (too_many || too_old) {
      gone.emplace_back(cursor->key(), static_cast<std::int64_t>(cursor->value().size()));
    } else {
      ++kept;
    }
  }
  for (auto& [row_key, bytes] : gone) set_row(collection.history(), std::move(row_key), std::nullopt, bytes);
}

void Derivation::finish() {
  std::map<std::pair<std::uint32_t, Bytes>, const UniqueEntry*> mine;
  for (std::size_t i = 0; i < unique_entries_.size(); ++i) {
    const UniqueEntry entry = unique_entries_[i];
    const auto [other, fresh] = mine.emplace(std::pair(entry.space.id, entry.part), &unique_entries_[i]);
    if (!fresh && other->second->primary_key != entry.primary_key) {
      throw Error(ErrorCode::already_exists,
                  "unique index `" + entry.index->options.name + "` of collection `" + entry.collection->name +
                      "`: this transaction gives the same value to " + shown(entry.primary_key) + " and " +
                      shown(other->second->primary_key));
    }
    check_unique(entry);
  }
}

void Derivation::check_unique(const UniqueEntry& entry) {
  const Bytes end = codec::prefix_end(entry.part);
  std::vector<Bytes> holders;
  {
    const auto cursor = reader_.scan({entry.space, entry.part, end}, {.keys_only = true});
    while (cursor->next()) {
      const codec::IndexEntry found = codec::split_index_entry(cursor->key());
      if (found.stored_part != entry.part || found.primary_key == entry.primary_key) continue;
      if (removed_entries_.contains({entry.space.id, Bytes(cursor->key())})) continue;
      holders.emplace_back(found.primary_key);
    }
  }
  for (const Bytes& holder : holders) {
    const Space records = entry.collection->records();
    const std::unique_ptr<Old> old = read_old(records, holder);
    if (old && expired(old->header) && !written_keys_.contains({records.id, holder})) {
      erase_old(records, holder, *old);  // it was hidden already, and now makes room
      written_keys_.emplace(records.id, holder);
      continue;
    }
    throw Error(ErrorCode::already_exists, "unique index `" + entry.index->options.name + "` of collection `" +
                                               entry.collection->name + "`: record " + shown(holder) +
                                               " has the value that " + shown(entry.primary_key) +
                                               " should get; change or delete one of them");
  }
}

Bytes history_key(bytes_view key, Version version) {
  Bytes out(key);
  out.push_back('\0');
  codec::append_be64(out, ~version.value);
  return out;
}

std::pair<bytes_view, Version> split_history_key(bytes_view key) {
  if (key.size() < 10 || key[key.size() - 9] != '\0') {
    throw Error(ErrorCode::corruption, "a history row has a malformed key; run `strata verify`");
  }
  return {key.substr(0, key.size() - 9), Version{~codec::read_be64(key.data() + key.size() - 8)}};
}

Bytes encode_history(const HistoryRow& row) {
  Bytes value;
  codec::append_varint(value, row.until.value);
  codec::append_varint(value, codec::zigzag(row.until_time.micros));
  value.push_back(row.erased ? 1 : 0);
  value.append(row.row);
  codec::append_be64(value, codec::hash64(value));
  return value;
}

HistoryRow decode_history(bytes_view value) {
  if (value.size() < 8 ||
      codec::hash64(value.substr(0, value.size() - 8)) != codec::read_be64(value.data() + value.size() - 8)) {
    throw Error(ErrorCode::corruption, "a history row is damaged (its checksum does not match); run `strata verify`");
  }
  value.remove_suffix(8);
  HistoryRow row;
  row.until.value = codec::take_varint(value);
  row.until_time.micros = codec::unzigzag(codec::take_varint(value));
  if (value.empty()) throw Error(ErrorCode::corruption, "a history row is cut short; run `strata verify`");
  row.erased = value.front() != 0;
  value.remove_prefix(1);
  row.row = value;
  return row;
}

Bytes history_since_key(Space history) {
  Bytes key = "history/";
  codec::append_be32(key, history.id);
  return key;
}

Bytes expiry_key(Time expires, Space space, bytes_view key) {
  Bytes out;
  // Flipping the sign bit makes signed order bytewise order.
  codec::append_be64(out, static_cast<std::uint64_t>(expires.micros) ^ (std::uint64_t{1} << 63));
  codec::append_be32(out, space.id);
  out.append(key);
  return out;
}

}  // namespace strata::commit
