// Groups the solutions of a rule and makes a row of each group.
#pragma once

#include <functional>
#include <vector>

#include "query/datalog/relation.hpp"
#include "query/datalog/rule.hpp"

namespace strata::datalog {

class Tally;

/// Null, and what has no value, is left out of an aggregate. A rule that groups by nothing gives one row whatever there
/// is.
class Aggregation {
 public:
  /// `rule` must outlive it.
  Aggregation(const CompiledRule& rule, ValuePool& pool, Limits& limits, Time now);
  ~Aggregation();
  Aggregation(const Aggregation&) = delete;
  Aggregation& operator=(const Aggregation&) = delete;

  /// A solution: all variables of the rule. Each is to be given once.
  void add(const ValueId* variables);
  /// The row of each group.
  void finish(const std::function<void(const ValueId*)>& emit);

 private:
  const CompiledRule& rule_;
  ValuePool& pool_;
  Limits& limits_;
  Time now_;
  std::vector<const HeadTerm*> group_terms_;
  std::vector<const HeadTerm*> tally_terms_;
  Relation groups_;
  std::vector<Tally> tallies_;  ///< Of each group as many as there are aggregates.
  std::vector<ValueId> key_;
};

}  // namespace strata::datalog
