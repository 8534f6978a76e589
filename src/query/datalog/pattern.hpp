// What an atom of a base relation says of its facts: `packages(K, {section: S, depends: *{name: N}})`.
#pragma once

#include <functional>
#include <string>

#include "query/datalog/fact_table.hpp"
#include "query/datalog/syntax.hpp"

namespace strata::datalog {

class PatternBuilder {
 public:
  /// What becomes of an argument; `matters`: a fact may have several values there.
  using Use = std::function<PatternUse(const Expression& argument, bool matters)>;

  PatternBuilder(const FactSet& set, const Expression& atom) : atom_(atom) { pattern_.set = set; }

  /// `invalid_argument` with line and column.
  void build(const Use& use);
  FactPattern take() { return std::move(pattern_); }

 private:
  void add_plain(const Expression* argument, const std::string& name, const Use& use);
  void add_body(const Expression& argument, const Use& use);
  void add_members(const Expression& object, std::size_t from, bool matters, const Use& use);
  filter::Path path_of(const Expression& object, const std::string& name, std::size_t from) const;
  void note(const PatternUse& use, const std::string& name);

  const Expression& atom_;
  FactPattern pattern_;
};

/// Equal for patterns that take the same rows out of the same facts.
std::string identity_of(const FactPattern& pattern);

}  // namespace strata::datalog
