#include "query/condition.hpp"

#include <bit>
#include <utility>

#include "codec/varint.hpp"
#include "model/record.hpp"
#include "model/vector_field.hpp"
#include "query/near_target.hpp"
#include "strata/error.hpp"
#include "view/vector/vector_view.hpp"

namespace strata::query {
namespace {

void append_text(Bytes& out, std::string_view text) {
  codec::append_varint(out, text.size());
  out += text;
}

}  // namespace

Condition::Condition(std::string collection, std::optional<Near> near, std::optional<TextMatch> text)
    : collection_(std::move(collection)), near_(std::move(near)), text_(std::move(text)) {
  if (!near_) return;
  check_near(*near_);
  if (!near_->similarity) {
    throw Error(ErrorCode::invalid_argument, "a watch of what is near in collection `" + collection_ +
                                                 "` needs a bound: say how alike records must be at least");
  }
}

void Condition::resolve(commit::Source& source) {
  vectors_.reset();
  if (!near_ && !text_) return;
  const commit::CollectionDefinition* const collection =
      resolved_ ? source.collection(collection_) : &model::require_collection(source, collection_);
  if (!collection) return;
  if (near_) {
    const VectorOptions& options = model::require_vector(*collection, near_->field);
    if (!target_ || options != vector_options_) {
      if (!near_->like.empty() && !alike_) alike_ = target_of(source, *collection, *near_, options);
      if (alike_) model::encode_vector(options, near_->like, *alike_);  // checks that it still fits
      const view::RowShape shape{options.metric, ElementType::f32, options.dimension};
      target_.emplace(shape, alike_ ? *alike_ : target_of(source, *collection, *near_, options));
      row_.resize(view::row_bytes(shape));
      vector_options_ = options;
      vectors_name_ = model::vector_collection_name(collection_, options.field);
    }
    near_->field = options.field;
    if (const auto* vectors = source.collection(vectors_name_)) vectors_ = vectors->records();
  }
  if (text_) {
    const TextOptions& options = model::require_text(*collection, text_->name);
    if (!words_ || options != text_options_) {
      words_.emplace(options, text_->words);
      text_options_ = options;
    }
    text_->name = options.name;
  }
  resolved_ = true;
}

std::optional<double> Condition::similarity_of(commit::Source& source, std::string_view key) {
  const commit::CollectionDefinition* const vectors = source.collection(vectors_name_);
  if (!vectors) return std::nullopt;
  const auto row = source.get(vectors->records(), key);
  if (!row) return std::nullopt;
  const auto stored = view::read_vector(*vectors, vector_options_, key, *row, source.now());
  if (!stored) return std::nullopt;
  view::encode_row(target_->shape(), stored->elements, row_.data());
  return target_->similarity(target_->score(row_.data()));
}

Condition::Verdict Condition::judge(commit::Source& source, std::string_view key, ValueView value) {
  if (text_ && !words_->matches(value)) return {};
  if (!near_) return {true};
  if (key == near_->like) return {};
  const std::optional<double> similarity = similarity_of(source, key);
  if (!similarity || *similarity < *near_->similarity) return {};
  return {true, similarity};
}

void Condition::append_identity(Bytes& out) const {
  if (near_) {
    out += "\tnear ";
    append_text(out, near_->field);
    append_text(out, near_->like);
    append_text(out, near_->words);
    codec::append_varint(out, near_->vector.size());
    for (const float element : near_->vector) codec::append_be32(out, std::bit_cast<std::uint32_t>(element));
    codec::append_be64(out, std::bit_cast<std::uint64_t>(*near_->similarity));
  }
  if (text_) {
    out += "\ttext ";
    append_text(out, text_->name);
    append_text(out, text_->words);
  }
}

}  // namespace strata::query
