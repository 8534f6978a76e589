// Random vectors for tests and benchmarks, the same for the same seed on every machine.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "view/vector/vector_rows.hpp"

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

using FloatRows = std::vector<std::vector<float>>;

inline std::vector<float> random_vector(RandomSource& random, std::size_t dimension) {
  std::vector<float> vector(dimension);
  for (float& element : vector) element = random.normal();
  return vector;
}

inline FloatRows random_vectors(RandomSource& random, std::size_t count, std::size_t dimension) {
  FloatRows vectors;
  for (std::size_t number = 0; number < count; ++number) vectors.push_back(random_vector(random, dimension));
  return vectors;
}

/// Vectors around random centres, `spread` times as far from them as the centres are from each other.
inline FloatRows clustered_vectors(RandomSource& random, std::size_t count, const FloatRows& centres, float spread) {
  FloatRows vectors;
  for (std::size_t number = 0; number < count; ++number) {
    std::vector<float> vector = centres[random.below(centres.size())];
    for (float& element : vector) element += spread * random.normal();
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

/// Encoded rows, with their bytes.
class RowStore {
 public:
  RowStore(const RowShape& shape, const FloatRows& vectors)
      : bytes_(vectors.size() * row_bytes(shape)), rows_(shape, bytes_.data(), vectors.size()) {
    for (std::size_t row = 0; row < vectors.size(); ++row) {
      encode_row(shape, vectors[row], bytes_.data() + row * rows_.stride());
    }
  }
  RowStore(const RowStore&) = delete;
  RowStore& operator=(const RowStore&) = delete;

  const Rows& rows() const { return rows_; }
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
  Rows rows_;
};

}  // namespace strata::view
