// Reads a filter expression into its tree, checking types on the way.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "filter/expression.hpp"
#include "strata/types.hpp"
#include "strata/value.hpp"

namespace strata::filter {

/// Parentheses, `not` and function calls around one another.
inline constexpr std::size_t expression_depth_max = 100;
/// Items in the list of one `in`, also when it is a parameter.
inline constexpr std::size_t list_items_max = 1000;

/// Values for the `:name` parameters.
using Parameters = std::map<std::string, Value, std::less<>>;

/// `invalid_argument` or `limit_exceeded`, in the form `where: column 14: ...`. Empty text gives a constant true.
ConditionPointer parse_condition(std::string_view text, Time now, const Parameters& parameters);

}  // namespace strata::filter
