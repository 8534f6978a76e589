// Times of many runs of one piece of work, and what they come to.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

namespace strata::cli {

class Measurement {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  void add(Nanoseconds time) { times_.push_back(time); }
  void add(const std::vector<Nanoseconds>& times) { times_.insert(times_.end(), times.begin(), times.end()); }
  std::size_t count() const { return times_.size(); }
  const std::vector<Nanoseconds>& all() const { return times_; }

  /// The time that `percent` of the runs stayed within: the nearest rank. Zero of no runs.
  Nanoseconds percentile(double percent) const {
    if (times_.empty()) return {};
    std::vector<Nanoseconds> sorted = times_;
    const auto rank = static_cast<std::size_t>(std::lround(percent / 100 * static_cast<double>(sorted.size() - 1)));
    const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(std::min(rank, sorted.size() - 1));
    std::nth_element(sorted.begin(), at, sorted.end());
    return *at;
  }

 private:
  std::vector<Nanoseconds> times_;
};

}  // namespace strata::cli
