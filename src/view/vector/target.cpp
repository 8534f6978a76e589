#include "view/vector/target.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "strata/error.hpp"

namespace strata::view {

Target::Target(const RowShape& shape) : shape_(shape), buffer_(row_bytes(shape)) {
  const Kernels& version = kernels();
  const bool distance = shape.metric == Metric::l2;
  KernelPair pair;
  switch (shape.type) {
    case ElementType::f32:
      pair = distance ? version.squared_distance_f32 : version.dot_f32;
      break;
    case ElementType::f16:
      pair = distance ? version.squared_distance_f16 : version.dot_f16;
      buffer_.resize(padded_elements(shape) * sizeof(float));
      break;
    default:
      pair = version.dot_i8;
  }
  if (shape.type == ElementType::i8) {
    form_ = distance ? Form::scaled_distance : Form::scaled;
  } else {
    form_ = distance ? Form::negated : Form::as_it_is;
  }
  one_ = pair.one;
  four_ = pair.four;
  query_ = {.data = buffer_.data(), .padded = padded_elements(shape)};
}

Target::Target(const RowShape& shape, std::span<const float> query) : Target(shape) { assign(query); }

void Target::assign(std::span<const float> query) {
  // For rows of halves the query itself stays as it is.
  const ElementType type = shape_.type == ElementType::f16 ? ElementType::f32 : shape_.type;
  if (shape_.type == ElementType::f16) {
    std::vector<std::byte> row(row_bytes({shape_.metric, type, shape_.dimension}));
    encode_row({shape_.metric, type, shape_.dimension}, query, row.data());
    std::copy_n(row.begin(), shape_.dimension * sizeof(float), buffer_.begin());
  } else {
    encode_row(shape_, query, buffer_.data());
  }
  query_.data = buffer_.data();
  read_trailer();
}

void Target::assign_row(const std::byte* row) {
  query_.data = row;
  if (shape_.type == ElementType::f16) {
    std::vector<float> decoded = decode_row(shape_, row);
    std::memcpy(buffer_.data(), decoded.data(), decoded.size() * sizeof(float));
    query_.data = buffer_.data();
  }
  read_trailer();
}

void Target::read_trailer() {
  if (shape_.type != ElementType::i8) return;
  std::memcpy(&trailer_, query_.data + query_.padded, sizeof trailer_);
  query_.code_sum = trailer_.sum;
}

float Target::finish_codes(float raw, const std::byte* row) const {
  CodeTrailer other;
  std::memcpy(&other, row + query_.padded, sizeof other);
  const float product = raw * trailer_.scale * other.scale;
  if (form_ == Form::scaled) return product;
  // Equal rows are at distance 0, whatever the sums are rounded to.
  return std::min(2 * product - trailer_.squared_norm - other.squared_norm, 0.0F);
}

void Target::scores(const std::byte* const* rows, std::size_t count, float* out) const {
  std::size_t at = 0;
  for (; at + 4 <= count; at += 4) four_(query_, rows + at, out + at);
  for (; at < count; ++at) out[at] = one_(query_, rows[at]);
  if (form_ == Form::as_it_is) return;
  for (at = 0; at < count; ++at) out[at] = finish(out[at], rows[at]);
}

double Target::similarity(float score) const {
  if (shape_.metric != Metric::l2) return score;
  return -std::sqrt(std::max(-static_cast<double>(score), 0.0));
}

void check_shape(const Rows& rows, const Target& target) {
  if (rows.shape() == target.shape()) return;
  throw Error(ErrorCode::invalid_argument, "a search target of " + std::to_string(target.shape().dimension) +
                                               " elements was prepared for rows of another metric, type or dimension");
}

float Target::score_of(double similarity) const {
  if (shape_.metric != Metric::l2) return static_cast<float>(similarity);
  return static_cast<float>(similarity > 0 ? similarity : -similarity * similarity);
}

}  // namespace strata::view
