// Reading the log from a source.
#pragma once

#include <cstddef>
#include <functional>

#include "codec/log_entry.hpp"
#include "commit/source.hpp"

namespace strata::follow {

/// Visits the entries after `from`, oldest first; the visitor returns false to stop. `gap` when the log was trimmed
/// beyond `from`.
void read_log(commit::Source& source, Position from, const std::function<bool(const codec::Entry&)>& visit);

}  // namespace strata::follow
