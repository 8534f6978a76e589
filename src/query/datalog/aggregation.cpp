#include "query/datalog/aggregation.hpp"

#include <algorithm>
#include <cmath>

namespace strata::datalog {
namespace {

constexpr std::int64_t whole_max = std::int64_t{1} << 62;

}  // namespace

/// What has come together for one aggregate of one group.
class Tally {
 public:
  void add(Aggregate aggregate, ValueId value, ValuePool& pool, Limits& limits) {
    switch (aggregate) {
      case Aggregate::none:
        return;
      case Aggregate::count:
        ++count_;
        return;
      case Aggregate::sum:
      case Aggregate::mean:
        if (pool.is_number(value)) add_number(value, pool);
        return;
      case Aggregate::min:
        if (best_ == no_value || pool.compare(value, best_) < 0) best_ = value;
        return;
      case Aggregate::max:
        if (best_ == no_value || pool.compare(value, best_) > 0) best_ = value;
        return;
      case Aggregate::count_distinct:
      case Aggregate::collect:
      case Aggregate::unique:
        limits.charge(sizeof(ValueId));
        values_.push_back(value);
        return;
    }
  }

  ValueId result(Aggregate aggregate, ValuePool& pool, Limits& limits) {
    switch (aggregate) {
      case Aggregate::count:
        return pool.put_integer(count_);
      case Aggregate::sum:
        return sum(pool);
      case Aggregate::mean:
        if (count_ == 0) return ValuePool::null;
        return pool.put_number((real_ + static_cast<double>(whole_)) / static_cast<double>(count_));
      case Aggregate::min:
      case Aggregate::max:
        return best_ == no_value ? ValuePool::null : best_;
      case Aggregate::count_distinct:
        sort_values(pool, limits, true);
        return pool.put_integer(static_cast<std::int64_t>(values_.size()));
      case Aggregate::collect:
      case Aggregate::unique:
        sort_values(pool, limits, aggregate == Aggregate::unique);
        return pool.put_array(values_);
      case Aggregate::none:
        break;
    }
    return no_value;
  }

 private:
  void add_number(ValueId value, ValuePool& pool) {
    ++count_;
    const auto number = pool.integer(value);
    if (!number || *number >= whole_max || *number <= -whole_max) {
      real_ += pool.number(value);
      return;
    }
    if (std::abs(whole_) >= whole_max) {
      real_ += static_cast<double>(whole_);
      whole_ = 0;
    }
    whole_ += *number;
  }

  ValueId sum(ValuePool& pool) const {
    return real_ == 0 ? pool.put_integer(whole_) : pool.put_number(real_ + static_cast<double>(whole_));
  }

  void sort_values(ValuePool& pool, Limits& limits, bool distinct) {
    std::sort(values_.begin(), values_.end(), [&](ValueId a, ValueId b) {
      limits.tick();
      return pool.compare(a, b) < 0;
    });
    if (distinct) values_.erase(std::unique(values_.begin(), values_.end()), values_.end());
  }

  std::int64_t count_ = 0;  ///< Values; of sum and mean, numbers.
  std::int64_t whole_ = 0;  ///< Sum of the whole numbers,
  double real_ = 0;         ///< and of all else.
  ValueId best_ = no_value;
  std::vector<ValueId> values_{};
};

Aggregation::Aggregation(const CompiledRule& rule, ValuePool& pool, Limits& limits, Time now)
    : rule_(rule),
      pool_(pool),
      limits_(limits),
      now_(now),
      groups_(static_cast<std::size_t>(
                  std::count_if(rule.head.begin(), rule.head.end(),
                                [](const HeadTerm& term) { return term.aggregate == Aggregate::none; })),
              limits),
      key_(groups_.arity()) {
  for (const HeadTerm& term : rule.head) {
    (term.aggregate == Aggregate::none ? group_terms_ : tally_terms_).push_back(&term);
  }
  if (!group_terms_.empty()) return;
  groups_.insert(key_.data());
  tallies_.resize(tally_terms_.size());
}

Aggregation::~Aggregation() = default;

void Aggregation::add(const ValueId* variables) {
  for (std::size_t i = 0; i < key_.size(); ++i) {
    key_[i] = evaluate(*group_terms_[i]->formula, variables, pool_, now_);
    if (key_[i] == no_value) return;
  }
  if (groups_.insert(key_.data())) {
    limits_.charge(tally_terms_.size() * sizeof(Tally));
    tallies_.resize(tallies_.size() + tally_terms_.size());
  }
  Tally* const group = tallies_.data() + groups_.find(key_.data()) * tally_terms_.size();
  for (std::size_t i = 0; i < tally_terms_.size(); ++i) {
    const HeadTerm& term = *tally_terms_[i];
    const ValueId value = term.formula ? evaluate(*term.formula, variables, pool_, now_) : ValuePool::boolean(true);
    if (value != no_value && value != ValuePool::null) group[i].add(term.aggregate, value, pool_, limits_);
  }
}

void Aggregation::finish(const std::function<void(const ValueId*)>& emit) {
  std::vector<ValueId> row(rule_.head.size());
  for (std::size_t number = 0; number < groups_.size(); ++number) {
    std::size_t grouped = 0;
    std::size_t tallied = number * tally_terms_.size();
    for (std::size_t i = 0; i < row.size(); ++i) {
      const Aggregate aggregate = rule_.head[i].aggregate;
      row[i] = aggregate == Aggregate::none ? groups_.row(number)[grouped++]
                                            : tallies_[tallied++].result(aggregate, pool_, limits_);
    }
    emit(row.data());
  }
}

}  // namespace strata::datalog
