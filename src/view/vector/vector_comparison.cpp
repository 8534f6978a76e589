// Comparing with the stored vectors themselves: exact, whatever became of the index.
#include <algorithm>

#include "codec/head.hpp"
#include "codec/varint.hpp"
#include "commit/writer.hpp"
#include "model/record.hpp"
#include "model/vector_field.hpp"
#include "strata/error.hpp"
#include "view/vector/exact_hits.hpp"
#include "view/vector/vector_view.hpp"

namespace strata::view {
namespace {

/// A collection with fewer vectors is compared with as a whole in a millisecond or two.
constexpr std::uint64_t flat_max = 20'000;

const commit::CollectionDefinition& vectors_of(commit::Source& source, const std::string& collection,
                                               const VectorOptions& options) {
  const std::string name = model::vector_collection_name(collection, options.field);
  if (const commit::CollectionDefinition* found = source.collection(name)) return *found;
  throw Error(ErrorCode::not_found, "there is no vector field `" + options.field + "` in collection `" + collection +
                                        "`; `strata vector list` names those there are");
}

}  // namespace

std::optional<StoredVector> read_vector(const commit::CollectionDefinition& vectors, const VectorOptions& options,
                                        std::string_view key, bytes_view row, Time now) {
  const codec::RecordRow decoded = model::decode_row(vectors, key, row);
  if (model::is_expired(decoded.header, now)) return std::nullopt;
  StoredVector stored{decoded.header.version, {}};
  stored.elements.reserve(options.dimension);
  model::decode_vector(options, key, ValueView(decoded.body), stored.elements);
  return stored;
}

std::uint64_t count_vectors(commit::Source& source, const std::string& collection, const VectorOptions& options) {
  const auto& vectors = vectors_of(source, collection, options);
  const auto row = source.view().reader().get({commit::totals_space, commit::totals_key(vectors.records())});
  return row ? codec::decode_totals(*row).rows : 0;
}

VectorIndex kind_of(const VectorOptions& options, std::uint64_t vectors, std::optional<VectorIndex> present) {
  if (options.index != VectorIndex::automatic) return options.index;
  if (present == VectorIndex::hnsw && vectors > flat_max / 2) return VectorIndex::hnsw;
  return vectors <= flat_max ? VectorIndex::flat : VectorIndex::hnsw;
}

std::uint64_t spec_of(const commit::CollectionDefinition& vectors, const VectorOptions& options, VectorIndex kind) {
  const auto hash = [](std::initializer_list<std::uint64_t> parts) {
    Bytes bytes;
    for (const std::uint64_t part : parts) codec::append_be64(bytes, part);
    return codec::hash64(bytes);
  };
  const bool exact = kind == VectorIndex::flat;
  const std::uint64_t rows = hash({vectors.id, options.dimension, static_cast<std::uint64_t>(options.metric),
                                   static_cast<std::uint64_t>(options.type)});
  const bool graph = kind == VectorIndex::hnsw;
  const std::uint64_t made =
      hash({graph ? options.connections : 0, graph ? options.ef_construction : 0, exact ? 1U : 0U});
  return (rows & 0xffffffff00000000U) | (made & 0xffffff00U) | static_cast<std::uint64_t>(kind);
}

RowShape segment_shape(const VectorOptions& options, VectorIndex kind) {
  const ElementType type = kind == VectorIndex::flat ? options.type : ElementType::i8;
  return {options.metric, type, options.dimension};
}

ExactHits::ExactHits(const VectorOptions& options, const VectorRequest& request)
    : request_(request),
      target_(RowShape{options.metric, ElementType::f32, options.dimension}, request.vector),
      row_(row_bytes(target_.shape())) {}

void ExactHits::offer(std::string_view key, std::span<const float> vector) {
  encode_row(target_.shape(), vector, row_.data());
  const double similarity = target_.similarity(target_.score(row_.data()));
  ++compared_;
  if (request_.similarity_min && similarity < *request_.similarity_min) return;
  if (hits_.size() == request_.k) {
    if (!better(similarity, key, hits_.front())) return;
    std::pop_heap(hits_.begin(), hits_.end(), worst_first);
    hits_.pop_back();
  }
  hits_.push_back({std::string(key), similarity});
  std::push_heap(hits_.begin(), hits_.end(), worst_first);
}

std::vector<VectorHit> ExactHits::take() {
  std::sort_heap(hits_.begin(), hits_.end(), worst_first);
  return std::move(hits_);
}

VectorAnswer scan_vectors(commit::Source& source, const std::string& collection, const VectorOptions& options,
                          const VectorRequest& request) {
  const commit::CollectionDefinition& vectors = vectors_of(source, collection, options);
  const commit::PendingWrites* pending = source.pending(vectors.records());
  ExactHits best(options, request);
  const auto accepted = [&](std::string_view key) { return !request.accept || request.accept(key); };
  const auto cursor = source.scan(vectors.records(), {vectors.records(), {}, {}}, {});
  while (cursor->next()) {
    const std::string key(cursor->key());
    if ((pending && pending->contains(key)) || !accepted(key)) continue;
    if (const auto stored = read_vector(vectors, options, key, cursor->value(), source.now()))
      best.offer(key, stored->elements);
  }
  if (pending) {
    for (const auto& [key, write] : *pending) {
      if (write.kind != commit::Write::Kind::put || !accepted(key)) continue;
      std::vector<float> elements;
      model::decode_vector(options, key, ValueView(write.body), elements);
      best.offer(key, elements);
    }
  }
  VectorAnswer answer;
  answer.compared = best.compared();
  answer.hits = best.take();
  answer.access = "scan";
  answer.indexed = source.view().position();
  answer.exhaustive = answer.enough = true;
  return answer;
}

VectorAnswer compare_vectors(commit::Source& source, const std::string& collection, const VectorOptions& options,
                             const VectorRequest& request, std::span<const std::string> keys) {
  const commit::CollectionDefinition& vectors = vectors_of(source, collection, options);
  ExactHits best(options, request);
  std::vector<engine::Key> wanted;
  constexpr std::size_t batch = 512;
  const commit::PendingWrites* pending = source.pending(vectors.records());
  for (std::size_t begin = 0; begin < keys.size(); begin += batch) {
    const auto part = keys.subspan(begin, std::min(batch, keys.size() - begin));
    wanted.clear();
    for (const std::string& key : part) wanted.push_back({vectors.records(), key});
    source.get_many(wanted, [&](std::size_t number, std::optional<bytes_view> row) {
      const std::string& key = part[number];
      if (pending) {
        if (const auto own = pending->find(key); own != pending->end()) {
          if (own->second.kind != commit::Write::Kind::put) return;
          std::vector<float> elements;
          model::decode_vector(options, key, ValueView(own->second.body), elements);
          best.offer(key, elements);
          return;
        }
      }
      if (!row) return;
      if (const auto stored = read_vector(vectors, options, key, *row, source.now())) best.offer(key, stored->elements);
    });
  }
  VectorAnswer answer;
  answer.compared = best.compared();
  answer.hits = best.take();
  answer.access = "scan";
  answer.indexed = source.view().position();
  answer.exhaustive = answer.enough = true;
  return answer;
}

}  // namespace strata::view
