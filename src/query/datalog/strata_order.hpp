// In which order relations are worked out: those that refer to one another together, each such group (a stratum) after
// those that it builds on.
#pragma once

#include <optional>
#include <vector>

#include "query/datalog/rule.hpp"

namespace strata::datalog {

struct Strata {
  std::vector<std::vector<std::size_t>> rules{};  ///< Of each stratum: places in the program.
  std::vector<std::size_t> of_relation{};
  /// Relations that refer to one another through `not` or an aggregate, as a sentence; empty: none do.
  std::string circle{};
};

Strata order_strata(const CompiledProgram& program);

}  // namespace strata::datalog
