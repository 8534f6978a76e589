// Several ranked lists become one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "strata/search.hpp"

namespace strata::query {

struct LegHit {
  std::string key;
  double score = 0;  ///< Higher is better.
};

struct RankedLeg {
  std::vector<LegHit> hits;  ///< The best first.
  double weight = 1;
};

struct FusedHit {
  std::string key;
  double score = 0;
  std::vector<std::size_t> ranks;             ///< In each leg, from 1; 0: not in it.
  std::vector<std::optional<double>> scores;  ///< In each leg.
};

/// By descending score, equal ones by key. One leg alone keeps its scores.
std::vector<FusedHit> fuse(const std::vector<RankedLeg>& legs, Fusion fusion);

}  // namespace strata::query
