// Reading back what was written: the digest of what is there, and on the way the index entries.
#include "codec/ordered.hpp"
#include "codec/record.hpp"
#include "commit/index_entries.hpp"
#include "follow/copying.hpp"
#include "strata/error.hpp"

namespace strata::follow {
namespace {

using commit::CollectionDefinition;
using engine::Space;

/// A record may have a thousand entries in an index.
constexpr std::size_t entries_per_step = 20'000;

}  // namespace

bool Copying::check_step() {
  if (!catalogue_) write([](commit::Writer&, Mirror&) {});
  const codec::Head source = codec::decode_head(point_.head);
  // The catalogue's space is the lowest of those of records.
  Space space = commit::catalogue_space;
  const CollectionDefinition* collection = nullptr;
  if (point_.space > commit::catalogue_space) {
    for (const auto& [name, one] : catalogue_->collections()) {
      if (one.records() >= point_.space && (!collection || one.id < collection->id)) collection = &one;
    }
    if (!collection) return false;
    space = collection->records();
  }
  if (space != point_.space) point_.key.clear();
  point_.space = space;
  write([&](commit::Writer& writer, Mirror&) {
    std::vector<std::pair<Space, Bytes>> entries;
    std::size_t rows = 0, bytes = 0;
    bool whole = true;
    {
      const auto cursor = writer.transaction().scan({space, point_.key, {}}, {.limit = options_.batch_rows});
      while (cursor->next()) {
        if (rows == options_.batch_rows || bytes >= options_.batch_bytes || entries.size() >= entries_per_step) {
          point_.key = cursor->key();
          whole = false;
          break;
        }
        ++rows;
        bytes += cursor->key().size() + cursor->value().size();
        const Bytes key(cursor->key());
        const codec::RecordRow row = codec::decode_record({space, key}, cursor->value());
        point_.digest += codec::digest_term(
            {space, key}, codec::content_hash(row.body, row.header.expires, source.digest_key), source.digest_key);
        if (!collection) continue;
        for (const commit::IndexDefinition& index : collection->indexes) {
          if (!index.ready) continue;  // upkeep builds it, as it would have in the source
          for (const commit::IndexPart& part :
               commit::index_parts(index, ValueView(row.body), row.header.created, row.header.updated)) {
            entries.emplace_back(index.space(), codec::index_entry_key(part.stored, key));
            if (part.plain_text) writer.totals(index.text_space()).rows += 1;
          }
        }
      }
    }
    for (const auto& [index, entry] : entries) {
      writer.transaction().put({index, entry}, {});
      codec::SpaceTotals& totals = writer.totals(index);
      totals.rows += 1;
      totals.bytes += entry.size();
      unsynced_bytes_ += entry.size();
    }
    report_.index_entries += entries.size();
    point_.rows += rows;
    if (whole) {
      point_.space.id += 1;
      point_.key.clear();
    }
  });
  advance("check", point_.rows, source.records);
  return true;
}

void Copying::check_digest(const commit::Writer& writer) const {
  const codec::Head source = codec::decode_head(point_.head);
  if (point_.digest == source.digest && writer.head().digest == source.digest && point_.rows == source.records) return;
  throw Error(ErrorCode::corruption, "what was copied has digest " + point_.digest.to_string() + " and " +
                                         std::to_string(point_.rows) + " records, the source at position " +
                                         std::to_string(source.position.value) + " had " + source.digest.to_string() +
                                         " and " + std::to_string(source.records) +
                                         "; run `strata verify` on the source, delete the target, and copy again");
}

}  // namespace strata::follow
