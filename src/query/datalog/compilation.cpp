#include "query/datalog/compilation.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "query/datalog/body_order.hpp"
#include "query/datalog/pattern.hpp"

namespace strata::datalog {
namespace {

constexpr std::array<std::pair<std::string_view, Aggregate>, 8> aggregates{
    {{"count", Aggregate::count},
     {"count_distinct", Aggregate::count_distinct},
     {"sum", Aggregate::sum},
     {"mean", Aggregate::mean},
     {"min", Aggregate::min},
     {"max", Aggregate::max},
     {"collect", Aggregate::collect},
     {"unique", Aggregate::unique}}};

Aggregate aggregate_named(const Expression& term) {
  if (term.kind != Expression::Kind::call || term.quoted) return Aggregate::none;
  for (const auto& [name, aggregate] : aggregates) {
    if (term.name == name) return aggregate;
  }
  return Aggregate::none;
}

std::string relation_text(const std::string& name, std::size_t arity) {
  return "`" + name + "` of " + std::to_string(arity) + (arity == 1 ? " argument" : " arguments");
}

/// Relations by name, and the tables of facts that atoms look into.
class Names {
 public:
  Names(CompiledProgram& program, Facts& facts, ValuePool& pool, Limits& limits)
      : program_(program), facts_(facts), pool_(pool), limits_(limits) {}

  void define(const Expression& head) {
    const auto known = derived_.find(head.name);
    if (known != derived_.end()) {
      check_arity(head, known->second);
      return;
    }
    derived_.emplace(head.name, program_.relations.size());
    program_.relations.push_back({head.name, head.parts.size(), false, {}, {}, 0});
  }
  std::optional<std::size_t> derived(const std::string& name) const {
    const auto known = derived_.find(name);
    return known == derived_.end() ? std::nullopt : std::optional(known->second);
  }
  void check_arity(const Expression& atom, std::size_t relation) const {
    const std::size_t arity = program_.relations[relation].arity;
    if (arity == atom.parts.size()) return;
    fail(atom.place, relation_text(atom.name, atom.parts.size()) + " is used, but its first rule has " +
                         std::to_string(arity) + "; a relation has one number of arguments");
  }
  /// What the atom of a base relation is about; nothing when there is no such relation.
  std::optional<FactSet> base(const Expression& atom) const {
    if (!atom.quoted && atom.name == "edge") return FactSet{FactSet::Kind::edges, {}, true};
    if (!atom.quoted && atom.name == "stream") return FactSet{FactSet::Kind::events, {}, true};
    if (facts_.has_collection(atom.name)) return FactSet{FactSet::Kind::collection, atom.name, true};
    return std::nullopt;
  }
  std::size_t table(FactPattern pattern) {
    const std::string identity = identity_of(pattern);
    const auto known = tables_.find(identity);
    if (known != tables_.end()) return known->second;
    RelationPlan relation;
    relation.name = pattern.set.name;
    relation.arity = pattern.columns;
    relation.table = std::make_shared<FactTable>(std::move(pattern), facts_, pool_, limits_);
    tables_.emplace(identity, program_.relations.size());
    program_.relations.push_back(std::move(relation));
    return program_.relations.size() - 1;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [name, relation] : derived_) out.push_back(name);
    return out;
  }

 private:
  CompiledProgram& program_;
  Facts& facts_;
  ValuePool& pool_;
  Limits& limits_;
  std::map<std::string, std::size_t, std::less<>> derived_;
  std::map<std::string, std::size_t> tables_;
};

/// One rule.
class RuleCompiler {
 public:
  RuleCompiler(Names& names, Facts& facts, ValuePool& pool, bool aggregates)
      : names_(names), facts_(facts), pool_(pool), every_solution_(aggregates) {}

  CompiledRule& rule() { return rule_; }
  const std::vector<Place>& places() const { return places_; }

  FormulaPointer formula(const Expression& expression) {
    auto made = std::make_shared<Formula>(formula_of(expression));
    fold(*made);
    return made;
  }

  void add(const Literal& literal) {
    if (literal.kind == Literal::Kind::call) return add_call(literal);
    Part part;
    part.negated = literal.negated;
    part.place = literal.place;
    part.kind = literal.kind == Literal::Kind::member ? Part::Kind::member : Part::Kind::compare;
    part.comparison = literal.comparison;
    part.left = formula(literal.left);
    part.right = formula(literal.right);
    rule_.body.push_back(std::move(part));
  }

  /// Names the variable that nothing binds.
  void check_bound(const Bound& bound, const std::vector<std::uint32_t>& needed) const {
    std::optional<std::uint32_t> first;
    for (const std::uint32_t variable : needed) {
      if (bound[variable]) continue;
      const Place place = places_[variable];
      if (!first || std::pair(place.line, place.column) < std::pair(places_[*first].line, places_[*first].column)) {
        first = variable;
      }
    }
    if (!first) return;
    fail(places_[*first], "`" + rule_.variables[*first] +
                              "` is not bound: it must stand in a relation that is not negated, or be computed with "
                              "`=` from what is bound");
  }

