// How a query reaches its records, and what that is expected to cost.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "commit/source.hpp"
#include "filter/filter.hpp"
#include "query/sort_key.hpp"

namespace strata::query {

struct Access {
  enum class Kind { nothing, scan, keys, index };
  Kind kind = Kind::scan;
  const commit::IndexDefinition* index = nullptr;
  filter::IndexRanges ranges;  ///< Of index parts, or of keys; empty for `scan`.
  bool in_order = false;       ///< Rows come in the query's order, so a limit ends the walk early.
  bool reverse = false;
  bool one_entry_each = true;        ///< No record has two entries in the index.
  std::uint64_t rows_estimated = 0;  ///< That will be visited.
  std::string detail;
};

/// Rows of a space, from its totals.
std::uint64_t rows_of(commit::Source& source, commit::Space space);

/// The cheapest way, by counts and by a look into the indexes: ranges are walked up to a bound, beyond it their share
/// is guessed from how they narrow.
Access choose_access(commit::Source& source, const commit::CollectionDefinition& collection,
                     const filter::Filter& filter, const Ordering& ordering, std::size_t limit);

}  // namespace strata::query
