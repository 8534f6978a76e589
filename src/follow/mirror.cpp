#include "follow/mirror.hpp"

#include "codec/record.hpp"
#include "codec/varint.hpp"
#include "commit/derivation.hpp"
#include "strata/error.hpp"

namespace strata::follow {
namespace {

using commit::SpaceClass;
using engine::Space;
using engine::SpaceGroup;

/// Small states and the times are in no totals.
bool is_counted(Space space) { return space.group() != SpaceGroup::local; }

}  // namespace

struct Mirror::Effect {
  codec::Hash128 digest;
  std::optional<Time> expires;
};

Mirror::Effect Mirror::effect_of(Space space, const Bytes& key, bytes_view row, const char* whose) const {
  const std::uint64_t digest_key = writer_.head().digest_key;
  try {
    const codec::RecordRow decoded = codec::decode_record({space, key}, row);
    const codec::Hash128 content = codec::content_hash(decoded.body, decoded.header.expires, digest_key);
    return {codec::digest_term({space, key}, content, digest_key), decoded.header.expires};
  } catch (const Error& error) {
    const commit::CollectionDefinition* collection = writer_.catalogue()->find(space);
    throw Error(error.code(), "record `" + key + "` of " +
                                  (collection ? "collection `" + collection->name + "`" : "the catalogue") +
                                  " in the " + whose + ": " + error.what());
  }
}

void Mirror::set_expiry(Space space, const Bytes& key, std::optional<Time> before, std::optional<Time> now) {
  if (before == now) return;
  codec::SpaceTotals& totals = writer_.totals(commit::expiry_space);
  if (before) {
    const Bytes entry = commit::expiry_key(*before, space, key);
    writer_.transaction().erase({commit::expiry_space, entry});
    totals.rows -= 1;
    totals.bytes -= entry.size();
  }
  if (now) {
    const Bytes entry = commit::expiry_key(*now, space, key);
    writer_.transaction().put({commit::expiry_space, entry}, {});
    totals.rows += 1;
    totals.bytes += entry.size();
  }
}

void Mirror::set(Space space, const Bytes& key, const std::optional<Bytes>& before, const std::optional<Bytes>& now) {
  if (before == now) return;
  writer_.note_written();
  if (commit::class_of(space) == SpaceClass::record) {
    const Effect old_effect = before ? effect_of(space, key, *before, "target") : Effect{};
    const Effect new_effect = now ? effect_of(space, key, *now, "source") : Effect{};
    for (codec::Hash128* digest : {&writer_.totals(space).digest, &writer_.head().digest}) {
      *digest -= old_effect.digest;
      *digest += new_effect.digest;
    }
    writer_.head().records += static_cast<std::uint64_t>(now.has_value());
    writer_.head().records -= static_cast<std::uint64_t>(before.has_value());
    if (space != commit::catalogue_space) set_expiry(space, key, old_effect.expires, new_effect.expires);
  }
  if (is_counted(space)) {
    codec::SpaceTotals& totals = writer_.totals(space);
    if (before) totals.rows -= 1, totals.bytes -= key.size() + before->size();
    if (now) totals.rows += 1, totals.bytes += key.size() + now->size();
  }
  if (now) {
    writer_.transaction().put({space, key}, *now);
  } else {
    writer_.transaction().erase({space, key});
  }
}

void Mirror::apply(std::span<const MirroredRow> rows) {
  std::vector<engine::Key> keys;
  keys.reserve(rows.size());
  for (const MirroredRow& row : rows) keys.push_back({row.space, row.key});
  std::vector<std::optional<Bytes>> there(rows.size());
  writer_.transaction().get_many(keys, [&](std::size_t index, std::optional<bytes_view> value) {
    if (value) there[index].emplace(*value);
  });
  for (std::size_t i = 0; i < rows.size(); ++i) set(rows[i].space, rows[i].key, there[i], rows[i].row);
}

void Mirror::replace(std::span<const MirroredRow> rows, std::span<const MirroredRow> there) {
  auto row = rows.begin();
  auto old = there.begin();
  while (row != rows.end() || old != there.end()) {
    if (old == there.end() || (row != rows.end() && row->key < old->key)) {
      set(row->space, row->key, std::nullopt, row->row);
      ++row;
    } else if (row == rows.end() || old->key < row->key) {
      set(old->space, old->key, old->row, std::nullopt);
      ++old;
    } else {
      set(row->space, row->key, old->row, row->row);
      ++row, ++old;
    }
  }
}

void Mirror::empty(const EmptyRange& range) {
  std::vector<MirroredRow> there;
  {
    const auto cursor = writer_.transaction().scan({range.space, range.begin, range.end}, {});
    while (cursor->next()) there.push_back({range.space, Bytes(cursor->key()), Bytes(cursor->value())});
  }
  replace({}, there);
}

void Mirror::drop(Space space) {
  writer_.note_written();
  codec::SpaceTotals& totals = writer_.totals(space);
  if (commit::class_of(space) == SpaceClass::record) {
    writer_.head().digest -= totals.digest;
    writer_.head().records -= totals.rows;
  }
  totals = {};
  Bytes key;
  codec::append_be32(key, space.id);
  writer_.transaction().put({commit::dropped_space, key}, {});
}

}  // namespace strata::follow
