#include "view/vector/nearest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace strata::view {
void RowBatch::offer_to(BestRows& best, const std::optional<float>& score_min) {
  target_.scores(places_.data(), count_, scores_.data());
  for (std::size_t at = 0; at < count_; ++at) {
    if (!score_min || scores_[at] >= *score_min) best.offer({numbers_[at], scores_[at]});
  }
  count_ = 0;
}

void BestRows::offer(const Neighbor& candidate) {
  if (k_ == 0) return;
  Neighbor taken = candidate;
  if (std::isnan(taken.score)) taken.score = -std::numeric_limits<float>::infinity();
  if (heap_.size() == k_) {
    if (!nearer(taken, heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end(), nearer);
    heap_.back() = taken;
  } else {
    heap_.push_back(taken);
  }
  std::push_heap(heap_.begin(), heap_.end(), nearer);
}

std::vector<Neighbor> BestRows::take() {
  std::vector<Neighbor> best = std::move(heap_);
  heap_.clear();
  std::sort(best.begin(), best.end(), nearer);
  return best;
}

std::vector<Neighbor> find_nearest(const Rows& rows, const Target& target, const NearestOptions& options,
                                   const Accept& accept) {
  check_shape(rows, target);
  BestRows best(options.k);
  RowBatch waiting(rows, target);
  for (std::size_t row = 0; row < rows.count(); ++row) {
    const auto number = static_cast<std::uint32_t>(row);
    if (accept && !accept(number)) continue;
    waiting.add(number);
    if (waiting.full()) waiting.offer_to(best, options.score_min);
  }
  waiting.offer_to(best, options.score_min);
  return best.take();
}

void rank_again(const Rows& rows, const Target& target, std::size_t k, std::vector<Neighbor>& found) {
  check_shape(rows, target);
  for (const Neighbor& neighbor : found) __builtin_prefetch(rows[neighbor.row]);
  RowBatch waiting(rows, target);
  BestRows best(k);
  for (const Neighbor& neighbor : found) {
    waiting.add(neighbor.row);
    if (waiting.full()) waiting.offer_to(best, std::nullopt);
  }
  waiting.offer_to(best, std::nullopt);
  found = best.take();
}

}  // namespace strata::view
