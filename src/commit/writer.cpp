#include "commit/writer.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "codec/log_entry.hpp"
#include "codec/varint.hpp"
#include "commit/epoch.hpp"
#include "commit/footprint.hpp"
#include "strata/error.hpp"

namespace strata::commit {
namespace {

constexpr std::chrono::microseconds time_sample_every = std::chrono::seconds(1);

}  // namespace

Writer::Writer(engine::WriteTransaction& transaction, std::shared_ptr<const Catalogue> catalogue, std::uint64_t epoch,
               Time now)
    : transaction_(transaction), catalogue_(std::move(catalogue)), now_(now) {
  const auto row = transaction_.get(engine::head_key);
  if (!row) throw Error(ErrorCode::corruption, "the head of the store is missing; restore a backup");
  head_ = codec::decode_head(*row);
  check_epoch(head_, epoch);
  if (!catalogue_ || catalogue_->position() != head_.catalogue)
    catalogue_ = Catalogue::load(transaction_, head_.catalogue);
}

std::vector<engine::Key> KeyList::keys() const {
  std::vector<engine::Key> out;
  out.reserve(keys_.size());
  for (const auto& [space, key] : keys_) out.push_back({space, key});
  return out;
}

KeyList rows_ahead(std::span<const Request* const> group, const codec::Head& head, const Catalogue& catalogue) {
  KeyList wanted;
  std::set<std::uint32_t> counted{log_space.id, ids_space.id};
  for (const Request* request : group) {
    if (request->id_may_exist) wanted.add(ids_space, request->id.view());
    if (request->seen != head.position) {
      for (const ReadKey& read : request->footprint.keys) {
        if (read.space != catalogue_space || head.catalogue > request->seen) wanted.add(read.space, read.key);
      }
    }
    for (const Write& write : request->writes) {
      if (write.kind != Write::Kind::drop) wanted.add(write.space, write.key);
      counted.insert(write.space.id);
      const CollectionDefinition* collection = catalogue.find(write.space);
      if (collection == nullptr) continue;
      for (const IndexDefinition& index : collection->indexes) counted.insert(index.space().id);
      if (collection->options.history.enabled) counted.insert(collection->history().id);
    }
    for (const Append& append : request->appends) {
      counted.insert(append.space.id);
      const CollectionDefinition* collection = catalogue.find(append.space);
      if (collection == nullptr) continue;
      for (const IndexDefinition& index : collection->indexes) counted.insert(index.space().id);
    }
  }
  for (const std::uint32_t space : counted) wanted.add(totals_space, totals_key(Space{space}));
  return wanted;
}

void Writer::fetch_ahead(std::span<const Request* const> group) {
  const KeyList wanted = rows_ahead(group, head_, *catalogue_);
  transaction_.get_many(wanted.keys(), [](std::size_t, std::optional<bytes_view>) {});
}

codec::SpaceTotals& Writer::totals(Space space) {
  const auto [entry, fresh] = totals_.try_emplace(space.id);
  if (fresh) {
    if (const auto row = transaction_.get({totals_space, totals_key(space)}))
      entry->second = codec::decode_totals(*row);
  }
  return entry->second;
}

void Writer::check_footprint(const Request& request) {
  if (request.seen > head_.position) {
    throw Error(ErrorCode::conflict, "what was read has been taken back by a crash of the server; run it again");
  }
  // Nearly every footprint is the catalogue alone, and that has hardly ever changed.
  const bool catalogue_alone = request.footprint.ranges.empty() &&
                               std::all_of(request.footprint.keys.begin(), request.footprint.keys.end(),
                                           [](const ReadKey& read) { return read.space == catalogue_space; });
  if (catalogue_alone && head_.catalogue <= request.seen) return;
  if (const auto changed =
          changed_since(transaction_, request.footprint, request.seen, head_.position, head_.log_base)) {
    throw Error(ErrorCode::conflict, *changed + " was changed by another transaction meanwhile; run this one again");
  }
}

CommitResult Writer::apply(const Request& request) {
  CommitResult result;
  result.id = request.id;
  if (request.id_may_exist) {
    if (const auto row = transaction_.get({ids_space, request.id.view()})) {
      result = decode_outcome(request.id, *row);
      result.repeated = true;
      // Whoever committed it may have died before it was on disk: the answer must not come before.
      if (request.durability == Durability::sync) wrote_ = true;
      return result;
    }
  }
  check_footprint(request);
  const Time time = std::max(now_, head_.time);
  Derivation derivation(transaction_, *catalogue_, {Position{head_.position.value + 1}, time, now_, head_.digest_key});
  for (const Write& write : request.writes) {
    derivation.write(write, write.kind == Write::Kind::drop ? totals(write.space) : codec::SpaceTotals{});
  }
  for (const Append& append : request.appends) derivation.append(append, ends_);
  derivation.finish();
  result.time = time;

  broken_ = true;
  for (const Mutation& mutation : derivation.mutations) {
    const engine::Key key{mutation.space, mutation.key};
    if (mutation.value) {
      transaction_.put(key, *mutation.value);
    } else {
      transaction_.erase(key);
    }
  }
  for (const LocalWrite& write : request.local_writes) {
    if (write.value) {
      transaction_.put({write.space, write.key}, *write.value);
    } else {
      transaction_.erase({write.space, write.key});
    }
  }
  for (const Write& write : request.writes) ends_.forget(write.space);
  ends_.take(derivation.ends);
  if (!derivation.mutations.empty() || !request.local_writes.empty()) wrote_ = true;
  for (const auto& [space, change] : derivation.totals) {
    codec::SpaceTotals& total = totals(Space{space});
    total.rows += static_cast<std::uint64_t>(change.rows);
    total.bytes += static_cast<std::uint64_t>(change.bytes);
    total.digest += change.digest;
    if (class_of(Space{space}) == SpaceClass::record) {
      head_.digest += change.digest;
      head_.records += static_cast<std::uint64_t>(change.rows);
    }
  }
  if (!derivation.changes.empty()) append_log(request, derivation, result);
  broken_ = false;
  return result;
}

void Writer::put_counted(Space space, bytes_view key, bytes_view value) {
  codec::SpaceTotals& total = totals(space);
  total.rows += 1;
  total.bytes += key.size() + value.size();
  transaction_.put({space, key}, value);
}

void Writer::append_log(const Request& request, Derivation& derivation, CommitResult& result) {
  codec::Entry entry;
  entry.position = Position{head_.position.value + 1};
  entry.time = result.time;
  entry.id = request.id;
  entry.origin = request.origin;
  entry.changes = std::move(derivation.changes);
  entry.chain = codec::chain_after(head_.chain, entry);
  const std::vector<Bytes> chunks = codec::encode_entry(entry);
  for (std::size_t chunk = 0; chunk < chunks.size(); ++chunk) {
    put_counted(log_space, codec::log_key(entry.position, static_cast<std::uint16_t>(chunk)), chunks[chunk]);
  }
  result.position = entry.position;
  put_counted(ids_space, request.id.view(), encode_outcome(result));
  if (result.time - time_sample_every >= head_.sampled) {
    Bytes position;
    codec::append_be64(position, entry.position.value);
    // The same moment may be sampled twice when the clock stands still: the later position wins.
    transaction_.put({times_space, time_key(result.time)}, position);
    head_.sampled = result.time;
  }
  head_.position = entry.position;
  head_.time = result.time;
  head_.chain = entry.chain;
  if (derivation.catalogue_changed) {
    head_.catalogue = entry.position;
    catalogue_ = Catalogue::load(transaction_, head_.catalogue);
  }
}

void Writer::finish() {
  if (!wrote_) return;
  for (const auto& [space, total] : totals_) {
    transaction_.put({totals_space, totals_key(Space{space})}, codec::encode_totals(total));
  }
  transaction_.put(engine::head_key, codec::encode_head(head_));
}

Bytes encode_outcome(const CommitResult& result) {
  Bytes row;
  codec::append_varint(row, result.position.value);
  codec::append_varint(row, codec::zigzag(result.time.micros));
  return row;
}

CommitResult decode_outcome(const Uuid& id, bytes_view row) {
  CommitResult result;
  result.id = id;
  result.position.value = codec::take_varint(row);
  result.time.micros = codec::unzigzag(codec::take_varint(row));
  return result;
}

Bytes time_key(Time time) {
  Bytes key;
  codec::append_be64(key, static_cast<std::uint64_t>(time.micros) ^ (std::uint64_t{1} << 63));
  return key;
}

Bytes totals_key(Space space) {
  Bytes key;
  codec::append_be32(key, space.id);
  return key;
}

}  // namespace strata::commit