 private:
  std::uint32_t new_variable(const std::string& name, Place place) {
    rule_.variables.push_back(name);
    places_.push_back(place);
    return static_cast<std::uint32_t>(rule_.variables.size() - 1);
  }

  std::uint32_t variable(const Expression& expression) {
    if (expression.is_anonymous()) fail(expression.place, "`_` has no value: give the variable a name");
    const auto known = variables_.find(expression.name);
    if (known != variables_.end()) return known->second;
    const std::uint32_t id = new_variable(expression.name, expression.place);
    variables_.emplace(expression.name, id);
    return id;
  }

  Formula formula_of(const Expression& expression) {
    Formula out;
    switch (expression.kind) {
      case Expression::Kind::constant:
        out.constant = pool_.put(expression.value);
        return out;
      case Expression::Kind::variable:
        out.kind = Formula::Kind::variable;
        out.variable = variable(expression);
        return out;
      case Expression::Kind::each:
        fail(expression.place, "`*X` stands for each element of an array in a record's pattern, and nowhere else");
      case Expression::Kind::path:
        out.kind = Formula::Kind::path;
        out.path = expression.name;
        Value().view().at(expression.name);  // malformed: says so
        break;
      case Expression::Kind::array:
        out.kind = Formula::Kind::array;
        break;
      case Expression::Kind::object:
        out.kind = Formula::Kind::object;
        out.names = expression.names;
        check_names(expression);
        break;
      case Expression::Kind::call:
        out.kind = Formula::Kind::call;
        out.function = function(expression);
        break;
    }
    for (const Expression& part : expression.parts) out.parts.push_back(formula_of(part));
    return out;
  }

  static void check_names(const Expression& object) {
    std::vector<std::string> names = object.names;
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) fail(object.place, "the object has member `" + *twice + "` twice");
  }

  const Function* function(const Expression& call) const {
    const Function* const function = call.quoted ? nullptr : find_function(call.name);
    if (!function) {
      if (aggregate_named(call) != Aggregate::none) {
        fail(call.place, "`" + call.name + "` aggregates: it stands in the head of a rule, not within an expression");
      }
      if (names_.derived(call.name) || names_.base(call)) {
        fail(call.place, "`" + call.name + "` is a relation: it stands as a part of its own, between commas");
      }
      fail(call.place, "there is no function `" + call.name + "`");
    }
    if (call.parts.size() < function->arguments_min || call.parts.size() > function->arguments_max) {
      fail(call.place, "`" + call.name + "` takes " + std::to_string(function->arguments_min) +
                           (function->arguments_max == function->arguments_min ? "" : " or more") + " arguments, not " +
                           std::to_string(call.parts.size()));
    }
    return function;
  }

  /// What holds no variable is worked out once.
  void fold(Formula& formula) {
    if (formula.kind == Formula::Kind::constant || formula.is_variable()) return;
    bool varies = false;
    for_each_variable(formula, [&](std::uint32_t) { varies = true; });
    if (varies) {
      for (Formula& part : formula.parts) fold(part);
      return;
    }
    const ValueId value = evaluate(formula, nullptr, pool_, facts_.now());
    formula = Formula{};
    formula.constant = value;
  }

  /// A term for an argument; an expression becomes a variable that is computed beside the atom.
  Term term(const Expression& argument, bool negated) {
    if (argument.is_anonymous()) {
      if (negated || !every_solution_) return {};
      return Term::variable(new_variable("_", argument.place));
    }
    const FormulaPointer value = formula(argument);
    if (value->is_variable()) return Term::variable(value->variable);
    if (value->kind == Formula::Kind::constant && value->constant != no_value) return Term::constant(value->constant);
    Part part;
    part.kind = Part::Kind::compare;
    part.place = argument.place;
    auto left = std::make_shared<Formula>();
    left->kind = Formula::Kind::variable;
    left->variable = new_variable("an expression", argument.place);
    part.right = value;
    part.left = left;
    rule_.body.push_back(part);
    return Term::variable(left->variable);
  }

  void add_call(const Literal& literal) {
    const Expression& call = literal.left;
    if (const auto relation = names_.derived(call.name)) {
      names_.check_arity(call, *relation);
      Part part = atom(literal, *relation);
      for (const Expression& argument : call.parts) part.terms.push_back(term(argument, literal.negated));
      rule_.body.push_back(std::move(part));
      return;
    }
    if (!call.quoted && (call.name == "member" || call.name == "between")) return add_builtin(literal);
    const bool is_relation = call.name == "edge" || call.name == "stream";
    if (const Function* found = call.quoted || is_relation ? nullptr : find_function(call.name)) {
      if (!found->test) {
        fail(call.place,
             "`" + call.name + "` says neither true nor false: compare its value, as in `X = " + call.name + "(...)`");
      }
      Part part;
      part.kind = Part::Kind::truth;
      part.negated = literal.negated;
      part.place = literal.place;
      part.left = formula(call);
      rule_.body.push_back(std::move(part));
      return;
    }
    add_facts(literal);
  }

