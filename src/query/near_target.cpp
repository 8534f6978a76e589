#include "query/near_target.hpp"

#include <cmath>

#include "model/vector_field.hpp"
#include "strata/error.hpp"

namespace strata::query {

void check_near(const Near& near) {
  const auto refuse = [](const char* why) { throw Error(ErrorCode::invalid_argument, why); };
  const int targets = (near.vector.empty() ? 0 : 1) + (near.like.empty() ? 0 : 1) + (near.words.empty() ? 0 : 1);
  if (targets != 1) refuse("give a vector, a record that hits are to be like, or words: one of them");
  if (!std::isfinite(near.weight) || near.weight < 0) refuse("a weight must be a number from 0 on");
  if (near.similarity && !std::isfinite(*near.similarity)) refuse("the least similarity must be a finite number");
}

std::vector<float> target_of(commit::Source& source, const commit::CollectionDefinition& collection, const Near& near,
                             const VectorOptions& options) {
  if (!near.words.empty()) {
    auto made = model::embed(options, near.words);
    if (made) return std::move(*made);
    throw Error(ErrorCode::invalid_argument, "there is no word in `" + near.words.substr(0, 60) + "` to search for");
  }
  if (near.like.empty()) {
    model::encode_vector(options, {}, near.vector);  // checks it
    return near.vector;
  }
  auto found = model::get_vector(source, collection.name, near.like, options.field);
  if (!found) {
    throw Error(ErrorCode::not_found, "collection `" + collection.name + "` has no record `" + near.like +
                                          "` with a vector in `" + options.field + "`");
  }
  return std::move(*found);
}

}  // namespace strata::query
