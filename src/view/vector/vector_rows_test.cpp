#include "view/vector/vector_rows.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "strata/error.hpp"
#include "view/vector/vector_random.hpp"

namespace strata::view {
namespace {

std::vector<float> there_and_back(const RowShape& shape, const std::vector<float>& vector) {
  std::vector<std::byte> row(row_bytes(shape), std::byte{0xee});
  encode_row(shape, vector, row.data());
  return decode_row(shape, row.data());
}

double norm(const std::vector<float>& vector) {
  return std::sqrt(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0));
}

TEST(VectorRows, ARowTakesAMultipleOf32Bytes) {
  for (const ElementType type : {ElementType::f32, ElementType::f16, ElementType::i8}) {
    for (std::size_t dimension = 1; dimension < 200; ++dimension) {
      EXPECT_EQ(row_bytes({Metric::cosine, type, dimension}) % 32, 0U);
    }
  }
  EXPECT_EQ(row_bytes({Metric::cosine, ElementType::f32, 384}), 1536U);
  EXPECT_EQ(row_bytes({Metric::cosine, ElementType::f16, 384}), 768U);
  EXPECT_EQ(row_bytes({Metric::cosine, ElementType::i8, 384}), 416U);
}

TEST(VectorRows, ADimensionOutOfBoundsIsRefused) {
  EXPECT_THROW(row_bytes({Metric::l2, ElementType::f32, 0}), Error);
  EXPECT_THROW(row_bytes({Metric::l2, ElementType::f32, vector_dimension_max + 1}), Error);
  std::vector<std::byte> row(row_bytes({Metric::l2, ElementType::f32, 3}));
  EXPECT_THROW(encode_row({Metric::l2, ElementType::f32, 3}, std::vector<float>(4), row.data()), Error);
  EXPECT_THROW(Rows({Metric::l2, ElementType::f32, 3}, row.data(), rows_max + 1), Error);
}

TEST(VectorRows, ElementsComeBackAsFarAsTheirTypeHoldsThem) {
  RandomSource random(7);
  for (std::size_t dimension = 1; dimension < 100; ++dimension) {
    const std::vector<float> vector = random_vector(random, dimension);
    for (const Metric metric : {Metric::inner_product, Metric::l2}) {
      EXPECT_EQ(there_and_back({metric, ElementType::f32, dimension}, vector), vector);
      const auto halves = there_and_back({metric, ElementType::f16, dimension}, vector);
      const auto codes = there_and_back({metric, ElementType::i8, dimension}, vector);
      float largest = 0;
      for (const float element : vector) largest = std::max(largest, std::abs(element));
      for (std::size_t at = 0; at < dimension; ++at) {
        EXPECT_NEAR(halves[at], vector[at], std::abs(vector[at]) * 0x1p-11 + 0x1p-24);
        EXPECT_NEAR(codes[at], vector[at], largest / 127 * 0.501);
      }
    }
  }
}

TEST(VectorRows, RowsOfTheCosineAreNormalised) {
  RandomSource random(8);
  std::vector<float> vector = random_vector(random, 77);
  for (float& element : vector) element *= 1e-20F;
  EXPECT_NEAR(norm(there_and_back({Metric::cosine, ElementType::f32, 77}, vector)), 1, 1e-6);
  EXPECT_NEAR(norm(there_and_back({Metric::cosine, ElementType::f16, 77}, vector)), 1, 1e-3);
  EXPECT_NEAR(norm(there_and_back({Metric::cosine, ElementType::i8, 77}, vector)), 1, 1e-6);
}

TEST(VectorRows, AVectorOfNormZeroStaysSo) {
  for (const ElementType type : {ElementType::f32, ElementType::f16, ElementType::i8}) {
    EXPECT_EQ(there_and_back({Metric::cosine, type, 5}, std::vector<float>(5)), std::vector<float>(5));
  }
}

TEST(VectorRows, AVectorAndItsMultipleAreTheSameRowOfCodesUnderTheCosine) {
  RandomSource random(9);
  const RowShape shape{Metric::cosine, ElementType::i8, 64};
  const std::vector<float> vector = random_vector(random, 64);
  std::vector<float> larger = vector;
  for (float& element : larger) element *= 4;
  EXPECT_EQ(there_and_back(shape, vector), there_and_back(shape, larger));
}

}  // namespace
}  // namespace strata::view
