#include "view/vector/kernels.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "view/vector/target.hpp"
#include "view/vector/vector_random.hpp"

namespace strata::view {
namespace {

constexpr std::uint64_t seed = 20'160'330;

std::vector<std::size_t> dimensions() {
  std::vector<std::size_t> all;
  for (std::size_t dimension = 1; dimension <= 130; ++dimension) all.push_back(dimension);
  for (const std::size_t dimension : {255, 256, 384, 767, 768, 1024, 1536, 16384}) all.push_back(dimension);
  return all;
}

double expect(const std::vector<float>& one, const std::vector<float>& other, bool distance) {
  double sum = 0;
  for (std::size_t at = 0; at < one.size(); ++at) {
    const double difference = static_cast<double>(one[at]) - other[at];
    sum += distance ? difference * difference : static_cast<double>(one[at]) * other[at];
  }
  return sum;
}

/// Four rows of a shape whose first byte lies at an odd address.
struct Sample {
  Sample(const RowShape& row_shape, RandomSource& random) : shape(row_shape), bytes(4 * row_bytes(row_shape) + 1) {
    for (std::size_t row = 0; row < 4; ++row) {
      rows[row] = bytes.data() + 1 + row * row_bytes(shape);
      encode_row(shape, random_vector(random, shape.dimension), bytes.data() + 1 + row * row_bytes(shape));
    }
  }
  RowShape shape;
  std::vector<std::byte> bytes;
  std::array<const std::byte*, 4> rows{};
};

void check(const KernelPair& pair, const PreparedQuery& query, const std::vector<float>& vector, const Sample& sample,
           bool distance, double tolerance) {
  std::array<float, 4> together{};
  pair.four(query, sample.rows.data(), together.data());
  for (std::size_t row = 0; row < 4; ++row) {
    std::vector<float> decoded = decode_row(sample.shape, sample.rows[row]);
    if (sample.shape.type == ElementType::i8) {  // kernels multiply codes
      for (std::size_t at = 0; at < decoded.size(); ++at) decoded[at] = static_cast<std::int8_t>(sample.rows[row][at]);
    }
    const double expected = expect(vector, decoded, distance);
    EXPECT_NEAR(pair.one(query, sample.rows[row]), expected, tolerance);
    EXPECT_NEAR(together[row], expected, tolerance);
  }
}

TEST(Kernels, EveryVersionAgreesWithAPlainLoopInEveryDimension) {
  RandomSource random(seed);
  for (const std::size_t dimension : dimensions()) {
    const std::vector<float> query = random_vector(random, dimension);
    const double tolerance = 1e-5 * static_cast<double>(dimension + 20);
    const Sample singles({Metric::l2, ElementType::f32, dimension}, random);
    const Sample halves({Metric::l2, ElementType::f16, dimension}, random);
    const Sample codes({Metric::l2, ElementType::i8, dimension}, random);
    std::vector<float> padded(query);
    padded.resize((dimension + 31) / 32 * 32);
    const auto* data = reinterpret_cast<const std::byte*>(padded.data());
    const PreparedQuery for_singles{.data = data, .padded = padded_elements(singles.shape)};
    const PreparedQuery for_halves{.data = data, .padded = padded_elements(halves.shape)};
    std::vector<std::byte> row(row_bytes(codes.shape));
    encode_row(codes.shape, query, row.data());
    PreparedQuery for_codes{.data = row.data(), .padded = padded_elements(codes.shape)};
    std::vector<float> query_codes(dimension);
    for (std::size_t at = 0; at < dimension; ++at) {
      query_codes[at] = static_cast<std::int8_t>(row[at]);
      for_codes.code_sum += static_cast<std::int8_t>(row[at]);
    }
    for (const Kernels* version : usable_kernels()) {
      SCOPED_TRACE(std::string(version->name) + ", dimension " + std::to_string(dimension));
      check(version->dot_f32, for_singles, query, singles, false, tolerance);
      check(version->squared_distance_f32, for_singles, query, singles, true, tolerance);
      check(version->dot_f16, for_halves, query, halves, false, tolerance);
      check(version->squared_distance_f16, for_halves, query, halves, true, tolerance);
      const double rounding = std::max(0.5, std::abs(expect(query_codes, query_codes, false)) * 1e-7);
      check(version->dot_i8, for_codes, query_codes, codes, false, rounding);
    }
  }
}

TEST(Kernels, TheOneInUseIsTheLastThatThisProcessorCanRun) {
  EXPECT_EQ(usable_kernels().front()->name, "portable");
  EXPECT_EQ(usable_kernels().back()->name, kernel_name());
}

TEST(Kernels, ProductsOfTheLargestCodesDoNotOverflow) {
  const RowShape shape{Metric::inner_product, ElementType::i8, vector_dimension_max};
  for (const float sign : {1.0F, -1.0F}) {
    std::vector<std::byte> query(row_bytes(shape));
    std::vector<std::byte> row(row_bytes(shape));
    encode_row(shape, std::vector<float>(shape.dimension, 1), query.data());
    encode_row(shape, std::vector<float>(shape.dimension, sign), row.data());
    const PreparedQuery prepared{query.data(), padded_elements(shape),
                                 127 * static_cast<std::int32_t>(shape.dimension)};
    for (const Kernels* version : usable_kernels()) {
      EXPECT_EQ(version->dot_i8.one(prepared, row.data()), sign * 127.0F * 127.0F * vector_dimension_max)
          << version->name;
    }
  }
}

}  // namespace
}  // namespace strata::view
