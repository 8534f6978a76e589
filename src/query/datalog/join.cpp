#include "query/datalog/join.hpp"

#include <algorithm>
#include <cmath>

namespace strata::datalog {

Join::Join(const CompiledRule& rule, const std::vector<Input>& inputs, const std::vector<std::size_t>& order,
           ValuePool& pool, Limits& limits, Time now)
    : variables_(rule.variables.size(), no_value), pool_(pool), limits_(limits), now_(now) {
  Bound bound(rule.variables.size());
  steps_.reserve(order.size());
  for (const std::size_t place : order) {
    add_step(rule.body[place], inputs[place], bound);
    mark_bound(rule.body[place], bound);
  }
}

void Join::add_step(const Part& part, const Input& input, const Bound& bound) {
  Step step;
  step.part = &part;
  step.input = &input;
  switch (part.kind) {
    case Part::Kind::atom:
      return add_atom(std::move(step), bound);
    case Part::Kind::compare:
      step.action = Action::compare;
      if (!is_bound(*part.left, bound)) step.action = Action::bind_left;
      if (!is_bound(*part.right, bound)) step.action = Action::bind_right;
      break;
    case Part::Kind::member:
      step.action = is_bound(*part.left, bound) ? Action::member : Action::each_member;
      break;
    case Part::Kind::span:
      step.action = is_bound(*part.left, bound) ? Action::span : Action::each_of_span;
      break;
    case Part::Kind::truth:
      step.action = Action::truth;
      break;
  }
  steps_.push_back(std::move(step));
}

void Join::add_atom(Step step, const Bound& bound) {
  const Part& part = *step.part;
  step.known = bound_columns(part, bound);
  Bound met = bound;
  for (std::size_t column = 0; column < part.terms.size(); ++column) {
    const Term& term = part.terms[column];
    if ((step.known >> column) & 1U) {
      step.key.push_back(term);
    } else if (term.is_variable()) {
      (met[term.id] ? step.checks : step.binds).emplace_back(column, term.id);
      met[term.id] = 1;
    }
  }
  step.values.resize(step.key.size());
  step.action = step.known == 0 ? Action::scan : Action::look_up;
  step.whole_row = step.known != 0 && step.key.size() == part.terms.size();
  if (step.action == Action::look_up && !step.whole_row) step.index = &step.input->relation->index(step.known);
  steps_.push_back(std::move(step));
}

std::string Join::describe() const {
  std::string out;
  for (const Step& step : steps_) {
    if (step.part->kind != Part::Kind::atom) continue;
    if (!out.empty()) out += "; ";
    if (step.part->negated) out += "not ";
    if (step.input->table) {
      out += step.input->table->describe(step.known);
    } else {
      out += step.input->name;
      if (step.input->range.begin > 0 || step.input->range.end != RowRange{}.end) out += " (new)";
      if (step.known == 0) out += " all";
      for (std::size_t column = 0, count = 0; column < step.part->terms.size(); ++column) {
        if ((step.known >> column) & 1U) out += (count++ == 0 ? " by " : ",") + std::to_string(column + 1);
      }
    }
  }
  return out;
}

void Join::run(const std::function<void(const ValueId*)>& found) {
  found_ = &found;
  go_on(0);
}

ValueId Join::value_of(const FormulaPointer& formula) const {
  return evaluate(*formula, variables_.data(), pool_, now_);
}

void Join::go_on(std::size_t next) {
  limits_.tick();
  if (next == steps_.size()) return (*found_)(variables_.data());
  const Step& step = steps_[next];
  switch (step.action) {
    case Action::scan:
    case Action::look_up:
      return run_atom(next);
    case Action::each_member:
      return run_member(next);
    case Action::each_of_span:
      return run_span(next);
    case Action::bind_left:
    case Action::bind_right: {
      const bool left = step.action == Action::bind_left;
      const ValueId value = value_of(left ? step.part->right : step.part->left);
      if (value == no_value) return;
      variables_[(left ? step.part->left : step.part->right)->variable] = value;
      return go_on(next + 1);
    }
    default:
      if (holds(step) != step.part->negated) go_on(next + 1);
  }
}

/// Takes the row's values over; false when it does not match.
bool Join::try_row(const Step& step, const ValueId* row) {
  for (const auto& [column, variable] : step.binds) variables_[variable] = row[column];
  return std::all_of(step.checks.begin(), step.checks.end(),
                     [&](const auto& check) { return variables_[check.second] == row[check.first]; });
}

void Join::run_atom(std::size_t place) {
  Step& step = steps_[place];
  const Join::Input& input = *step.input;
  const bool negated = step.part->negated;
  for (std::size_t i = 0; i < step.key.size(); ++i) {
    step.values[i] = step.key[i].is_variable() ? variables_[step.key[i].id] : step.key[i].id;
  }
  if (input.table) {
    if (step.known == 0) {
      input.table->need_all();
    } else {
      input.table->need(step.known, step.values.data());
    }
  }
  const RowRange range = input.range;
  // Nothing new is bound: one row says all.
  const bool once = negated || step.binds.empty();
  const auto matches = [&](std::uint32_t number) {
    if (!try_row(step, input.relation->row(number))) return false;
    if (!negated) go_on(place + 1);
    return once;
  };
  bool found = false;
  if (step.whole_row) {
    const std::uint32_t number = input.relation->find(step.values.data());
    found = number != RelationIndex::none && number >= range.begin && number < range.end;
    if (found && !negated) go_on(place + 1);
  } else if (step.action == Action::scan) {
    const auto end = static_cast<std::uint32_t>(std::min<std::size_t>(range.end, input.relation->size()));
    for (std::uint32_t number = range.begin; number < end && !found; ++number) found = matches(number);
  } else {
    if (input.table) step.index->extend(*input.relation);
    std::uint32_t number = step.index->first(*input.relation, step.values.data());
    // The newest come first, so that those before the range end the walk.
    for (; number != RelationIndex::none && number >= range.begin && !found; number = step.index->next(number)) {
      if (number < range.end) found = matches(number);
    }
  }
  if (negated && !found) go_on(place + 1);
}

void Join::run_member(std::size_t place) {
  const Step& step = steps_[place];
  const ValueId array = value_of(step.part->right);
  if (array == no_value || pool_.type(array) != ValueType::array) return;
  for (const auto& member : pool_.composite(array)) {
    variables_[step.part->left->variable] = pool_.put(member.value);
    go_on(place + 1);
  }
}

void Join::run_span(std::size_t place) {
  const Step& step = steps_[place];
  const ValueId low = value_of(step.part->right);
  const ValueId high = value_of(step.part->upper);
  if (low == no_value || high == no_value || !pool_.is_number(low) || !pool_.is_number(high)) return;
  constexpr double whole_max = 9e15;
  const double begin = std::ceil(pool_.number(low));
  const double end = std::floor(pool_.number(high));
  if (begin < -whole_max || end > whole_max) {
    fail(step.part->place, "between counts numbers up to 9e15", ErrorCode::limit_exceeded);
  }
  if (begin > end) return;
  for (auto number = static_cast<std::int64_t>(begin); number <= static_cast<std::int64_t>(end); ++number) {
    variables_[step.part->left->variable] = pool_.put_integer(number);
    go_on(place + 1);
  }
}

bool Join::compares(Comparison comparison, ValueId left, ValueId right) const {
  if (comparison == Comparison::equal) return left == right;
  if (comparison == Comparison::not_equal) return left != right;
  const bool comparable = (pool_.is_number(left) && pool_.is_number(right)) ||
                          (pool_.is_text(left) && pool_.is_text(right)) ||
                          (pool_.type(left) == ValueType::boolean && pool_.type(right) == ValueType::boolean);
  if (!comparable) return false;
  const auto order = pool_.compare(left, right);
  switch (comparison) {
    case Comparison::less:
      return order < 0;
    case Comparison::less_equal:
      return order <= 0;
    case Comparison::greater:
      return order > 0;
    default:
      return order >= 0;
  }
}

bool Join::holds_member(const Step& step) const {
  const ValueId left = value_of(step.part->left);
  const ValueId array = value_of(step.part->right);
  if (left == no_value || array == no_value || pool_.type(array) != ValueType::array) return false;
  for (const auto& member : pool_.composite(array)) {
    limits_.tick();
    if (pool_.put(member.value) == left) return true;
  }
  return false;
}

bool Join::holds_span(const Step& step) const {
  const ValueId left = value_of(step.part->left);
  const ValueId low = value_of(step.part->right);
  const ValueId high = value_of(step.part->upper);
  if (left == no_value || low == no_value || high == no_value) return false;
  if (pool_.type(left) != ValueType::integer) return false;
  return compares(Comparison::greater_equal, left, low) && compares(Comparison::less_equal, left, high);
}

bool Join::holds(const Step& step) const {
  if (step.action == Action::member) return holds_member(step);
  if (step.action == Action::span) return holds_span(step);
  const ValueId left = value_of(step.part->left);
  if (left == no_value) return false;
  if (step.action == Action::truth) return left == ValuePool::boolean(true);
  const ValueId right = value_of(step.part->right);
  return right != no_value && compares(step.part->comparison, left, right);
}

}  // namespace strata::datalog
