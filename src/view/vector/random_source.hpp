// Random numbers that are the same for the same seed.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace strata::view {

/// SplitMix64 (Steele, Lea and Flood, 2014).
class RandomSource {
 public:
  explicit RandomSource(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t mixed = state_ += 0x9e37'79b9'7f4a'7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11eb;
    return mixed ^ (mixed >> 31);
  }
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }
  /// 0 to 1.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// Of the standard normal distribution.
  float normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return static_cast<float>(radius * std::cos(2 * 3.14159265358979323846 * uniform()));
  }

 private:
  std::uint64_t state_;
};

}  // namespace strata::view
