// Expressions of a rule, made ready to be worked out many times, and the functions that they call.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/datalog/value_pool.hpp"
#include "strata/types.hpp"

namespace strata::datalog {

struct FunctionCall {
  ValuePool& pool;
  Time now;
  std::span<const ValueId> arguments;
};

struct Function {
  std::string_view name;
  std::size_t arguments_min;
  std::size_t arguments_max;
  /// Its value, or no_value where the arguments are not of its kind.
  ValueId (*call)(const FunctionCall&);
  bool test = false;           ///< It says true or false, and so may stand as a part of a body.
  bool takes_missing = false;  ///< Else an argument without a value gives none.
};

/// Null when there is none of that name.
const Function* find_function(std::string_view name);
/// Names of all, for a message that suggests one.
std::vector<std::string> function_names();

struct Formula {
  enum class Kind { constant, variable, call, array, object, path };
  Kind kind = Kind::constant;
  ValueId constant = no_value;
  std::uint32_t variable = 0;
  const Function* function = nullptr;
  std::vector<Formula> parts{};
  std::vector<std::string> names{};  ///< Of an object's members.
  std::string path{};                ///< Within the only part.

  bool is_variable() const { return kind == Kind::variable; }
};

/// Calls `visit` with each variable, again where it occurs again.
template <class Visit>
void for_each_variable(const Formula& formula, const Visit& visit) {
  if (formula.is_variable()) visit(formula.variable);
  for (const Formula& part : formula.parts) for_each_variable(part, visit);
}

/// no_value where it has none: an argument of the wrong kind, a path that leads nowhere, a division by zero.
ValueId evaluate(const Formula& formula, const ValueId* variables, ValuePool& pool, Time now);

}  // namespace strata::datalog
