#include "view/vector/vector_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "base/half.hpp"
#include "strata/error.hpp"

namespace strata::view {
namespace {

constexpr std::size_t unit_bytes = 32;
constexpr float code_max = 127;
constexpr float half_max = 65504;

std::size_t round_up(std::size_t number, std::size_t multiple) { return (number + multiple - 1) / multiple * multiple; }

std::size_t element_bytes(ElementType type) {
  switch (type) {
    case ElementType::f32:
      return sizeof(float);
    case ElementType::f16:
      return sizeof(std::uint16_t);
    default:
      return sizeof(std::int8_t);
  }
}

/// What makes the vector's norm 1; 1 for a vector of norm 0.
double unit_factor(std::span<const float> vector) {
  double square = 0;
  for (const float element : vector) square += static_cast<double>(element) * element;
  return square > 0 ? 1 / std::sqrt(square) : 1;
}

void encode_codes(const RowShape& shape, std::span<const float> vector, std::byte* out) {
  float largest = 0;
  for (const float element : vector) largest = std::max(largest, std::abs(element));
  CodeTrailer trailer;
  if (largest > 0) {
    const double factor = static_cast<double>(code_max) / largest;
    double square = 0;
    for (std::size_t at = 0; at < vector.size(); ++at) {
      const auto code = static_cast<std::int8_t>(std::lround(vector[at] * factor));
      std::memcpy(out + at, &code, 1);
      square += code * code;
      trailer.sum += code;
    }
    const double scale = shape.metric == Metric::cosine ? 1 / std::sqrt(square) : 1 / factor;
    trailer.scale = static_cast<float>(scale);
    trailer.squared_norm = static_cast<float>(scale * scale * square);
  }
  std::memcpy(out + padded_elements(shape), &trailer, sizeof trailer);
}

}  // namespace

std::size_t padded_elements(const RowShape& shape) {
  const std::size_t element = element_bytes(shape.type);
  return round_up(shape.dimension * element, unit_bytes) / element;
}

std::size_t row_bytes(const RowShape& shape) {
  if (shape.dimension == 0 || shape.dimension > vector_dimension_max) {
    throw Error(ErrorCode::invalid_argument, "a vector's dimension is " + std::to_string(shape.dimension) +
                                                 ": take 1 to " + std::to_string(vector_dimension_max));
  }
  const std::size_t elements = padded_elements(shape) * element_bytes(shape.type);
  return shape.type == ElementType::i8 ? elements + unit_bytes : elements;
}

void encode_row(const RowShape& shape, std::span<const float> vector, std::byte* out) {
  const std::size_t bytes = row_bytes(shape);
  if (vector.size() != shape.dimension) {
    throw Error(ErrorCode::invalid_argument, "a vector has " + std::to_string(vector.size()) + " elements where " +
                                                 std::to_string(shape.dimension) + " are wanted");
  }
  std::memset(out, 0, bytes);
  if (shape.type == ElementType::i8) {
    encode_codes(shape, vector, out);
    return;
  }
  const double factor = shape.metric == Metric::cosine ? unit_factor(vector) : 1;
  for (std::size_t at = 0; at < vector.size(); ++at) {
    const auto element = static_cast<float>(vector[at] * factor);
    if (shape.type == ElementType::f32) {
      std::memcpy(out + at * sizeof element, &element, sizeof element);
    } else {
      const std::uint16_t half = base::to_half(std::clamp(element, -half_max, half_max));
      std::memcpy(out + at * sizeof half, &half, sizeof half);
    }
  }
}

void decode_row(const RowShape& shape, const std::byte* row, float* out) {
  if (shape.type == ElementType::f32) {
    std::memcpy(out, row, shape.dimension * sizeof(float));
    return;
  }
  CodeTrailer trailer;
  if (shape.type == ElementType::i8) std::memcpy(&trailer, row + padded_elements(shape), sizeof trailer);
  for (std::size_t at = 0; at < shape.dimension; ++at) {
    if (shape.type == ElementType::f16) {
      std::uint16_t half = 0;
      std::memcpy(&half, row + at * sizeof half, sizeof half);
      out[at] = base::from_half(half);
    } else {
      std::int8_t code = 0;
      std::memcpy(&code, row + at, 1);
      out[at] = static_cast<float>(code) * trailer.scale;
    }
  }
}

std::vector<float> decode_row(const RowShape& shape, const std::byte* row) {
  std::vector<float> vector(shape.dimension);
  decode_row(shape, row, vector.data());
  return vector;
}

Rows::Rows(const RowShape& shape, const std::byte* data, std::size_t count)
    : shape_(shape), data_(data), count_(count), stride_(row_bytes(shape)) {
  if (count > rows_max) {
    throw Error(ErrorCode::invalid_argument,
                "a run of " + std::to_string(count) + " vectors: at most " + std::to_string(rows_max) + " fit in one");
  }
}

}  // namespace strata::view
