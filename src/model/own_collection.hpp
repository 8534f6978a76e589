// Collections that the store itself keeps for its other models: events, queue items, and so on. They are collections
// like any other, so that indexes, log, digest, verification, copies and dumps treat them alike; but their names begin
// with `.`, they are not listed, and applications write to them through their models alone.
#pragma once

#include <string_view>
#include <vector>

#include "commit/source.hpp"
#include "commit/transaction.hpp"
#include "strata/collection.hpp"

namespace strata::model {

struct OwnCollection {
  std::string_view name;
  std::vector<IndexOptions> indexes{};
  bool compressed = false;  ///< Bodies are long enough to be compressed before there is a dictionary.
};

/// Whether a collection is the store's own.
bool is_own(std::string_view collection);

/// The declaration; made, its indexes ready from the start, when there is none.
const commit::CollectionDefinition& own_collection_for_writing(commit::Transaction& transaction,
                                                               const OwnCollection& collection);

/// `invalid_argument` unless it is 1 to 200 bytes of UTF-8 without control characters. `what` is for the message:
/// `stream`, `queue`.
void check_name(std::string_view what, std::string_view name);

}  // namespace strata::model
