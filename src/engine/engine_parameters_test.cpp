#include "engine/engine_parameters.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "strata/error.hpp"

namespace strata::engine {
namespace {

using Given = std::map<std::string, std::string>;

std::string refusal_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

TEST(EngineParameters, ReadsSizesWithUnits) {
  const Given given{{"a", "12"}, {"b", "3K"}, {"c", "64M"}, {"d", "2G"}, {"e", "1T"}};
  EngineParameters parameters("x:", given);
  EXPECT_EQ(parameters.bytes("a", 0), 12u);
  EXPECT_EQ(parameters.bytes("b", 0), 3u << 10);
  EXPECT_EQ(parameters.bytes("c", 0), 64u << 20);
  EXPECT_EQ(parameters.bytes("d", 0), std::uint64_t{2} << 30);
  EXPECT_EQ(parameters.bytes("e", 0), std::uint64_t{1} << 40);
}

TEST(EngineParameters, FallsBackWhenAParameterIsAbsent) {
  const Given given;
  EngineParameters parameters("x:", given);
  EXPECT_EQ(parameters.bytes("a", 7), 7u);
  EXPECT_EQ(parameters.number("b", 8), 8u);
  EXPECT_TRUE(parameters.flag("c", true));
}

TEST(EngineParameters, RefusesWhatIsNoSize) {
  for (const char* text : {"", "M", "-1", "1.5M", "64m", "64MB", " 1", "99999999999T", "18446744073709551616"}) {
    const Given given{{"cache_bytes", text}};
    EngineParameters parameters("x:", given);
    const std::string message = refusal_of([&] { parameters.bytes("cache_bytes", 0); });
    EXPECT_NE(message.find("cache_bytes"), std::string::npos) << message;
  }
}

TEST(EngineParameters, RefusesWhatLiesOutOfBounds) {
  const Given given{{"n", "5"}};
  EngineParameters parameters("x:", given);
  EXPECT_EQ(parameters.number("n", 0, {.least = 5, .most = 5}), 5u);
  refusal_of([&] { parameters.number("n", 0, {.least = 6}); });
  refusal_of([&] { parameters.number("n", 0, {.most = 4}); });
}

TEST(EngineParameters, ReadsFlagsInEitherSense) {
  const Given given{{"a", "on"}, {"b", "off"}, {"c", "maybe"}};
  EngineParameters parameters("x:", given);
  EXPECT_TRUE(parameters.flag("a", false));
  EXPECT_FALSE(parameters.flag("b", true));
  refusal_of([&] { parameters.flag("c", true); });
}

TEST(EngineParameters, RefusesAnUnknownNameAndListsTheKnownOnes) {
  const Given given{{"cache_byte", "1M"}};
  EngineParameters parameters("x:", given);
  parameters.bytes("cache_bytes", 0);
  const std::string message = refusal_of([&] { parameters.refuse_unknown(); });
  EXPECT_NE(message.find("'cache_byte'"), std::string::npos) << message;
  EXPECT_NE(message.find("cache_bytes"), std::string::npos) << message;
}

}  // namespace
}  // namespace strata::engine
