// What rows are compared with: a query, prepared once for rows of one shape.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "view/vector/kernels.hpp"
#include "view/vector/vector_rows.hpp"

namespace strata::view {

/// Compares with rows of its shape. Scores are higher for nearer rows and cost the least: the cosine, the inner
/// product, the negative squared distance; similarity() makes of them what hits tell. For rows of i8 the query is
/// rounded to 8 bits too. Comparing is safe from many threads; assigning is not. Scores of sound rows are never NaN.
class Target {
 public:
  /// Throws: invalid_argument when the shape is out of bounds or the query's length is not the dimension.
  /// Requires: finite elements.
  Target(const RowShape& shape, std::span<const float> query);
  /// The zero vector, until one is assigned.
  explicit Target(const RowShape& shape);
  Target(Target&&) = default;
  Target& operator=(Target&&) = default;
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  const RowShape& shape() const { return shape_; }
  void assign(std::span<const float> query);
  /// The vector of a row of the same shape. The row must stay as long as this is compared with.
  void assign_row(const std::byte* row);

  float score(const std::byte* row) const { return finish(one_(query_, row), row); }
  /// The same for many, faster than one by one.
  void scores(const std::byte* const* rows, std::size_t count, float* out) const;

  /// As search.hpp says: cosine, inner product, negative Euclidean distance.
  double similarity(float score) const;
  /// The score at which that similarity begins.
  float score_of(double similarity) const;

 private:
  enum class Form { as_it_is, negated, scaled, scaled_distance };

  float finish(float raw, const std::byte* row) const {
    switch (form_) {
      case Form::as_it_is:
        return raw;
      case Form::negated:
        return -raw;
      default:
        return finish_codes(raw, row);
    }
  }
  float finish_codes(float raw, const std::byte* row) const;
  void read_trailer();

  RowShape shape_;
  Form form_ = Form::as_it_is;
  CodeTrailer trailer_;            ///< Of the query, for rows of i8.
  std::vector<std::byte> buffer_;  ///< The query, padded with zeros.
  PreparedQuery query_;
  OneKernel one_ = nullptr;
  FourKernel four_ = nullptr;
};

/// Throws: invalid_argument when the target is not for rows of this shape.
void check_shape(const Rows& rows, const Target& target);

}  // namespace strata::view
