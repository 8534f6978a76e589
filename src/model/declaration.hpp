// Changing what is declared: collections and their options, indexes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "commit/source.hpp"
#include "commit/transaction.hpp"
#include "strata/collection.hpp"

namespace strata::model {

/// Checks and completes: name from the paths, times set for `created` and `updated`. `invalid_argument`.
IndexOptions checked(const IndexOptions& options);

/// Declares it as building. False when the same index is there already; `already_exists` when another has its name.
bool declare_index(commit::Transaction& transaction, std::string_view collection, const IndexOptions& options);
bool drop_index(commit::Transaction& transaction, std::string_view collection, std::string_view name);
/// Requires: `transaction` runs inside the write section (history counts from the very next position).
void set_options(commit::Transaction& transaction, std::string_view collection, const CollectionOptions& options);
bool drop_collection(commit::Transaction& transaction, std::string_view collection);

std::vector<IndexDescription> describe_indexes(commit::Source& source, std::string_view collection);

}  // namespace strata::model
