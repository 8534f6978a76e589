// The facts that one atom of a program can match, as rows: what its pattern takes out of each fact. They are fetched as
// joins ask for them, by keys and indexes while that is cheap, and all at once beyond.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "query/datalog/facts.hpp"
#include "query/datalog/relation.hpp"

namespace strata::datalog {

/// What becomes of a value that a pattern meets.
struct PatternUse {
  enum class Kind { present, fixed, column };
  Kind kind = Kind::present;
  ValueId value = no_value;  ///< It must be this one.
  std::size_t column = 0;    ///< It is this column of the row.
};

struct PatternStep {
  std::size_t from = 0;  ///< 0: the body; else the value that step `from - 1` met.
  filter::Path path{};
  bool each = false;  ///< Of the array that the path leads to, each element.
  PatternUse use{};
  filter::Path whole{};  ///< From the body on.
};

struct FactPattern {
  FactSet set{};
  std::vector<PatternUse> plain{};
  std::vector<PatternStep> steps{};
  std::size_t columns = 0;
  std::vector<std::string> column_names{};  ///< For people.
};

class FactTable {
 public:
  FactTable(FactPattern pattern, Facts& facts, ValuePool& pool, Limits& limits);

  const FactPattern& pattern() const { return pattern_; }
  Relation& relation() { return rows_; }
  /// Sees to it that the relation holds all rows with this key, one value for each of the columns.
  void need(Columns columns, const ValueId* key);
  void need_all();
  /// Rows that a look-up with these columns is expected to give.
  double estimate(Columns columns);
  /// How such a look-up is answered, for people.
  std::string describe(Columns columns);

 private:
  void fetch();
  void take(const Fact& fact);
  void match(std::size_t step, const Fact& fact);
  void match_value(std::size_t step, const Fact& fact, ValueView value);
  bool use(const PatternUse& use, ValueView value);
  bool use_plain(const PatternUse& use, const PlainValue& value);
  bool add_given(const FactColumn& column, ValueId value);
  std::optional<FactColumn> column_at(std::size_t column) const;
  Columns narrowing(Columns columns);

  FactPattern pattern_;
  Facts& facts_;
  ValuePool& pool_;
  Limits& limits_;
  Relation rows_;
  bool complete_ = false;
  std::uint64_t facts_all_ = 0;
  double share_ = 1;  ///< Of the facts, that the fixed values leave.
  std::uint64_t look_ups_ = 0;
  Columns narrowing_ = 0;  ///< Columns that lead to their facts.
  std::map<Columns, Relation> asked_;
  std::vector<GivenColumn> given_;  ///< What is asked for: first the fixed values,
  std::size_t given_always_ = 0;    ///< which are so many.
  bool possible_ = true;            ///< A fact can have the fixed values.
  std::vector<ValueId> asked_key_;
  std::vector<ValueId> row_;
  std::vector<ValueView> met_;
};

}  // namespace strata::datalog
