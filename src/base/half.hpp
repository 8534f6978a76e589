// IEEE 754 binary16, as bits.
#pragma once

#include <bit>
#include <cstdint>

namespace strata::base {

/// Rounded to the nearest, ties to even; what is too large becomes infinity.
inline std::uint16_t to_half(float content) {
  const auto bits = std::bit_cast<std::uint32_t>(content);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  if (magnitude >= 0x7f800000U) return static_cast<std::uint16_t>(sign | (magnitude > 0x7f800000U ? 0x7e00U : 0x7c00U));
  if (magnitude >= 0x477ff000U) return static_cast<std::uint16_t>(sign | 0x7c00U);
  if (magnitude < 0x38800000U) {  // a subnormal half: adding 0.5 lets the unit of the float round it
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000U));
  }
  const std::uint32_t odd = (magnitude >> 13) & 1U;
  return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000U + 0xfffU + odd) >> 13));
}

inline float from_half(std::uint16_t half) {
  // As a number whose exponent is 112 too small; the product puts that right, for halves below the normal ones too.
  const float size = std::bit_cast<float>((half & 0x7fffU) << 13) * 0x1p112F;
  const std::uint32_t infinite = size >= 65536.0F ? 0x7f80'0000U : 0U;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(size) | infinite | ((half & 0x8000U) << 16));
}

}  // namespace strata::base
