// How the agents' classes reach the records that they keep.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "model/agent.hpp"
#include "store/access.hpp"
#include "strata/agent.hpp"

namespace strata::agent {

/// `closed` when the handle has been closed.
Access access_of(Store& store);
Access access_of(Transaction& transaction);

/// Within the transaction at hand; in one of its own it is relaxed: after a power failure it may not have been.
void write_relaxed(const Access& access, const std::function<void(commit::Transaction&)>& work);

std::optional<Record> get_own(commit::Source& source, const model::OwnCollection& collection, std::string_view key);
/// Declares the collection when there is none.
void put_own(commit::Transaction& transaction, const model::OwnCollection& collection, std::string_view key,
             const Value& body, const PutOptions& options = {});
bool erase_own(commit::Transaction& transaction, const model::OwnCollection& collection, std::string_view key,
               const EraseOptions& options = {});
/// By key. `visit` returns false to stop, and must not use the source.
void scan_own(commit::Source& source, const model::OwnCollection& collection, const Query& query,
              const std::function<bool(const Record&)>& visit);

}  // namespace strata::agent
