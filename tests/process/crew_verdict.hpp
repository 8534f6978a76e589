// What must hold after a crew has worked, whatever befell it.
#pragma once

#include <map>

#include "strata/strata.hpp"
#include "tests/process/crew.hpp"

namespace strata {

/// Every commit that was acknowledged is in the log where it was acknowledged; positions are dense; each sequence
/// number of each writer is there once; what is stored agrees with the log; a dump makes an equal store.
void expect_nothing_lost_or_doubled(const Store& store, const CrewOptions& options, const CrewLog& crew);

/// One line on how it went.
void print(const CrewLog& crew);

}  // namespace strata
