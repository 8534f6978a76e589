#include "commit/dictionary_training.hpp"

#include "codec/record.hpp"
#include "commit/transaction.hpp"
#include "platform/clock.hpp"
#include "platform/random.hpp"

namespace strata::commit {
namespace {

constexpr std::uint64_t records_min = 1000;
constexpr std::size_t samples_max = 500;
constexpr std::size_t sample_bytes_max = std::size_t{4} << 20;
constexpr std::uint64_t rows_looked_at_max = 16'000;

bool is_due(View& view, const CollectionDefinition& collection) {
  if (collection.dictionary) return false;
  const auto row = view.reader().get({totals_space, totals_key(collection.records())});
  if (!row) return false;
  const codec::SpaceTotals totals = codec::decode_totals(*row);
  return totals.rows >= records_min && totals.bytes / totals.rows >= codec::compressed_body_bytes_min;
}

/// Bodies from all over the first part of the collection.
std::vector<Bytes> samples_of(View& view, const CollectionDefinition& collection) {
  std::vector<Bytes> samples;
  std::uint64_t rows = 0;
  std::size_t bytes = 0;
  const auto cursor = view.reader().scan({collection.records(), {}, {}}, {});
  while (samples.size() < samples_max && bytes < sample_bytes_max && rows < rows_looked_at_max && cursor->next()) {
    if (rows++ % 2 != 0) continue;
    const codec::RecordRow row = codec::decode_record({collection.records(), cursor->key()}, cursor->value());
    if (row.body.size() < codec::compressed_body_bytes_min) continue;
    samples.emplace_back(row.body);
    bytes += row.body.size();
  }
  return samples;
}

void declare(Trunk& trunk, const std::string& name, std::uint32_t id,
             const std::shared_ptr<const codec::Dictionary>& dictionary) {
  trunk.exclusive(trunk.deadline({}), Durability::relaxed, [&](Writer& writer) {
    const CollectionDefinition* collection = writer.catalogue()->find(name);
    if (!collection || collection->id != id || collection->dictionary) return;
    CollectionDefinition definition = *collection;
    definition.dictionary = dictionary;
    auto view =
        std::make_unique<View>(writer.transaction(), std::make_shared<codec::Head>(writer.head()), writer.catalogue());
    Transaction transaction(std::move(view), platform::make_uuid(), platform::clock().now(),
                            Transaction::Tracking::none);
    transaction.define(std::move(definition));
    Request request = transaction.take_request();
    request.origin = "upkeep";
    writer.apply(request);
  });
}

}  // namespace

bool train_dictionary(Trunk& trunk) {
  std::string name;
  std::uint32_t id = 0;
  std::vector<Bytes> samples;
  {
    const auto view = trunk.view();
    for (const auto& [one, collection] : view->catalogue().collections()) {
      if (!is_due(*view, collection)) continue;
      name = one;
      id = collection.id;
      samples = samples_of(*view, collection);
      break;
    }
  }
  if (name.empty()) return false;
  const auto dictionary = codec::Dictionary::train(samples);
  if (!dictionary) return false;
  declare(trunk, name, id, dictionary);
  return true;
}

}  // namespace strata::commit
