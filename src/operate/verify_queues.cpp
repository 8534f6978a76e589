#include "operate/verify_queues.hpp"

#include <optional>

#include "codec/ordered.hpp"
#include "codec/record.hpp"
#include "model/lease.hpp"
#include "model/queue_item.hpp"
#include "strata/error.hpp"

namespace strata::operate {
namespace {

using commit::CollectionDefinition;
using Problem = std::function<void(std::string)>;

void check_items(engine::Reader& reader, const CollectionDefinition& items, const Problem& problem) {
  const auto cursor = reader.scan({items.records(), {}, {}}, {});
  while (cursor->next()) {
    codec::RecordRow row;
    try {
      row = codec::decode_record({items.records(), cursor->key()}, cursor->value());
    } catch (const Error&) {
      continue;  // named with the records
    }
    try {
      const model::StoredItem stored = model::decode_item(cursor->key(), ValueView(row.body), row.header.created);
      if (model::encode_item(stored).encoded() != row.body)
        problem("queue `" + stored.item.queue + "`: item " + stored.item.id + " contradicts its index terms");
    } catch (const Error& error) {
      problem(error.what());
    }
  }
}

void check_deduplication(engine::Reader& reader, const CollectionDefinition& items, const Problem& problem) {
  const commit::IndexDefinition* index = items.index(model::items_collection().indexes.front().name);
  if (index == nullptr) return problem("collection `.items` lacks its index");
  const auto cursor = reader.scan({index->space(), {}, {}}, {.keys_only = true});
  std::optional<Value> last;
  while (cursor->next()) {
    const codec::IndexEntry entry = codec::split_index_entry(cursor->key());
    bytes_view part = entry.stored_part;
    const Value terms = codec::take_ordered(part);
    if (!model::is_deduplication(terms.view())) continue;
    if (last == terms) {
      const model::ItemPlace item = model::split_item_key(entry.primary_key);
      problem("queue `" + std::string(item.queue) + "`: item " + std::string(item.id) +
              " has the de-duplication key of another");
    }
    last = terms;
  }
}

void check_leases(engine::Reader& reader, const CollectionDefinition* items, const Problem& problem) {
  const auto cursor = reader.scan({commit::leases_space, {}, {}}, {});
  while (cursor->next()) {
    const Bytes key(cursor->key());
    const Bytes value(cursor->value());
    try {
      const bool in_flight = model::is_in_flight_key(key);
      const Bytes item = in_flight ? model::decode_in_flight(key, value) : key;
      if (!in_flight) model::decode_lease(key, value);
      const model::ItemPlace place = model::split_item_key(item);
      if (items == nullptr || !reader.get({items->records(), item})) {
        problem("queue `" + std::string(place.queue) + "`: there is a lease of item " + std::string(place.id) +
                ", which is not there");
      }
    } catch (const Error& error) {
      problem(error.what());
    }
  }
}

}  // namespace

void verify_queues(commit::View& view, const Problem& problem) {
  const CollectionDefinition* items = view.catalogue().find(model::items_name);
  if (items != nullptr) {
    check_items(view.reader(), *items, problem);
    check_deduplication(view.reader(), *items, problem);
  }
  check_leases(view.reader(), items, problem);
}

}  // namespace strata::operate
