// From what was written to what runs: names are resolved, variables numbered, and each is bound somewhere.
#pragma once

#include "query/datalog/facts.hpp"
#include "query/datalog/rule.hpp"

namespace strata::datalog {

struct Compiled {
  CompiledProgram program{};
  std::vector<std::string> columns{};                 ///< Of the answer.
  std::vector<std::pair<std::size_t, bool>> order{};  ///< Column, descending.
};

/// `invalid_argument` and `not_found` with line and column.
Compiled compile(const Program& program, Facts& facts, ValuePool& pool, Limits& limits);

}  // namespace strata::datalog
