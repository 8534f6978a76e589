// Upkeep of streams: events beyond what their stream's options keep are erased.
#pragma once

#include "commit/writer.hpp"

namespace strata::model {

/// One step, about once a minute for each stream, as commit::Trunk::UpkeepStep says.
bool retain_events(commit::Writer& writer, Time now, bool anew);

}  // namespace strata::model
