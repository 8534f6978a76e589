#include "view/text/top_hits.hpp"

#include <algorithm>

namespace strata::view::text {
namespace {

constexpr std::size_t slack = 1024;

}  // namespace

void TopHits::add(double score, std::uint64_t row, bool apart) {
  if (wanted_ == 0) return;
  candidates_.push_back({score, row, apart});
  if (candidates_.size() > wanted_ && candidates_.size() - wanted_ >= wanted_ + slack) prune();
}

/// Keys decide among those alone whose score is that of the last one wanted.
void TopHits::prune() {
  if (candidates_.size() <= wanted_) return;
  const auto better = [](const Candidate& a, const Candidate& b) { return a.score > b.score; };
  const auto last = candidates_.begin() + static_cast<std::ptrdiff_t>(wanted_ - 1);
  std::nth_element(candidates_.begin(), last, candidates_.end(), better);
  const double least = last->score;
  const auto equal = std::partition(candidates_.begin(), candidates_.end(),
                                    [&](const Candidate& candidate) { return candidate.score > least; });
  const auto beyond =
      std::partition(equal, candidates_.end(), [&](const Candidate& candidate) { return candidate.score == least; });
  candidates_.erase(beyond, candidates_.end());
  if (candidates_.size() <= wanted_) return;
  const auto ties = candidates_.begin() + (equal - candidates_.begin());
  std::for_each(ties, candidates_.end(), [&](Candidate& candidate) {
    if (!candidate.known) look_(candidate);
  });
  std::sort(ties, candidates_.end(), [](const Candidate& a, const Candidate& b) { return a.key < b.key; });
  candidates_.resize(wanted_);
}

std::vector<Candidate> TopHits::take() {
  prune();
  for (Candidate& candidate : candidates_) {
    if (!candidate.known) look_(candidate);
  }
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score > b.score : a.key < b.key;
  });
  return std::move(candidates_);
}

}  // namespace strata::view::text
