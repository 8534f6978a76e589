// Runs the body of a rule: its parts one within the other, each by the best way that what is bound before it allows.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "query/datalog/body_order.hpp"
#include "query/datalog/relation.hpp"

namespace strata::datalog {

/// Rows of an atom that count, by their numbers.
struct RowRange {
  std::uint32_t begin = 0;
  std::uint32_t end = ~std::uint32_t{0};
};

class Join {
 public:
  /// By place in the body, of atoms alone: their relations, and which of their rows count.
  struct Input {
    Relation* relation = nullptr;
    FactTable* table = nullptr;
    std::string name{};
    RowRange range{};
  };

  /// `rule` and `inputs` must outlive it.
  Join(const CompiledRule& rule, const std::vector<Input>& inputs, const std::vector<std::size_t>& order,
       ValuePool& pool, Limits& limits, Time now);

  /// Calls `found` with the variables of each solution, some perhaps more than once.
  void run(const std::function<void(const ValueId*)>& found);
  /// How the parts are reached, in their order.
  std::string describe() const;

 private:
  enum class Action { scan, look_up, compare, bind_left, bind_right, member, each_member, span, each_of_span, truth };
  struct Step {
    Action action = Action::scan;
    const Part* part = nullptr;
    const Input* input = nullptr;
    RelationIndex* index = nullptr;
    Columns known = 0;
    bool whole_row = false;                                       ///< Every column is known.
    std::vector<Term> key{};                                      ///< Of the known columns.
    std::vector<std::pair<std::size_t, std::uint32_t>> binds{};   ///< Column, variable.
    std::vector<std::pair<std::size_t, std::uint32_t>> checks{};  ///< Likewise: a variable that this atom has twice.
    std::vector<ValueId> values{};                                ///< Of the key.
  };

  void add_step(const Part& part, const Input& input, const Bound& bound);
  void add_atom(Step step, const Bound& bound);
  void go_on(std::size_t next);
  void run_atom(std::size_t place);
  bool try_row(const Step& step, const ValueId* row);
  void run_member(std::size_t place);
  void run_span(std::size_t place);
  bool holds(const Step& step) const;
  bool holds_member(const Step& step) const;
  bool holds_span(const Step& step) const;
  bool compares(Comparison comparison, ValueId left, ValueId right) const;
  ValueId value_of(const FormulaPointer& formula) const;

  std::vector<Step> steps_;
  std::vector<ValueId> variables_;
  ValuePool& pool_;
  Limits& limits_;
  Time now_;
  const std::function<void(const ValueId*)>* found_ = nullptr;
};

}  // namespace strata::datalog
