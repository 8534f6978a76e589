// Where a view of the store stands that keeps its position in files of its own: by this it tells whether it may follow.
#pragma once

#include <cstdint>

#include "codec/hash.hpp"
#include "commit/source.hpp"

namespace strata::follow {

struct ViewPoint {
  Uuid store_id;
  std::uint64_t incarnation = 0;
  Position position;
  codec::Hash128 chain;  ///< Of the log up to the position.
  friend bool operator==(const ViewPoint&, const ViewPoint&) = default;
};

enum class Standing {
  good,     ///< In the past of the state, and the log tells what came after.
  ahead,    ///< The state is an older one of the same store; or the store was put back.
  gap,      ///< The log no longer reaches back to the position.
  foreign,  ///< Another store, another incarnation, or another past.
};

/// The state itself, as a point.
ViewPoint point_of(const commit::View& view);
/// A point in the state's own past; Standing as above says what became of it.
Standing standing_of(commit::Source& source, const ViewPoint& point);
/// A later point of the same store that the log was followed to. Requires: the log of the source holds its entry, or it
/// is the source's own position.
ViewPoint advanced(commit::Source& source, Position position);

}  // namespace strata::follow
