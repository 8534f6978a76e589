// DuckDB's messages as errors of Strata.
#pragma once

#include <string_view>

#include "strata/error.hpp"

namespace strata::engine::duck {

/// The error for what DuckDB said, `IO Error: ...`. Its class is read from the text: at open the C interface tells no
/// more. `place` is the engine's URL, `operation` a verb phrase ("commit").
Error duckdb_error(std::string_view text, std::string_view place, std::string_view operation);

}  // namespace strata::engine::duck
