// What a store holds, by space.
#pragma once

#include "commit/trunk.hpp"
#include "strata/store.hpp"

namespace strata::operate {

StoreStatistics statistics(commit::Trunk& trunk);

}  // namespace strata::operate
