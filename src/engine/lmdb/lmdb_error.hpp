// LMDB's return codes as errors of Strata.
#pragma once

#include <string_view>

#include "strata/error.hpp"

namespace strata::engine {

/// The error for a code other than MDB_SUCCESS. `place` is the engine's URL, `operation` a verb phrase ("put a row").
Error lmdb_error(int code, std::string_view place, std::string_view operation);

}  // namespace strata::engine
