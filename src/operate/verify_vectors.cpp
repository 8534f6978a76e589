#include "operate/verify_vectors.hpp"

#include "codec/record.hpp"
#include "model/record.hpp"
#include "model/vector_field.hpp"
#include "operate/lookups.hpp"
#include "platform/clock.hpp"
#include "strata/error.hpp"

namespace strata::operate {
namespace {

using commit::CollectionDefinition;
using Problem = std::function<void(std::string)>;

void check_vectors(engine::Reader& reader, const CollectionDefinition& collection, const VectorOptions& options,
                   const CollectionDefinition& vectors, const Problem& problem) {
  const Time now = platform::clock().now();
  std::vector<float> elements;
  Lookups lookups(reader);
  const auto cursor = reader.scan({vectors.records(), {}, {}}, {});
  while (cursor->next()) {
    const std::string key(cursor->key());
    codec::RecordRow row;
    try {
      row = codec::decode_record({vectors.records(), key}, cursor->value());
    } catch (const Error&) {
      continue;  // named with the records
    }
    try {
      elements.clear();
      model::decode_vector(options, key, ValueView(row.body), elements);
    } catch (const Error& error) {
      problem(error.what());
    }
    // What has expired may be erased before its vector is.
    if (model::is_expired(row.header, now)) continue;
    lookups.add(collection.records(), key, [&, key](std::optional<bytes_view> record) {
      if (record) return;
      problem("vector `" + options.field + "` of collection `" + collection.name + "`: there is one of record `" + key +
              "`, which is not there");
    });
  }
  lookups.finish();
}

}  // namespace

void verify_vectors(commit::View& view, const Problem& problem) {
  for (const auto& [name, collection] : view.catalogue().collections()) {
    for (const VectorOptions& options : collection.vectors) {
      const auto* vectors = view.catalogue().find(model::vector_collection_name(name, options.field));
      if (vectors) {
        check_vectors(view.reader(), collection, options, *vectors, problem);
      } else {
        problem("vector field `" + options.field + "` of collection `" + name +
                "` is declared, but there is no place for its vectors");
      }
    }
  }
}

}  // namespace strata::operate
