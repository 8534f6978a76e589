// Random vectors for tests and benchmarks.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "view/vector/random_source.hpp"
#include "view/vector/vector_rows.hpp"

namespace strata::view {

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
