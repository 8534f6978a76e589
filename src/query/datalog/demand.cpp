#include "query/datalog/demand.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "query/datalog/body_order.hpp"

namespace strata::datalog {
namespace {

/// Before anything is worked out, a derived relation is taken to have so many rows.
constexpr double derived_rows = 1000;

/// What is handed down into relations that must be complete before they are used: those under `not`, and those that
/// aggregate.
enum class Handing { everything, constants, nothing_at_all };

FormulaPointer formula_of(const Term& term) {
  auto formula = std::make_shared<Formula>();
  if (term.is_variable()) {
    formula->kind = Formula::Kind::variable;
    formula->variable = term.id;
  } else {
    formula->constant = term.id;
  }
  return formula;
}

bool is_term(const Formula& formula) {
  return formula.is_variable() || (formula.kind == Formula::Kind::constant && formula.constant != no_value);
}

Term term_of(const Formula& formula) {
  return formula.is_variable() ? Term::variable(formula.variable) : Term::constant(formula.constant);
}

bool has(Columns columns, std::size_t column) { return ((columns >> column) & 1U) != 0; }

std::string bracketed(const std::string& name, Columns known) {
  std::string out = name + "[";
  for (std::size_t column = 0; column < 64; ++column) {
    if (has(known, column)) out += (out.back() == '[' ? "" : ",") + std::to_string(column + 1);
  }
  return out + "]";
}

class Rewriting {
 public:
  Rewriting(const CompiledProgram& in, const Strata& strata, Handing handing)
      : in_(in), strata_(strata), handing_(handing), rules_of_(in.relations.size()) {
    for (std::size_t i = 0; i < in.rules.size(); ++i) rules_of_[in.rules[i].relation].push_back(i);
  }

  /// False when the rewritten program grows beyond measure.
  bool run() {
    copy_of(0, 0);
    const std::size_t relations_max = 4 * in_.relations.size() + 500;
    const std::size_t rules_made_max = 8 * in_.rules.size() + 2000;
    while (!work_.empty()) {
      if (out_.relations.size() > relations_max || out_.rules.size() > rules_made_max) return false;
      const Item item = work_.back();
      work_.pop_back();
      for (const std::size_t rule : rules_of_[item.from]) {
        if (item.factored) {
          add_factored(in_.rules[rule], item);
        } else {
          add_copy(in_.rules[rule], item);
        }
      }
    }
    return true;
  }

  CompiledProgram take() { return std::move(out_); }

 private:
  /// A derived relation whose rules are to be rewritten for what is known of it.
  struct Item {
    std::size_t from = 0;    ///< In the program as it was.
    std::size_t to = 0;      ///< What it has become.
    std::size_t wanted = 0;  ///< The relation of known values that are asked for.
    Columns known = 0;
    bool factored = false;
  };

  std::size_t add_relation(std::string name, std::size_t arity) {
    RelationPlan plan;
    plan.name = std::move(name);
    plan.arity = arity;
    plan.derived = true;
    out_.relations.push_back(std::move(plan));
    return out_.relations.size() - 1;
  }

  static std::size_t count(Columns columns) {
    std::size_t count = 0;
    for (; columns != 0; columns &= columns - 1) ++count;
    return count;
  }

  const Item& copy_of(std::size_t from, Columns known) {
    const auto [place, fresh] = copies_.try_emplace({from, known});
    if (!fresh) return place->second;
    Item& item = place->second;
    item.from = from;
    item.known = known;
    const RelationPlan& plan = in_.relations[from];
    out_.relations.push_back(plan);
    item.to = out_.relations.size() - 1;
    if (!plan.derived) return item;
    if (known != 0) {
      out_.relations[item.to].name = bracketed(plan.name, known);
      item.wanted = add_relation("wanted " + bracketed(plan.name, known), count(known));
    }
    work_.push_back(item);
    return item;
  }

  /// The atom that asks whether a head's known values are wanted, and what computes them.
  void add_wanted_atom(CompiledRule& made, std::vector<Part>& body, const CompiledRule& rule, const Item& item) {
    if (item.known == 0) return;
    Part wanted;
    wanted.relation = item.wanted;
    for (std::size_t column = 0; column < rule.head.size(); ++column) {
      if (!has(item.known, column)) continue;
      const Formula& formula = *rule.head[column].formula;
      if (is_term(formula)) {
        wanted.terms.push_back(term_of(formula));
        continue;
      }
      const Term computed = Term::variable(static_cast<std::uint32_t>(made.variables.size()));
      made.variables.emplace_back("_");
      Part compare;
      compare.kind = Part::Kind::compare;
      compare.left = formula_of(computed);
      compare.right = rule.head[column].formula;
      body.push_back(std::move(compare));
      wanted.terms.push_back(computed);
    }
    body.insert(body.begin(), std::move(wanted));
  }

