#include <gtest/gtest.h>

#include "strata/types.hpp"

namespace strata {
namespace {

constexpr std::string_view sample = "0190f5a0-1c2d-7e3f-8a4b-5c6d7e8f9a0b";

TEST(Uuid, ComesBackFromItsText) {
  const auto id = Uuid::parse(sample);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->to_string(), sample);
  EXPECT_EQ(id->bytes[0], 0x01);
  EXPECT_EQ(id->bytes[15], 0x0b);
  EXPECT_EQ(id->view().size(), 16u);
}

TEST(Uuid, ReadsUpperCaseAndWritesLowerCase) {
  const auto id = Uuid::parse("0190F5A0-1C2D-7E3F-8A4B-5C6D7E8F9A0B");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->to_string(), sample);
}

TEST(Uuid, RefusesOtherShapes) {
  for (const char* text : {"", "0190f5a0", "0190f5a01c2d7e3f8a4b5c6d7e8f9a0b", "0190f5a0-1c2d-7e3f-8a4b-5c6d7e8f9a0",
                           "0190f5a0-1c2d-7e3f-8a4b-5c6d7e8f9a0bb", "0190f5a0x1c2d-7e3f-8a4b-5c6d7e8f9a0b",
                           "0190f5g0-1c2d-7e3f-8a4b-5c6d7e8f9a0b", "{190f5a0-1c2d-7e3f-8a4b-5c6d7e8f9a0}"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

TEST(Uuid, IsNilUntilItIsSet) {
  EXPECT_TRUE(Uuid{}.is_nil());
  EXPECT_EQ(Uuid{}.to_string(), "00000000-0000-0000-0000-000000000000");
  EXPECT_FALSE(Uuid::parse(sample)->is_nil());
}

}  // namespace
}  // namespace strata
