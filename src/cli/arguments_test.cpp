#include "cli/arguments.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace strata::cli {
namespace {

TEST(Arguments, ATimeIsADateOrALengthOfTimeAgo) {
  EXPECT_EQ(parse_time("--since", "2024-05-01"), *Time::parse("2024-05-01T00:00:00Z"));
  EXPECT_LT(parse_time("--since", "2d"), parse_time("--since", "1d"));
  EXPECT_THROW(parse_time("--since", "yesterday"), UsageError);
}

TEST(Arguments, DigitsAloneAreAPosition) {
  EXPECT_EQ(std::get<Position>(parse_as_of("--at", "12")), Position{12});
  EXPECT_EQ(std::get<Time>(parse_as_of("--at", "2024-05-01")), *Time::parse("2024-05-01"));
  EXPECT_THROW(parse_as_of("--at", ""), UsageError);
}

TEST(Arguments, ParametersAreNamesWithJson) {
  const Parameters parameters = parse_parameters({"kind=\"note\"", ":least=0.5", "list=[1,\"a=b\"]"});
  EXPECT_EQ(parameters.at("kind"), Value("note"));
  EXPECT_EQ(parameters.at("least"), Value(0.5));
  EXPECT_EQ(parameters.at("list"), Value::array({Value(1), Value("a=b")}));
  EXPECT_THROW(parse_parameters({"kind"}), UsageError);
  EXPECT_THROW(parse_parameters({"kind=note"}), UsageError);
}

TEST(Arguments, OrdersNameFieldsAndDirections) {
  const std::vector<Order> orders = parse_order({"score:desc,created", "name:asc"});
  ASSERT_EQ(orders.size(), 3U);
  EXPECT_EQ(orders[0].path, "score");
  EXPECT_TRUE(orders[0].descending);
  EXPECT_EQ(orders[1].path, "created");
  EXPECT_FALSE(orders[1].descending);
  EXPECT_EQ(orders[2].path, "name");
  EXPECT_FALSE(orders[2].descending);
  EXPECT_THROW(parse_order({":desc"}), UsageError);
}

TEST(Arguments, AValueIsJsonAlsoFromStandardInput) {
  std::istringstream in("{\"a\": 1}\n");
  EXPECT_EQ(parse_value("-", in), Value::object({{"a", Value(1)}}));
  EXPECT_EQ(parse_value("-5", in), Value(-5));
  EXPECT_THROW(parse_value("{", in), UsageError);
  EXPECT_THROW(parse_value("@/absent/file", in), Error);
}

}  // namespace
}  // namespace strata::cli
