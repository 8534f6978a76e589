#include "base/half.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace strata::base {
namespace {

TEST(Half, EachReadsBackAsItself) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float content = from_half(half);
    if (std::isnan(content)) {
      EXPECT_TRUE(std::isnan(from_half(to_half(content))));
    } else {
      EXPECT_EQ(to_half(content), half) << content;
    }
  }
}

TEST(Half, IsTheNearestAndTheEvenOneBetweenTwo) {
  for (std::uint16_t half = 0; half < 0x7bff; ++half) {
    const float low = from_half(half), high = from_half(static_cast<std::uint16_t>(half + 1));
    const float middle = low + (high - low) / 2;
    EXPECT_EQ(to_half(middle), half % 2 == 0 ? half : half + 1) << middle;
    EXPECT_EQ(to_half(std::nextafter(middle, low)), half);
    EXPECT_EQ(to_half(std::nextafter(middle, high)), half + 1);
    EXPECT_EQ(to_half(-low), half | 0x8000);
    EXPECT_EQ(from_half(to_half(-0.0F)), 0);
  }
}

TEST(Half, WhatIsTooLargeIsInfinity) {
  EXPECT_EQ(from_half(to_half(65519)), 65504.0F);
  EXPECT_EQ(from_half(to_half(65520)), std::numeric_limits<float>::infinity());
  EXPECT_EQ(from_half(to_half(-1e30F)), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(from_half(to_half(std::numeric_limits<float>::infinity())), std::numeric_limits<float>::infinity());
}

}  // namespace
}  // namespace strata::base
