#include "query/fusion.hpp"

#include <algorithm>
#include <unordered_map>

namespace strata::query {
namespace {

/// Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods",
/// 2009.
constexpr double rank_offset = 60;

/// What a hit adds to the score.
double share_of(const RankedLeg& leg, std::size_t place, Fusion fusion) {
  if (fusion == Fusion::reciprocal_rank) return leg.weight / (rank_offset + static_cast<double>(place + 1));
  const double best = leg.hits.front().score, worst = leg.hits.back().score;
  const double stretched = best > worst ? (leg.hits[place].score - worst) / (best - worst) : 1;
  return leg.weight * stretched;
}

}  // namespace

std::vector<FusedHit> fuse(const std::vector<RankedLeg>& legs, Fusion fusion) {
  std::vector<FusedHit> fused;
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::size_t number = 0; number < legs.size(); ++number) {
    const RankedLeg& leg = legs[number];
    for (std::size_t place = 0; place < leg.hits.size(); ++place) {
      const LegHit& hit = leg.hits[place];
      const auto [found, fresh] = places.try_emplace(hit.key, fused.size());
      if (fresh) {
        FusedHit one;
        one.key = hit.key;
        one.ranks.resize(legs.size());
        one.scores.resize(legs.size());
        fused.push_back(std::move(one));
      }
      FusedHit& one = fused[found->second];
      one.ranks[number] = place + 1;
      one.scores[number] = hit.score;
      one.score += legs.size() == 1 ? hit.score : share_of(leg, place, fusion);
    }
  }
  std::sort(fused.begin(), fused.end(), [](const FusedHit& one, const FusedHit& other) {
    return one.score != other.score ? one.score > other.score : one.key < other.key;
  });
  return fused;
}

}  // namespace strata::query
