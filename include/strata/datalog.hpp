// Datalog: questions that need recursion, over collections, edges and streams at one state.
//
// A program is rules and one question. docs/DATALOG.md is its reference.
//
//   depends(A, B) :- edge(A, 'depends', B).
//   depends(A, C) :- depends(A, B), edge(B, 'depends', C).
//   ?- depends(P, 'packages/libssl3'), packages(P, {section: 'net'}).
//
// Rules may be recursive, also through one another; negation (`not`) and aggregation (`count(X)`, `sum(X)`, ...) must
// not run in a circle (`invalid_argument`, naming the rules). They are evaluated semi-naively over indexes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "strata/collection.hpp"
#include "strata/types.hpp"
#include "strata/value.hpp"

namespace strata {

struct DatalogOptions {
  Parameters parameters{};                              ///< Values for `:name`.
  std::size_t limit = 0;                                ///< Rows of the answer at most; 0: all.
  std::chrono::milliseconds time_max{30'000};           ///< `limit_exceeded` beyond; 0: no bound.
  std::uint64_t memory_max = std::uint64_t{256} << 20;  ///< Of what is read and derived; `limit_exceeded` beyond.
};

/// What was done for one rule.
struct DatalogStep {
  std::string rule{};    ///< As written, on one line; `wanted p[1]`: what is asked of `p`.
  std::string access{};  ///< How its parts are reached, in the order in which they are joined.
  std::size_t stratum = 0;
  std::uint64_t rounds = 0;   ///< Of the fixpoint.
  std::uint64_t derived = 0;  ///< Rows it gave, doubles included,
  std::uint64_t rows = 0;     ///< of which new.
  std::chrono::nanoseconds time{};
};

struct DatalogResult {
  std::vector<std::string> columns{};  ///< The question's variables as first written; not those that begin with `_`.
  std::vector<std::vector<Value>> rows{};  ///< Each row once; in the order asked for, else in that of the values.
  bool complete = true;                    ///< The limit left nothing out.
  Position position{};                     ///< The state that was asked.
  std::vector<DatalogStep> steps{};
  std::chrono::nanoseconds time{};
};

}  // namespace strata
