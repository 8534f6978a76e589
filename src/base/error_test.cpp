#include "strata/error.hpp"

#include <gtest/gtest.h>

#include <set>

namespace strata {
namespace {

TEST(Error, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    EXPECT_TRUE(names.insert(to_string(static_cast<ErrorCode>(code))).second) << code;
  }
  EXPECT_EQ(to_string(ErrorCode::not_found), "not_found");
  EXPECT_EQ(to_string(ErrorCode::commit_unknown), "commit_unknown");
  EXPECT_EQ(to_string(ErrorCode::internal), "internal");
}

TEST(Error, CarriesItsCodeAndMessage) {
  try {
    throw Error(ErrorCode::busy, "the gate is held");
  } catch (const std::exception& error) {
    EXPECT_STREQ(error.what(), "the gate is held");
    EXPECT_EQ(dynamic_cast<const Error&>(error).code(), ErrorCode::busy);
  }
}

}  // namespace
}  // namespace strata