  static Part atom(const Literal& literal, std::size_t relation) {
    Part part;
    part.negated = literal.negated;
    part.place = literal.place;
    part.relation = relation;
    return part;
  }

  void add_builtin(const Literal& literal) {
    const Expression& call = literal.left;
    const bool member = call.name == "member";
    const std::size_t arguments = member ? 2 : 3;
    if (call.parts.size() != arguments) {
      fail(call.place, member ? "write member(X, Array)" : "write between(X, Lowest, Highest)");
    }
    Part part;
    part.kind = member ? Part::Kind::member : Part::Kind::span;
    part.negated = literal.negated;
    part.place = literal.place;
    part.left = formula(call.parts[0]);
    part.right = formula(call.parts[1]);
    if (!member) part.upper = formula(call.parts[2]);
    rule_.body.push_back(std::move(part));
  }

  void add_facts(const Literal& literal) {
    const Expression& call = literal.left;
    const auto set = names_.base(call);
    if (!set) {
      std::string message = "there is no rule, relation or collection `" + call.name + "`";
      const auto names = names_.names();
      if (!names.empty()) {
        message += "; there are rules for ";
        for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 5); ++i) {
          message += (i == 0 ? "`" : ", `") + names[i] + "`";
        }
      }
      fail(call.place, message, ErrorCode::not_found);
    }
    PatternBuilder builder(*set, call);
    Part part = atom(literal, 0);
    builder.build([&](const Expression& argument, bool matters) -> PatternUse {
      if (argument.is_anonymous() && (!matters || !every_solution_ || literal.negated)) return {};
      const Term made = term(argument, literal.negated);
      if (made.kind == Term::Kind::constant) return {PatternUse::Kind::fixed, made.id, 0};
      part.terms.push_back(made);
      return {PatternUse::Kind::column, no_value, part.terms.size() - 1};
    });
    part.relation = names_.table(builder.take());
    rule_.body.push_back(std::move(part));
  }

  Names& names_;
  Facts& facts_;
  ValuePool& pool_;
  bool every_solution_;  ///< Anonymous variables count: the rule aggregates.
  CompiledRule rule_;
  std::map<std::string, std::uint32_t, std::less<>> variables_;
  std::vector<Place> places_;
};

class Compiler {
 public:
  Compiler(const Program& source, Facts& facts, ValuePool& pool, Limits& limits)
      : source_(source), facts_(facts), pool_(pool), limits_(limits), names_(compiled_.program, facts, pool, limits) {}

  Compiled compile() {
    compiled_.program.relations.push_back({"answer", 0, true, {}, {}, 0});
    for (const Rule& rule : source_.rules) names_.define(rule.head);
    for (const Rule& rule : source_.rules) {
      if (!rule.body.empty()) compiled_.program.relations[*names_.derived(rule.head.name)].derived = true;
    }
    for (const Rule& rule : source_.rules) {
      limits_.tick();
      if (rule.body.empty()) {
        add_fact(rule);
      } else {
        add_rule(rule);
      }
    }
    set_facts_apart();
    add_question();
    return std::move(compiled_);
  }

 private:
  CompiledProgram& program() { return compiled_.program; }

  void add_fact(const Rule& rule) {
    RuleCompiler compiler(names_, facts_, pool_, false);
    std::vector<ValueId> row;
    for (const Expression& part : rule.head.parts) {
      if (aggregate_named(part) != Aggregate::none) fail(part.place, "a fact has nothing to aggregate");
      const FormulaPointer value = compiler.formula(part);
      if (!compiler.rule().variables.empty()) {
        fail(compiler.places().front(),
             "`" + compiler.rule().variables.front() + "` is not bound: a fact has values alone");
      }
      if (value->constant == no_value) fail(part.place, "the expression has no value");
      row.push_back(value->constant);
    }
    limits_.charge(row.size() * sizeof(ValueId));
    program().relations[*names_.derived(rule.head.name)].rows.push_back(std::move(row));
  }

