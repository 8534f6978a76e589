// Reads a Datalog program. The grammar stands in docs/DATALOG.md.
#pragma once

#include <string_view>

#include "query/datalog/syntax.hpp"
#include "strata/collection.hpp"

namespace strata::datalog {

/// Parameters are filled in; each must be used, each `:name` must be given. `invalid_argument` with line and column,
/// `limit_exceeded`.
Program parse(std::string_view text, const Parameters& parameters);

}  // namespace strata::datalog
