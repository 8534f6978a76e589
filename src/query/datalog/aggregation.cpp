#include "query/datalog/aggregation.hpp"

#include <algorithm>
#include <cmath>

namespace strata::datalog {
namespace {

constexpr std::int64_t whole_max = std::int64_t{1} << 62;

/// What has come together for one aggregate of one group.
struct Tally {
  std::int64_t count = 0;  ///< Values; of sum and mean, numbers.
  std::int64_t whole = 0;  ///< Sum of the whole numbers,
  double real = 0;         ///< and of all else.
  ValueId best = no_value;
  std::vector<ValueId> values{};

  void add(Aggregate aggregate, ValueId value, ValuePool& pool, Limits& limits) {
    switch (aggregate) {
      case Aggregate::none:
        return;
      case Aggregate::count:
        ++count;
        return;
      case Aggregate::sum:
      case Aggregate::mean:
        if (pool.is_number(value)) add_number(value, pool);
        return;
      case Aggregate::min:
        if (best == no_value || pool.compare(value, best) < 0) best = value;
        return;
      case Aggregate::max:
        if (best == no_value || pool.compare(value, best) > 0) best = value;
        return;
      case Aggregate::count_distinct:
      case Aggregate::collect:
      case Aggregate::unique:
        limits.charge(sizeof(ValueId));
        values.push_back(value);
        return;
    }
  }

  void add_number(ValueId value, ValuePool& pool) {
    ++count;
    const auto number = pool.integer(value);
    if (!number || *number >= whole_max || *number <= -whole_max) {
      real += pool.number(value);
      return;
    }
    if (std::abs(whole) >= whole_max) {
      real += static_cast<double>(whole);
      whole = 0;
    }
    whole += *number;
  }

  ValueId sum(ValuePool& pool) const {
    return real == 0 ? pool.put_integer(whole) : pool.put_number(real + static_cast<double>(whole));
  }

  void sort_values(ValuePool& pool, Limits& limits, bool distinct) {
    std::sort(values.begin(), values.end(), [&](ValueId a, ValueId b) {
      limits.tick();
      return pool.compare(a, b) < 0;
    });
    if (distinct) values.erase(std::unique(values.begin(), values.end()), values.end());
  }

  ValueId result(Aggregate aggregate, ValuePool& pool, Limits& limits) {
    switch (aggregate) {
      case Aggregate::count:
        return pool.put_integer(count);
      case Aggregate::sum:
        return sum(pool);
      case Aggregate::mean:
        if (count == 0) return ValuePool::null;
        return pool.put_number((real + static_cast<double>(whole)) / static_cast<double>(count));
      case Aggregate::min:
      case Aggregate::max:
        return best == no_value ? ValuePool::null : best;
      case Aggregate::count_distinct:
        sort_values(pool, limits, true);
        return pool.put_integer(static_cast<std::int64_t>(values.size()));
      case Aggregate::collect:
      case Aggregate::unique:
        sort_values(pool, limits, aggregate == Aggregate::unique);
        return pool.put_array(values);
      case Aggregate::none:
        break;
    }
    return no_value;
  }
};

}  // namespace

void aggregate(const CompiledRule& rule, const Relation& solutions, ValuePool& pool, Limits& limits, Time now,
               const std::function<void(const ValueId*)>& emit) {
  std::vector<const HeadTerm*> group_terms;
  std::vector<const HeadTerm*> tally_terms;
  for (const HeadTerm& term : rule.head) {
    (term.aggregate == Aggregate::none ? group_terms : tally_terms).push_back(&term);
  }
  Relation groups(group_terms.size(), limits);
  std::vector<std::vector<Tally>> tallies;
  std::vector<ValueId> key(group_terms.size());
  if (group_terms.empty()) {
    groups.insert(key.data());
    tallies.emplace_back(tally_terms.size());
  }
  for (std::size_t solution = 0; solution < solutions.size(); ++solution) {
    limits.tick();
    const ValueId* const variables = solutions.row(solution);
    bool complete = true;
    for (std::size_t i = 0; i < key.size() && complete; ++i) {
      key[i] = evaluate(*group_terms[i]->formula, variables, pool, now);
      complete = key[i] != no_value;
    }
    if (!complete) continue;
    if (groups.insert(key.data())) {
      limits.charge(tally_terms.size() * sizeof(Tally));
      tallies.emplace_back(tally_terms.size());
    }
    std::vector<Tally>& group = tallies[groups.find(key.data())];
    for (std::size_t i = 0; i < tally_terms.size(); ++i) {
      const HeadTerm& term = *tally_terms[i];
      const ValueId value = term.formula ? evaluate(*term.formula, variables, pool, now) : ValuePool::boolean(true);
      if (value != no_value && value != ValuePool::null) group[i].add(term.aggregate, value, pool, limits);
    }
  }
  std::vector<ValueId> row(rule.head.size());
  for (std::size_t number = 0; number < groups.size(); ++number) {
    std::size_t grouped = 0;
    std::size_t tallied = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const Aggregate aggregate = rule.head[i].aggregate;
      row[i] = aggregate == Aggregate::none ? groups.row(number)[grouped++]
                                            : tallies[number][tallied++].result(aggregate, pool, limits);
    }
    emit(row.data());
  }
}

}  // namespace strata::datalog
