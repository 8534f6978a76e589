// Letting go of contents: whoever lets go of a part last erases it. Small contents go in the commit that lets go of
// them; others are put aside whole, and upkeep lets go of their parts in steps.
#pragma once

#include <string_view>
#include <vector>

#include "commit/request.hpp"
#include "commit/transaction.hpp"
#include "commit/writer.hpp"
#include "model/document_content.hpp"

namespace strata::model {

/// Contents of no more chunks go at once.
inline constexpr std::uint64_t chunks_released_at_once_max = 1000;

/// The id does not use the parts any more.
void release_parts(commit::Transaction& transaction, const std::vector<Part>& parts, std::string_view id);
/// Whether releasing the content is left to upkeep.
bool is_released_later(const commit::Transaction& transaction, const Content& content);
/// Nobody has the content any more: at once, or later. The row that said so is the caller's to erase.
void release_content(commit::Transaction& transaction, const Content& content);
/// All contents of a collection that is being dropped.
void release_contents(commit::Transaction& transaction, std::string_view collection);

/// A step of upkeep (commit::Trunk::UpkeepStep).
bool release_step(commit::Writer& writer, Time now, bool anew);
/// What expiry erases of documents and uploads is put aside (commit::Trunk::ExpiryStep).
bool release_expired_contents(commit::Writer& writer, commit::Request& request, Time now);

/// Collections whose rows are contents that wait to be released.
std::vector<const commit::CollectionDefinition*> released_collections(const commit::Catalogue& catalogue);

}  // namespace strata::model
