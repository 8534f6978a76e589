// What a search or a standing query is to be near: the checks of a Near, and the vector that it stands for.
#pragma once

#include <vector>

#include "commit/source.hpp"
#include "strata/search.hpp"

namespace strata::query {

/// `invalid_argument` unless it names one target, and its numbers are numbers.
void check_near(const Near& near);

/// The vector as of the source. `invalid_argument` when it is none of that field, or no word is in the words;
/// `not_found` when there is no record with a vector that it is to be like.
std::vector<float> target_of(commit::Source& source, const commit::CollectionDefinition& collection, const Near& near,
                             const VectorOptions& options);

}  // namespace strata::query
