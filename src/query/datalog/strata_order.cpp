#include "query/datalog/strata_order.hpp"

#include <algorithm>

namespace strata::datalog {
namespace {

constexpr std::size_t unseen = ~std::size_t{0};

/// Tarjan's strongly connected components, without recursion: a program may chain as many relations as it likes.
class Components {
 public:
  explicit Components(const std::vector<std::vector<std::size_t>>& uses)
      : uses_(uses), number_(uses.size(), unseen), low_(uses.size()), on_stack_(uses.size()), component(uses.size()) {
    for (std::size_t node = 0; node < uses.size(); ++node) {
      if (number_[node] == unseen) visit(node);
    }
  }

 private:
  struct Frame {
    std::size_t node;
    std::size_t next;
  };

  void enter(std::size_t node) {
    number_[node] = low_[node] = count_++;
    stack_.push_back(node);
    on_stack_[node] = 1;
    frames_.push_back({node, 0});
  }

  void visit(std::size_t start) {
    enter(start);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      const std::size_t node = frame.node;
      if (frame.next < uses_[node].size()) {
        const std::size_t used = uses_[node][frame.next++];
        if (number_[used] == unseen) {
          enter(used);
        } else if (on_stack_[used]) {
          low_[node] = std::min(low_[node], number_[used]);
        }
        continue;
      }
      frames_.pop_back();
      if (!frames_.empty()) low_[frames_.back().node] = std::min(low_[frames_.back().node], low_[node]);
      if (low_[node] == number_[node]) close(node);
    }
  }

  void close(std::size_t node) {
    std::size_t member = unseen;
    while (member != node) {
      member = stack_.back();
      stack_.pop_back();
      on_stack_[member] = 0;
      component[member] = components;
    }
    ++components;
  }

  const std::vector<std::vector<std::size_t>>& uses_;
  std::vector<std::size_t> number_;
  std::vector<std::size_t> low_;
  std::vector<char> on_stack_;
  std::vector<std::size_t> stack_;
  std::vector<Frame> frames_;
  std::size_t count_ = 0;

 public:
  std::vector<std::size_t> component;  ///< Those that are used have the lower numbers.
  std::size_t components = 0;
};

}  // namespace

Strata order_strata(const CompiledProgram& program) {
  std::vector<std::vector<std::size_t>> uses(program.relations.size());
  for (const CompiledRule& rule : program.rules) {
    for (const Part& part : rule.body) {
      if (part.kind == Part::Kind::atom) uses[rule.relation].push_back(part.relation);
    }
  }
  const Components components(uses);
  Strata strata;
  strata.of_relation = components.component;
  strata.rules.resize(components.components);
  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    const CompiledRule& rule = program.rules[i];
    const std::size_t stratum = components.component[rule.relation];
    strata.rules[stratum].push_back(i);
    for (const Part& part : rule.body) {
      if (part.kind != Part::Kind::atom || components.component[part.relation] != stratum) continue;
      if (!strata.circle.empty() || (!part.negated && !rule.aggregates)) continue;
      strata.circle = "`" + program.relations[rule.relation].name + "` needs `" +
                      program.relations[part.relation].name + "` " +
                      (part.negated ? "to be known before `not`" : "to be complete before it aggregates") +
                      ", and the latter builds on the former, in rule `" + rule.text + "`";
    }
  }
  // Numbered anew without those that have no rules.
  std::vector<std::size_t> renumbered(strata.rules.size());
  std::size_t next = 0;
  for (std::size_t stratum = 0; stratum < strata.rules.size(); ++stratum) {
    renumbered[stratum] = next;
    if (!strata.rules[stratum].empty()) ++next;
  }
  for (std::size_t& stratum : strata.of_relation) {
    stratum = strata.rules[stratum].empty() ? unseen : renumbered[stratum];
  }
  std::erase_if(strata.rules, [](const auto& rules) { return rules.empty(); });
  return strata;
}

}  // namespace strata::datalog