  void add_copy(const CompiledRule& rule, const Item& item) {
    CompiledRule made = rule;
    made.relation = item.to;
    std::vector<Part> body = rule.body;
    add_wanted_atom(made, body, rule, item);
    made.body = rewritten(made, std::move(body), item.known != 0);
    out_.rules.push_back(std::move(made));
  }

  /// In the order in which values are handed on; each atom on the copy of its relation that it needs. Makes the rules
  /// that say what is wanted of these copies.
  std::vector<Part> rewritten(const CompiledRule& made, std::vector<Part> body, bool wanted_first) {
    const auto estimate = [&](const Part& atom, Columns known) {
      if (wanted_first && &atom == body.data()) return 1.0;
      const RelationPlan& plan = in_.relations[atom.relation];
      if (plan.table) return plan.table->estimate(known);
      const double rows = plan.derived ? derived_rows : static_cast<double>(plan.rows.size());
      const double share =
          static_cast<double>(count(known)) / static_cast<double>(std::max<std::size_t>(1, plan.arity));
      return rows == 0 ? 0 : std::pow(rows, 1 - share);
    };
    Bound bound(made.variables.size());
    const auto order = order_body(body, bound, estimate, wanted_first ? std::optional<std::size_t>(0) : std::nullopt);
    std::vector<Part> out;
    for (const std::size_t place : order) {
      Part part = body[place];
      if (part.kind == Part::Kind::atom && !(wanted_first && place == 0)) redirect(made, part, bound, out);
      mark_bound(body[place], bound);
      out.push_back(std::move(part));
    }
    return out;
  }

  static Columns constant_columns(const Part& atom) {
    Columns columns = 0;
    for (std::size_t i = 0; i < atom.terms.size(); ++i) {
      if (atom.terms[i].kind == Term::Kind::constant) columns |= Columns{1} << i;
    }
    return columns;
  }

  /// What is handed down to the atom.
  Columns handed(const Part& atom, const Bound& bound) const {
    const RelationPlan& plan = in_.relations[atom.relation];
    if (!plan.derived || handing_ == Handing::nothing_at_all) return 0;
    const bool complete_first = atom.negated || plan.aggregates != 0;
    const bool all = !complete_first || handing_ == Handing::everything;
    return (all ? bound_columns(atom, bound) : constant_columns(atom)) & ~plan.aggregates;
  }

  void redirect(const CompiledRule& made, Part& atom, const Bound& bound, const std::vector<Part>& before) {
    const Columns known = handed(atom, bound);
    const bool constant = (known & ~constant_columns(atom)) == 0;
    if (known != 0 && constant && can_factor(atom.relation, known)) return use_factored(atom, known);
    const Item item = copy_of(atom.relation, known);
    if (known != 0) {
      CompiledRule wanted;
      wanted.relation = item.wanted;
      wanted.variables = made.variables;
      wanted.text = out_.relations[item.wanted].name;
      Part asked;
      asked.relation = item.wanted;
      for (std::size_t column = 0; column < atom.terms.size(); ++column) {
        if (!has(known, column)) continue;
        asked.terms.push_back(atom.terms[column]);
        wanted.head.push_back({Aggregate::none, formula_of(atom.terms[column])});
      }
      if (!constant) wanted.body = before;
      if (!says_nothing(wanted, asked)) out_.rules.push_back(std::move(wanted));
    }
    atom.relation = item.to;
  }

  /// `wanted(X) :- wanted(X), ...`
  static bool says_nothing(const CompiledRule& wanted, const Part& asked) {
    return std::any_of(wanted.body.begin(), wanted.body.end(), [&](const Part& part) {
      return part.kind == Part::Kind::atom && !part.negated && part.relation == asked.relation &&
             part.terms == asked.terms;
    });
  }

  // ---- one set of known values, handed from call to call, with the answer passed through unchanged: the answer is
  // that of whatever is reached, and need not be paired with where it was reached from.

  /// The atom of its own relation in a rule; nothing when there is none.
  static std::optional<std::size_t> own_atom(const CompiledRule& rule) {
    for (std::size_t place = 0; place < rule.body.size(); ++place) {
      if (rule.body[place].kind == Part::Kind::atom && rule.body[place].relation == rule.relation) return place;
    }
    return std::nullopt;
  }

  bool can_factor(std::size_t relation, Columns known) {
    const auto [place, fresh] = factorable_.try_emplace({relation, known}, false);
    if (!fresh) return place->second;
    bool recursive = false;
    for (const std::size_t number : rules_of_[relation]) {
      const CompiledRule& rule = in_.rules[number];
      const auto own = own_atom(rule);
      recursive = recursive || own;
      if (rule.aggregates || !is_simple(rule, own) || (own && !passes_on(rule, *own, known))) return false;
      for (std::size_t column = 0; column < rule.head.size(); ++column) {
        if (has(known, column) && !is_term(*rule.head[column].formula)) return false;
      }
    }
    return place->second = recursive;
  }

