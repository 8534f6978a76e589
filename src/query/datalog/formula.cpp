#include "query/datalog/formula.hpp"

namespace strata::datalog {
namespace {

ValueId follow(ValueId from, const std::string& path, ValuePool& pool) {
  const ValueType type = pool.type(from);
  if (type != ValueType::array && type != ValueType::object) return no_value;
  return pool.put(pool.composite(from).at(path));
}

}  // namespace

ValueId evaluate(const Formula& formula, const ValueId* variables, ValuePool& pool, Time now) {
  if (formula.kind == Formula::Kind::constant) return formula.constant;
  if (formula.kind == Formula::Kind::variable) return variables[formula.variable];
  if (formula.kind == Formula::Kind::path) {
    const ValueId from = evaluate(formula.parts.front(), variables, pool, now);
    return from == no_value ? no_value : follow(from, formula.path, pool);
  }
  constexpr std::size_t few = 4;
  ValueId few_values[few];
  std::vector<ValueId> many_values;
  ValueId* values = few_values;
  if (formula.parts.size() > few) {
    many_values.resize(formula.parts.size());
    values = many_values.data();
  }
  const bool takes_missing = formula.function && formula.function->takes_missing;
  for (std::size_t i = 0; i < formula.parts.size(); ++i) {
    values[i] = evaluate(formula.parts[i], variables, pool, now);
    if (values[i] == no_value && !takes_missing) return no_value;
  }
  const std::span<const ValueId> arguments(values, formula.parts.size());
  if (formula.kind == Formula::Kind::array) return pool.put_array(arguments);
  if (formula.kind == Formula::Kind::object) return pool.put_object(formula.names, arguments);
  return formula.function->call({pool, now, arguments});
}

}  // namespace strata::datalog
