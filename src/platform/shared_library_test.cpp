#include "platform/shared_library.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "strata/error.hpp"

namespace strata::platform {
namespace {

TEST(SharedLibrary, GivesTheFunctionsThatItHasAndNoOthers) {
  SharedLibrary first("libm.so.6");
  const SharedLibrary library = std::move(first);
  auto* const cosine = library.function<double(double)>("cos");
  ASSERT_NE(cosine, nullptr);
  EXPECT_EQ(cosine(0.0), 1.0);
  EXPECT_EQ(library.function<void()>("strata_has_no_such_function"), nullptr);
  EXPECT_EQ(first.function<double(double)>("cos"), nullptr);  // NOLINT(bugprone-use-after-move): it is empty then
}

TEST(SharedLibrary, OneThatIsNotThereIsNamed) {
  try {
    const SharedLibrary library("/nowhere/libabsent.so");
    FAIL() << "it was loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_NE(std::string(error.what()).find("/nowhere/libabsent.so"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace strata::platform
