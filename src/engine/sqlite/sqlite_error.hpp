// SQLite's result codes as errors of Strata.
#pragma once

#include <string_view>

#include "strata/error.hpp"

namespace strata::engine::sqlite {

/// The error for an extended result code other than SQLITE_OK, ROW and DONE. `place` is the engine's URL, `operation` a
/// verb phrase ("put a row"), `system_error` the errno behind it or 0.
Error sqlite_error(int code, int system_error, std::string_view place, std::string_view operation);

}  // namespace strata::engine::sqlite
