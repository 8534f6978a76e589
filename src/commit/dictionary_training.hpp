// Giving collections their dictionaries.
#pragma once

#include "commit/trunk.hpp"

namespace strata::commit {

/// Trains a dictionary for one collection that has enough long records and none yet, and declares it: records written
/// from then on are compressed. The training runs outside the write section. False when no collection is due.
bool train_dictionary(Trunk& trunk);

}  // namespace strata::commit
