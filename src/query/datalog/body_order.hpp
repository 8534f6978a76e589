// The order in which the parts of a body are joined: each where what it needs is bound, the narrowest first.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "query/datalog/rule.hpp"

namespace strata::datalog {

using Bound = std::vector<char>;  ///< By variable: whether it has a value.

bool is_bound(const Term& term, const Bound& bound);
bool is_bound(const Formula& formula, const Bound& bound);
/// Columns of an atom whose value is known.
Columns bound_columns(const Part& atom, const Bound& bound);
/// Whether the part can be worked out now.
bool is_ready(const Part& part, const Bound& bound);
void mark_bound(const Part& part, Bound& bound);

/// Rows that an atom is expected to give with these columns known.
using RowEstimate = std::function<double(const Part& atom, Columns known)>;

/// Places in the body; all of them, unless what is left can never be worked out. `first`: this atom leads.
std::vector<std::size_t> order_body(const std::vector<Part>& body, Bound bound, const RowEstimate& estimate,
                                    std::optional<std::size_t> first = std::nullopt);

}  // namespace strata::datalog
