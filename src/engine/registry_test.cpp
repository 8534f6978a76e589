#include <gtest/gtest.h>

#include <algorithm>

#include "strata/engine.hpp"
#include "strata/error.hpp"

namespace strata::engine {
namespace {

TEST(Registry, GivesTheRequestToTheFactoryOfTheScheme) {
  std::string seen;
  register_engine("registry-test", [&](const OpenRequest& request) {
    seen = request.location;
    return nullptr;
  });
  OpenRequest request;
  request.location = "somewhere";
  open_engine("registry-test", request);
  EXPECT_EQ(seen, "somewhere");
}

TEST(Registry, RefusesAnUnknownSchemeAndListsTheKnownOnes) {
  register_engine("registry-known", [](const OpenRequest&) { return nullptr; });
  try {
    open_engine("registry-absent", {});
    FAIL() << "an unknown scheme was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(error.what()).find("registry-known:"), std::string::npos) << error.what();
  }
}

TEST(Registry, ListsSchemesSortedAndEachOnce) {
  register_engine("registry-b", [](const OpenRequest&) { return nullptr; });
  register_engine("registry-a", [](const OpenRequest&) { return nullptr; });
  register_engine("registry-a", [](const OpenRequest&) { return nullptr; });
  const std::vector<std::string> schemes = engine_schemes();
  EXPECT_TRUE(std::is_sorted(schemes.begin(), schemes.end()));
  EXPECT_EQ(std::count(schemes.begin(), schemes.end(), "registry-a"), 1);
  EXPECT_EQ(std::count(schemes.begin(), schemes.end(), "registry-b"), 1);
}

}  // namespace
}  // namespace strata::engine
