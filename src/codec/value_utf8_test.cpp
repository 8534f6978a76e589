#include "codec/value_utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace strata::codec {
namespace {

TEST(Utf8, AcceptsEveryScalarValue) {
  const auto encode = [](std::uint32_t point) {
    std::string out;
    const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((point >> shift) & 0x3f)); };
    if (point < 0x80) {
      out += static_cast<char>(point);
    } else if (point < 0x800) {
      out += static_cast<char>(0xc0 | point >> 6);
      tail(0);
    } else if (point < 0x10000) {
      out += static_cast<char>(0xe0 | point >> 12);
      tail(6);
      tail(0);
    } else {
      out += static_cast<char>(0xf0 | point >> 18);
      tail(12);
      tail(6);
      tail(0);
    }
    return out;
  };
  for (std::uint32_t point = 0; point <= 0x110010; ++point) {
    const bool scalar = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    ASSERT_EQ(is_utf8(encode(point)), scalar) << point;
  }
}

TEST(Utf8, RefusesMalformedSequencesAnywhere) {
  for (const char* malformed :
       {"\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x9f\x98",
        "\xf8\x88\x80\x80\x80", "\xff", "\xc3\x28", "\xe2\x28\xa1"}) {
    for (std::size_t before = 0; before < 20; ++before) {
      EXPECT_FALSE(is_utf8(std::string(before, 'a') + malformed));
      EXPECT_FALSE(is_utf8(std::string(before, 'a') + malformed + std::string(20, 'b')));
    }
  }
  EXPECT_TRUE(is_utf8(""));
}

}  // namespace
}  // namespace strata::codec
