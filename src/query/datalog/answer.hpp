// Answers a Datalog program over the facts of one state.
#pragma once

#include <string_view>

#include "query/datalog/facts.hpp"
#include "strata/datalog.hpp"

namespace strata::datalog {

/// All of the result but its position. `invalid_argument`, `not_found`, `limit_exceeded`.
DatalogResult answer(Facts& facts, std::string_view program, const DatalogOptions& options);

}  // namespace strata::datalog