  void add_rule(const Rule& rule) {
    const bool aggregates = std::any_of(rule.head.parts.begin(), rule.head.parts.end(), [](const Expression& part) {
      return aggregate_named(part) != Aggregate::none;
    });
    RuleCompiler compiler(names_, facts_, pool_, aggregates);
    for (const Literal& literal : rule.body) compiler.add(literal);
    CompiledRule& made = compiler.rule();
    made.relation = *names_.derived(rule.head.name);
    made.aggregates = aggregates;
    for (const Expression& part : rule.head.parts) {
      HeadTerm term{aggregate_named(part), {}};
      if (term.aggregate == Aggregate::none) {
        term.formula = compiler.formula(part);
      } else {
        program().relations[made.relation].aggregates |= Columns{1} << made.head.size();
        if (part.parts.size() > 1 || (part.parts.empty() && term.aggregate != Aggregate::count)) {
          fail(part.place, "`" + part.name + "` aggregates one expression, as in " + part.name + "(X)");
        }
        if (!part.parts.empty() && !part.parts.front().is_anonymous())
          term.formula = compiler.formula(part.parts.front());
      }
      made.head.push_back(std::move(term));
    }
    made.text = rule.text;
    finish(compiler);
  }

  /// Each variable is bound by the body.
  void finish(RuleCompiler& compiler) {
    CompiledRule& rule = compiler.rule();
    Bound bound(rule.variables.size());
    const auto order = order_body(rule.body, bound, [](const Part&, Columns) { return 1.0; });
    std::vector<char> taken(rule.body.size());
    for (const std::size_t place : order) {
      taken[place] = 1;
      mark_bound(rule.body[place], bound);
    }
    std::vector<std::uint32_t> needed;
    for (std::size_t place = 0; place < rule.body.size(); ++place) {
      if (!taken[place]) for_each_variable(rule.body[place], [&](std::uint32_t id) { needed.push_back(id); });
    }
    for (const HeadTerm& term : rule.head) {
      if (term.formula) for_each_variable(*term.formula, [&](std::uint32_t id) { needed.push_back(id); });
    }
    compiler.check_bound(bound, needed);
    program().rules.push_back(std::move(rule));
  }

  /// Facts of a relation that has rules too become a relation of their own and a rule: a relation is one or the other.
  void set_facts_apart() {
    const std::size_t relations = program().relations.size();
    for (std::size_t relation = 0; relation < relations; ++relation) {
      if (!program().relations[relation].derived || program().relations[relation].rows.empty()) continue;
      RelationPlan facts{program().relations[relation].name + " facts",
                         program().relations[relation].arity,
                         false,
                         {},
                         std::move(program().relations[relation].rows),
                         0};
      program().relations[relation].rows.clear();
      CompiledRule rule;
      rule.relation = relation;
      rule.text = facts.name;
      Part atom;
      atom.relation = program().relations.size();
      for (std::uint32_t i = 0; i < facts.arity; ++i) {
        atom.terms.push_back(Term::variable(i));
        auto variable = std::make_shared<Formula>();
        variable->kind = Formula::Kind::variable;
        variable->variable = i;
        rule.head.push_back({Aggregate::none, variable});
        rule.variables.emplace_back("_");
      }
      rule.body.push_back(std::move(atom));
      program().relations.push_back(std::move(facts));
      program().rules.push_back(std::move(rule));
    }
  }

  void add_question() {
    RuleCompiler compiler(names_, facts_, pool_, false);
    for (const Literal& literal : source_.question) compiler.add(literal);
    CompiledRule& rule = compiler.rule();
    rule.text = source_.question_text;
    // In the order in which they are written: a relation's arguments may have been numbered before a part's own.
    std::vector<std::uint32_t> shown;
    for (std::uint32_t id = 0; id < rule.variables.size(); ++id) {
      const std::string& name = rule.variables[id];
      if (name[0] >= 'A' && name[0] <= 'Z') shown.push_back(id);
    }
    const auto& places = compiler.places();
    std::sort(shown.begin(), shown.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::pair(places[a].line, places[a].column) < std::pair(places[b].line, places[b].column);
    });
    for (const std::uint32_t id : shown) {
      auto variable = std::make_shared<Formula>();
      variable->kind = Formula::Kind::variable;
      variable->variable = id;
      rule.head.push_back({Aggregate::none, variable});
      compiled_.columns.push_back(rule.variables[id]);
    }
    program().relations[0].arity = rule.head.size();
    for (const OrderTerm& term : source_.order) {
      const auto column = std::find(compiled_.columns.begin(), compiled_.columns.end(), term.variable);
      if (column == compiled_.columns.end()) {
        fail(term.place, "`" + term.variable + "` is no variable of the question");
      }
      compiled_.order.emplace_back(column - compiled_.columns.begin(), term.descending);
    }
    finish(compiler);
  }

  const Program& source_;
  Facts& facts_;
  ValuePool& pool_;
  Limits& limits_;
  Compiled compiled_;
  Names names_;
};

}  // namespace

Compiled compile(const Program& program, Facts& facts, ValuePool& pool, Limits& limits) {
  return Compiler(program, facts, pool, limits).compile();
}

}  // namespace strata::datalog
