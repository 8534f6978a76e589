#include "query/datalog/body_order.hpp"

#include <algorithm>

namespace strata::datalog {
namespace {

constexpr double rows_of_generator = 20;

/// Lower comes first. What gives one row at most costs nothing.
double cost_of(const Part& part, const Bound& bound, const RowEstimate& estimate) {
  if (part.kind == Part::Kind::atom) {
    return part.negated ? 0 : estimate(part, bound_columns(part, bound));
  }
  const bool generates =
      (part.kind == Part::Kind::member || part.kind == Part::Kind::span) && !is_bound(*part.left, bound);
  return generates ? rows_of_generator : 0;
}

}  // namespace

bool is_bound(const Term& term, const Bound& bound) {
  return term.kind == Term::Kind::constant || (term.is_variable() && bound[term.id]);
}

bool is_bound(const Formula& formula, const Bound& bound) {
  bool all = true;
  for_each_variable(formula, [&](std::uint32_t variable) { all = all && bound[variable]; });
  return all;
}

Columns bound_columns(const Part& atom, const Bound& bound) {
  Columns columns = 0;
  for (std::size_t i = 0; i < atom.terms.size(); ++i) {
    if (is_bound(atom.terms[i], bound)) columns |= Columns{1} << i;
  }
  return columns;
}

bool is_ready(const Part& part, const Bound& bound) {
  if (part.kind == Part::Kind::atom) {
    return !part.negated || std::all_of(part.terms.begin(), part.terms.end(),
                                        [&](const Term& term) { return !term.is_variable() || bound[term.id]; });
  }
  const bool left = is_bound(*part.left, bound);
  const bool right = !part.right || is_bound(*part.right, bound);
  const bool upper = !part.upper || is_bound(*part.upper, bound);
  if (left && right && upper) return true;
  if (right && upper && part.binds_left()) return true;
  return left && part.binds_right();
}

void mark_bound(const Part& part, Bound& bound) {
  if (part.negated) return;
  for_each_variable(part, [&](std::uint32_t variable) { bound[variable] = 1; });
}

std::vector<std::size_t> order_body(const std::vector<Part>& body, Bound bound, const RowEstimate& estimate,
                                    std::optional<std::size_t> first) {
  std::vector<std::size_t> order;
  std::vector<char> taken(body.size());
  const auto take = [&](std::size_t place) {
    taken[place] = 1;
    order.push_back(place);
    mark_bound(body[place], bound);
  };
  if (first) take(*first);
  while (order.size() < body.size()) {
    std::optional<std::size_t> best;
    double best_cost = 0;
    for (std::size_t place = 0; place < body.size(); ++place) {
      if (taken[place] || !is_ready(body[place], bound)) continue;
      const double cost = cost_of(body[place], bound, estimate);
      if (best && cost >= best_cost) continue;
      best = place;
      best_cost = cost;
    }
    if (!best) return order;
    take(*best);
  }
  return order;
}

}  // namespace strata::datalog
