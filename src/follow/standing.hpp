// Where a view stands: the point in a store's past that its contents follow from. A view keeps it together with its
// contents, and compares before it goes on from there.
#pragma once

#include <cstdint>
#include <string>

#include "codec/hash.hpp"
#include "commit/source.hpp"
#include "strata/types.hpp"

namespace strata::follow {

struct Standing {
  Uuid store_id;
  std::uint64_t incarnation = 0;
  Position position;
  codec::Hash128 chain;  ///< Of the log at that position.
  friend bool operator==(const Standing&, const Standing&) = default;
};

/// The standing of one who has everything that a state has.
Standing standing_at(const codec::Head& head);

enum class Footing {
  firm,          ///< The log leads from there to the state of the source.
  foreign,       ///< Of another store.
  put_back,      ///< The store was restored or promoted since, or has another past.
  ahead,         ///< The state of the source does not reach so far yet.
  out_of_reach,  ///< The log was trimmed beyond it.
};

/// All but `firm` and, for a source that is not the newest state, `ahead` mean: empty the view and fill it anew.
Footing footing_of(commit::Source& source, const Standing& standing);
/// For messages: `the log was trimmed beyond it`.
const char* describe(Footing footing);

}  // namespace strata::follow
