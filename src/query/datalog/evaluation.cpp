#include "query/datalog/evaluation.hpp"

#include <algorithm>
#include <cmath>

#include "platform/clock.hpp"
#include "query/datalog/aggregation.hpp"

namespace strata::datalog {
namespace {

/// Whether a solution of an aggregating rule may be found twice. A row of each of its atoms belongs to one solution,
/// for all of their columns are variables or known; but an array may have an element twice.
bool repeats(const CompiledRule& rule) {
  return std::any_of(rule.body.begin(), rule.body.end(),
                     [](const Part& part) { return part.kind == Part::Kind::member; });
}

}  // namespace

Evaluation::Evaluation(const CompiledProgram& program, const Strata& strata, ValuePool& pool, Limits& limits, Time now)
    : program_(program),
      strata_(strata),
      pool_(pool),
      limits_(limits),
      now_(now),
      fresh_(program.relations.size()),
      steps_(program.rules.size()) {
  for (const RelationPlan& plan : program.relations) {
    relations_.push_back(plan.table ? nullptr : std::make_unique<Relation>(plan.arity, limits));
    for (const auto& row : plan.rows) {
      limits.tick();
      relations_.back()->insert(row.data());
    }
  }
  for (std::size_t i = 0; i < program.rules.size(); ++i) steps_[i].rule = program.rules[i].text;
}

void Evaluation::run() {
  for (std::size_t stratum = 0; stratum < strata_.rules.size(); ++stratum) run_stratum(stratum);
  limits_.set_rule(nullptr);
}

std::vector<DatalogStep> Evaluation::take_steps() {
  std::stable_sort(steps_.begin(), steps_.end(),
                   [](const DatalogStep& a, const DatalogStep& b) { return a.stratum < b.stratum; });
  return std::move(steps_);
}

bool Evaluation::is_recursive(const Part& part, std::size_t stratum) const {
  return part.kind == Part::Kind::atom && strata_.of_relation[part.relation] == stratum;
}

void Evaluation::run_stratum(std::size_t stratum) {
  std::vector<Variant> variants;
  for (const std::size_t rule : strata_.rules[stratum]) {
    steps_[rule].stratum = stratum;
    std::vector<std::size_t> recursive;
    const auto& body = program_.rules[rule].body;
    for (std::size_t place = 0; place < body.size(); ++place) {
      if (is_recursive(body[place], stratum)) recursive.push_back(place);
    }
    if (recursive.empty()) run_rule(rule, nullptr);
    for (std::size_t lead = 0; lead < recursive.size(); ++lead) variants.push_back({rule, recursive, lead});
  }
  if (variants.empty()) return;
  std::vector<std::size_t> members;
  for (std::size_t relation = 0; relation < relations_.size(); ++relation) {
    if (relations_[relation] && strata_.of_relation[relation] == stratum) members.push_back(relation);
  }
  for (const std::size_t member : members) fresh_[member] = {0, static_cast<std::uint32_t>(relations_[member]->size())};
  for (bool grew = true; grew;) {
    for (const Variant& variant : variants) run_variant(variant);
    grew = false;
    for (const std::size_t member : members) {
      fresh_[member] = {fresh_[member].end, static_cast<std::uint32_t>(relations_[member]->size())};
      grew = grew || fresh_[member].begin < fresh_[member].end;
    }
  }
}

void Evaluation::run_variant(const Variant& variant) {
  const auto& body = program_.rules[variant.rule].body;
  const RowRange fresh = fresh_[body[variant.recursive[variant.lead]].relation];
  if (fresh.begin < fresh.end) run_rule(variant.rule, &variant);
}

std::vector<Join::Input> Evaluation::inputs_of(const CompiledRule& rule) {
  std::vector<Join::Input> inputs(rule.body.size());
  for (std::size_t place = 0; place < rule.body.size(); ++place) {
    const Part& part = rule.body[place];
    if (part.kind != Part::Kind::atom) continue;
    const RelationPlan& plan = program_.relations[part.relation];
    inputs[place].table = plan.table.get();
    inputs[place].relation = plan.table ? &plan.table->relation() : relations_[part.relation].get();
    inputs[place].name = plan.name;
  }
  return inputs;
}

double Evaluation::estimate(const Part& atom, Columns known, const Join::Input& input) const {
  if (input.table) return input.table->estimate(known);
  const auto rows = static_cast<double>(std::min<std::size_t>(input.relation->size(), input.range.end) -
                                        std::min<std::size_t>(input.relation->size(), input.range.begin));
  if (known == 0 || rows == 0) return rows;
  if (const std::size_t keys = input.relation->keys(known)) return rows / static_cast<double>(keys);
  std::size_t columns = 0;
  for (std::size_t column = 0; column < atom.terms.size(); ++column) columns += (known >> column) & 1U;
  return std::pow(rows, 1 - static_cast<double>(columns) / static_cast<double>(atom.terms.size()));
}

void Evaluation::run_rule(std::size_t place, const Variant* variant) {
  const CompiledRule& rule = program_.rules[place];
  limits_.set_rule(&rule.text);
  limits_.check_time();
  const auto begin = platform::steady_now();
  DatalogStep& step = steps_[place];
  ++step.rounds;
  std::vector<Join::Input> inputs = inputs_of(rule);
  std::optional<std::size_t> first;
  if (variant) {
    for (std::size_t i = 0; i < variant->recursive.size(); ++i) {
      const std::size_t atom = variant->recursive[i];
      const RowRange fresh = fresh_[rule.body[atom].relation];
      inputs[atom].range = i == variant->lead ? fresh : RowRange{0, i < variant->lead ? fresh.end : fresh.begin};
    }
    first = variant->recursive[variant->lead];
  }
  const auto order = order_body(
      rule.body, Bound(rule.variables.size()),
      [&](const Part& part, Columns known) { return estimate(part, known, inputs[&part - rule.body.data()]); }, first);
  Join join(rule, inputs, order, pool_, limits_, now_);
  if (!variant || variant->lead == 0) step.access = join.describe();
  if (rule.aggregates) {
    Aggregation aggregation(rule, pool_, limits_, now_);
    if (repeats(rule)) {
      Relation solutions(rule.variables.size(), limits_);
      join.run([&](const ValueId* variables) {
        if (solutions.insert(variables)) aggregation.add(variables);
      });
    } else {
      join.run([&](const ValueId* variables) { aggregation.add(variables); });
    }
    aggregation.finish([&](const ValueId* row) { insert(place, row); });
  } else {
    head_.resize(std::max(head_.size(), rule.head.size()));
    join.run([&](const ValueId* variables) {
      for (std::size_t i = 0; i < rule.head.size(); ++i) {
        head_[i] = evaluate(*rule.head[i].formula, variables, pool_, now_);
        if (head_[i] == no_value) return;
      }
      insert(place, head_.data());
    });
  }
  step.time += platform::steady_now() - begin;
}

void Evaluation::insert(std::size_t rule, const ValueId* row) {
  ++steps_[rule].derived;
  if (relations_[program_.rules[rule].relation]->insert(row)) ++steps_[rule].rows;
}

}  // namespace strata::datalog
