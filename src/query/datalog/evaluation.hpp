// Works a program out, stratum by stratum, each to its fixpoint: a round joins only what the round before brought.
#pragma once

#include <memory>
#include <vector>

#include "query/datalog/join.hpp"
#include "query/datalog/strata_order.hpp"
#include "strata/datalog.hpp"

namespace strata::datalog {

class Evaluation {
 public:
  /// `program` must outlive it.
  Evaluation(const CompiledProgram& program, const Strata& strata, ValuePool& pool, Limits& limits, Time now);

  void run();
  const Relation& answer() const { return *relations_.front(); }
  std::vector<DatalogStep> take_steps();

 private:
  /// A rule, with one of its atoms on what is new.
  struct Variant {
    std::size_t rule = 0;
    std::vector<std::size_t> recursive{};  ///< Places of the atoms of its own stratum.
    std::size_t lead = 0;                  ///< Which of them is on what is new.
  };

  void run_stratum(std::size_t stratum);
  void run_rule(std::size_t rule, const Variant* variant);
  void run_variant(const Variant& variant);
  void insert(std::size_t rule, const ValueId* row);
  std::vector<Join::Input> inputs_of(const CompiledRule& rule);
  double estimate(const Part& atom, Columns known, const Join::Input& input) const;
  bool is_recursive(const Part& part, std::size_t stratum) const;

  const CompiledProgram& program_;
  const Strata& strata_;
  ValuePool& pool_;
  Limits& limits_;
  Time now_;
  std::vector<std::unique_ptr<Relation>> relations_;  ///< Null: a table has it.
  std::vector<RowRange> fresh_;                       ///< By relation: what the round before brought.
  std::vector<DatalogStep> steps_;                    ///< By rule.
  std::vector<ValueId> head_;
};

}  // namespace strata::datalog
