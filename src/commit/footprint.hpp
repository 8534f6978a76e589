// Is what a transaction read still what one would read now?
#pragma once

#include <optional>
#include <string>

#include "commit/request.hpp"
#include "strata/engine.hpp"

namespace strata::commit {

/// Compares the footprint, true at position `seen`, with what `reader` holds at position `now`. Exact: what the log
/// says was not touched is valid, the rest is read again; so are index ranges, local rows, and everything once the log
/// no longer reaches back to `seen`. Returns what changed, in words for an error message, or nothing when all is as it
/// was.
std::optional<std::string> changed_since(engine::Reader& reader, const Footprint& footprint, Position seen,
                                         Position now, Position log_base);

}  // namespace strata::commit
