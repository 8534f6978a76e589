// Works out no more than the question asks for: what is known of a relation's arguments where it is used is handed down
// into its rules ("magic sets"), so that `?- reach('a', X)` starts at 'a' and does not compute every pair.
//
// Bancilhon, Maier, Sagiv, Ullman: Magic sets and other strange ways to implement logic programs (PODS 1986);
// Naughton, Ramakrishnan, Sagiv, Ullman: Argument reduction by factoring (VLDB 1989).
#pragma once

#include "query/datalog/rule.hpp"
#include "query/datalog/strata_order.hpp"

namespace strata::datalog {

struct Demanded {
  CompiledProgram program{};
  Strata strata{};
};

/// The program with the same answer that derives only what is wanted. `invalid_argument` when negation or aggregation
/// runs in a circle.
Demanded with_demand(const CompiledProgram& program);

}  // namespace strata::datalog
