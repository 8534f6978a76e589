// Rules made ready to run: variables are numbers, relations are places in a list, expressions are formulas.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "query/datalog/fact_table.hpp"
#include "query/datalog/formula.hpp"
#include "query/datalog/syntax.hpp"

namespace strata::datalog {

struct Term {
  enum class Kind { variable, constant, any };
  Kind kind = Kind::any;
  std::uint32_t id = 0;  ///< Of the variable within its rule, or the ValueId.

  static Term variable(std::uint32_t id) { return {Kind::variable, id}; }
  static Term constant(ValueId id) { return {Kind::constant, id}; }
  bool is_variable() const { return kind == Kind::variable; }
  friend bool operator==(const Term&, const Term&) = default;
};

using FormulaPointer = std::shared_ptr<const Formula>;

/// A part of a body.
struct Part {
  enum class Kind {
    atom,     ///< A relation.
    compare,  ///< left comparison right; an equality may bind the variable that is one of its sides.
    member,   ///< left in right; may bind left.
    span,     ///< between(left, right, upper); may bind left.
    truth,    ///< left is true.
  };
  Kind kind = Kind::atom;
  bool negated = false;
  Place place{};
  std::size_t relation = 0;  ///< Of an atom.
  std::vector<Term> terms{};
  Comparison comparison = Comparison::equal;
  FormulaPointer left{};
  FormulaPointer right{};
  FormulaPointer upper{};

  bool binds_left() const {
    if (negated || kind == Kind::atom || kind == Kind::truth || !left->is_variable()) return false;
    return kind != Kind::compare || comparison == Comparison::equal;
  }
  bool binds_right() const {
    return kind == Kind::compare && !negated && comparison == Comparison::equal && right->is_variable();
  }
};

enum class Aggregate { none, count, count_distinct, sum, mean, min, max, collect, unique };

struct HeadTerm {
  Aggregate aggregate = Aggregate::none;
  FormulaPointer formula{};  ///< Null for count().
};

struct CompiledRule {
  std::size_t relation = 0;
  std::vector<HeadTerm> head{};
  std::vector<Part> body{};
  std::vector<std::string> variables{};  ///< Names; `_` where it has none.
  std::string text{};
  bool aggregates = false;
};

struct RelationPlan {
  std::string name{};
  std::size_t arity = 0;
  bool derived = false;                      ///< There are rules for it.
  std::shared_ptr<FactTable> table{};        ///< Facts of the store; else null.
  std::vector<std::vector<ValueId>> rows{};  ///< Facts of the program.
  Columns aggregates = 0;                    ///< Columns that a rule aggregates.
};

struct CompiledProgram {
  std::vector<RelationPlan> relations{};  ///< The first is the answer.
  std::vector<CompiledRule> rules{};
};

template <class Visit>
void for_each_variable(const Part& part, const Visit& visit) {
  for (const Term& term : part.terms) {
    if (term.is_variable()) visit(term.id);
  }
  for (const FormulaPointer& formula : {part.left, part.right, part.upper}) {
    if (formula) for_each_variable(*formula, visit);
  }
}

}  // namespace strata::datalog
