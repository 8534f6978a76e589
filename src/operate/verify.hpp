// Reads everything of one state, and compares what must agree.
#pragma once

#include "commit/trunk.hpp"
#include "strata/store.hpp"

namespace strata::operate {

/// Checksums of all rows; index entries against records, both ways; totals and digest against what is there; the log's
/// density and chain. Goes on after a problem; at most 100 are listed.
VerifyReport verify(commit::View& view, engine::Progress* progress);

}  // namespace strata::operate
