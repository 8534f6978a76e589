// Which entries a record has in an index.
#pragma once

#include <vector>

#include "commit/catalogue.hpp"
#include "strata/types.hpp"
#include "strata/value.hpp"

namespace strata::commit {

/// Most entries that one record may have in one index. Beyond: `limit_exceeded`.
inline constexpr std::size_t entries_per_record_max = 1000;

struct IndexPart {
  Bytes stored;             ///< As in codec/ordered.hpp: the encoded fields, cut when long.
  bool exempt = false;      ///< A field is missing or null: a unique index does not look at it.
  bool plain_text = false;  ///< A field is text outside of an array.
  friend auto operator<=>(const IndexPart&, const IndexPart&) = default;
};

/// The record's parts in the index, sorted, each once. A field that is an array gives one for each element (an empty
/// array: itself, so that every record has an entry); several such fields give all combinations. A field declared as a
/// time is read as one where it can be (ISO 8601 text, integer microseconds) and kept as it is where not.
std::vector<IndexPart> index_parts(const IndexDefinition& index, ValueView body, Time created, Time updated);

}  // namespace strata::commit
