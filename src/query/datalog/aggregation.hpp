// Groups the solutions of a rule and makes a row of each group.
#pragma once

#include <functional>

#include "query/datalog/relation.hpp"
#include "query/datalog/rule.hpp"

namespace strata::datalog {

/// `solutions` has a row for each, with all variables of the rule. Null, and what has no value, is left out of an
/// aggregate. A rule that groups by nothing gives one row whatever there is.
void aggregate(const CompiledRule& rule, const Relation& solutions, ValuePool& pool, Limits& limits, Time now,
               const std::function<void(const ValueId*)>& emit);

}  // namespace strata::datalog
