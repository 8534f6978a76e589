// The well-known spaces, and what class a space has.
#pragma once

#include <cstdint>

#include "strata/engine.hpp"

namespace strata::commit {

using engine::Space;
using engine::SpaceGroup;

inline constexpr Space totals_space = Space::make(SpaceGroup::system, 1);
inline constexpr Space catalogue_space = Space::make(SpaceGroup::system, 2);
inline constexpr Space log_space = Space::make(SpaceGroup::log, 0);
inline constexpr Space ids_space = Space::make(SpaceGroup::ids, 0);
/// (expiry time, space, key) of every record that expires.
inline constexpr Space expiry_space = Space::make(SpaceGroup::derived, 0);
/// Small states of this copy of the store: upkeep, fills.
inline constexpr Space state_space = Space::make(SpaceGroup::local, 0);
/// Time -> position, about one row a second.
inline constexpr Space times_space = Space::make(SpaceGroup::local, 1);
/// Spaces that were dropped and are being emptied.
inline constexpr Space dropped_space = Space::make(SpaceGroup::local, 2);
/// Places of consumer groups, and the batches that their members have in hand.
inline constexpr Space groups_space = Space::make(SpaceGroup::local, 5);
/// Places of durable consumers, by name.
inline constexpr Space consumers_space = Space::make(SpaceGroup::local, 3);
/// Who has which queue item.
inline constexpr Space leases_space = Space::make(SpaceGroup::local, 4);

/// record: logged, digested, replicated. derived: follows from records. local: belongs to this copy alone.
enum class SpaceClass { record, derived, local };

constexpr SpaceClass class_of(Space space) {
  switch (space.group()) {
    case SpaceGroup::record:
    case SpaceGroup::events:
      return SpaceClass::record;
    case SpaceGroup::derived:
      return SpaceClass::derived;
    case SpaceGroup::system:
      return space == catalogue_space ? SpaceClass::record : SpaceClass::local;
    default:
      return SpaceClass::local;
  }
}

}  // namespace strata::commit