  /// Besides its own atom there is none of the same stratum.
  bool is_simple(const CompiledRule& rule, std::optional<std::size_t> own) const {
    for (std::size_t place = 0; place < rule.body.size(); ++place) {
      const Part& part = rule.body[place];
      if (part.kind != Part::Kind::atom || place == own) continue;
      if (strata_.of_relation[part.relation] == strata_.of_relation[rule.relation]) return false;
    }
    return true;
  }

  /// What is not known goes from the head to the rule's own atom as it is, and what is asked of that atom is known by
  /// the other parts.
  static bool passes_on(const CompiledRule& rule, std::size_t own, Columns known) {
    std::vector<std::size_t> occurrences(rule.variables.size());
    for (const Part& part : rule.body) for_each_variable(part, [&](std::uint32_t id) { ++occurrences[id]; });
    for (const HeadTerm& term : rule.head)
      for_each_variable(*term.formula, [&](std::uint32_t id) { ++occurrences[id]; });
    const Part& atom = rule.body[own];
    Bound bound(rule.variables.size());
    for (std::size_t column = 0; column < rule.head.size(); ++column) {
      const Formula& head = *rule.head[column].formula;
      if (has(known, column)) {
        if (head.is_variable()) bound[head.variable] = 1;
      } else if (!head.is_variable() || atom.terms[column] != Term::variable(head.variable) ||
                 occurrences[head.variable] != 2) {
        return false;
      }
    }
    std::vector<Part> others = rule.body;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(own));
    const auto order = order_body(others, bound, [](const Part&, Columns) { return 1.0; });
    if (order.size() < others.size()) return false;
    for (const Part& part : others) mark_bound(part, bound);
    for (std::size_t column = 0; column < atom.terms.size(); ++column) {
      if (has(known, column) && !is_bound(atom.terms[column], bound)) return false;
    }
    return true;
  }

  void use_factored(Part& atom, Columns known) {
    std::vector<ValueId> values;
    std::vector<Term> rest;
    for (std::size_t column = 0; column < atom.terms.size(); ++column) {
      if (has(known, column)) {
        values.push_back(atom.terms[column].id);
      } else {
        rest.push_back(atom.terms[column]);
      }
    }
    const auto [place, fresh] = factored_.try_emplace({atom.relation, known, values});
    if (fresh) {
      const std::string name = bracketed(in_.relations[atom.relation].name, known);
      Item& item = place->second;
      item.from = atom.relation;
      item.known = known;
      item.factored = true;
      item.to = add_relation(name, rest.size());
      item.wanted = add_relation("wanted " + name, values.size());
      CompiledRule seed;
      seed.relation = item.wanted;
      seed.text = "wanted " + name;
      for (const ValueId value : values) seed.head.push_back({Aggregate::none, formula_of(Term::constant(value))});
      out_.rules.push_back(std::move(seed));
      work_.push_back(item);
    }
    atom.relation = place->second.to;
    atom.terms = std::move(rest);
  }

  void add_factored(const CompiledRule& rule, const Item& item) {
    CompiledRule made = rule;
    std::vector<Part> body = rule.body;
    const auto own = own_atom(rule);
    made.head.clear();
    if (own) {
      made.relation = item.wanted;
      for (std::size_t column = 0; column < rule.head.size(); ++column) {
        if (has(item.known, column)) made.head.push_back({Aggregate::none, formula_of(rule.body[*own].terms[column])});
      }
      body.erase(body.begin() + static_cast<std::ptrdiff_t>(*own));
    } else {
      made.relation = item.to;
      for (std::size_t column = 0; column < rule.head.size(); ++column) {
        if (!has(item.known, column)) made.head.push_back(rule.head[column]);
      }
    }
    add_wanted_atom(made, body, rule, item);
    made.body = rewritten(made, std::move(body), true);
    out_.rules.push_back(std::move(made));
  }

  const CompiledProgram& in_;
  const Strata& strata_;
  Handing handing_;
  std::vector<std::vector<std::size_t>> rules_of_;
  std::map<std::pair<std::size_t, Columns>, Item> copies_;
  std::map<std::pair<std::size_t, Columns>, bool> factorable_;
  std::map<std::tuple<std::size_t, Columns, std::vector<ValueId>>, Item> factored_;
  std::vector<Item> work_;
  CompiledProgram out_;
};

}  // namespace

Demanded with_demand(const CompiledProgram& program) {
  const Strata strata = order_strata(program);
  if (!strata.circle.empty()) throw Error(ErrorCode::invalid_argument, "program: " + strata.circle);
  for (const Handing handing : {Handing::everything, Handing::constants, Handing::nothing_at_all}) {
    Rewriting rewriting(program, strata, handing);
    if (!rewriting.run()) continue;
    Demanded demanded{rewriting.take(), {}};
    demanded.strata = order_strata(demanded.program);
    if (demanded.strata.circle.empty()) return demanded;
  }
  throw Error(ErrorCode::internal, "a program could not be put in order");
}

}  // namespace strata::datalog
