// How vectors lie in an immutable run of bytes: row after row, each row_bytes(shape) long, little-endian.
//
// f32: the elements. f16: the elements as IEEE halves. i8: the codes (element = code * scale), then from the next
// multiple of 32 bytes on a CodeTrailer. The rest of a row is zero. Rows of the metric cosine are stored normalised;
// of i8, the scale is such that the decoded row has norm 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "strata/search.hpp"

namespace strata::view {

/// Row numbers are 32 bits, and a run has fewer rows than this.
inline constexpr std::size_t rows_max = 0x7fff'ffff;

struct RowShape {
  Metric metric = Metric::cosine;
  ElementType type = ElementType::f32;
  std::size_t dimension = 0;  ///< 1 to vector_dimension_max.

  friend bool operator==(const RowShape&, const RowShape&) = default;
};

/// What stands behind the codes of a row of i8.
struct CodeTrailer {
  float scale = 0;
  float squared_norm = 0;  ///< Of the decoded row.
  std::int32_t sum = 0;    ///< Of the codes.
};

/// How many elements kernels read of a row: the dimension, and zeros up to the next 32 bytes.
std::size_t padded_elements(const RowShape& shape);

/// A multiple of 32. Throws: invalid_argument when the dimension is out of bounds.
std::size_t row_bytes(const RowShape& shape);

/// Writes row_bytes(shape) bytes. Elements beyond what f16 can hold become its largest. A vector of norm 0 stays so,
/// whatever the metric. Requires: finite elements. Throws: invalid_argument when the length is not the dimension.
void encode_row(const RowShape& shape, std::span<const float> vector, std::byte* out);

/// What is stored: rounded to the type; of cosine, the normalised vector. Writes shape.dimension elements.
void decode_row(const RowShape& shape, const std::byte* row, float* out);
std::vector<float> decode_row(const RowShape& shape, const std::byte* row);

/// A view of many rows. The bytes may lie at any address; multiples of 64 are fastest.
class Rows {
 public:
  Rows() = default;
  /// Requires: `data` holds count * row_bytes(shape) bytes, as long as this is used. Throws: invalid_argument when the
  /// shape or the count is out of bounds.
  Rows(const RowShape& shape, const std::byte* data, std::size_t count);

  const RowShape& shape() const { return shape_; }
  std::size_t count() const { return count_; }
  std::size_t stride() const { return stride_; }
  const std::byte* operator[](std::size_t row) const { return data_ + row * stride_; }

 private:
  RowShape shape_;
  const std::byte* data_ = nullptr;
  std::size_t count_ = 0;
  std::size_t stride_ = 0;
};

/// Which rows a search may answer with. Empty: all.
using Accept = std::function<bool(std::uint32_t row)>;

/// How far a long work is. False stops it.
using Advance = std::function<bool(std::size_t done, std::size_t total)>;

/// A row, and its score against a Target: higher is nearer.
struct Neighbor {
  std::uint32_t row = 0;
  float score = 0;

  friend bool operator==(const Neighbor&, const Neighbor&) = default;
};

/// The order of answers: the nearest first, of equal ones the lower row.
inline bool nearer(const Neighbor& one, const Neighbor& other) {
  return one.score != other.score ? one.score > other.score : one.row < other.row;
}

}  // namespace strata::view
