#include "codec/json.hpp"

#include <gtest/gtest.h>

#include <string>

#include "codec/value_random.hpp"
#include "strata/error.hpp"

namespace strata::codec {
namespace {

std::string reprint(std::string_view json) { return Value::from_json(json).to_json(); }

std::string refusal(std::string_view json) {
  try {
    Value::from_json(json);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  return "accepted";
}

TEST(Json, PrintsWhatItReadsInCompactForm) {
  for (const char* json : {"null",
                           "true",
                           "false",
                           "0",
                           "-1",
                           "1.0",
                           "-0.0",
                           "1.5",
                           "1e+22",
                           "5e-324",
                           "1.7976931348623157e+308",
                           "9007199254740993",
                           "18446744073709551615",
                           "-9223372036854775808",
                           "0.1",
                           "\"\"",
                           "\"a\\\"\\\\\\n\\u0000\\u001f\"",
                           "[]",
                           "{}",
                           "[1,[2,[3]],{\"a\":{\"b\":[]}}]",
                           "{\"b\":1,\"a\":2,\"\":3}",
                           "\"\xc3\xa9\xf0\x9f\x98\x80\""}) {
    EXPECT_EQ(reprint(json), json);
  }
  EXPECT_EQ(reprint(" \r\n\t{ \"a\" : [ 1 , 2 ] } \n"), R"({"a":[1,2]})");
  EXPECT_EQ(reprint("\"\\u00e9\\ud83d\\ude00\\/\\b\\f\\r\\t\""), "\"\xc3\xa9\xf0\x9f\x98\x80/\\b\\f\\r\\t\"");
  EXPECT_EQ(reprint("\xef\xbb\xbf[1]"), "[1]");
}

TEST(Json, ReadsNumbersAsTheNearestValue) {
  EXPECT_EQ(Value::from_json("1").type(), ValueType::integer);
  EXPECT_EQ(Value::from_json("1.0").type(), ValueType::number);
  EXPECT_EQ(Value::from_json("1e2").type(), ValueType::number);
  EXPECT_EQ(reprint("-0"), "0");
  EXPECT_EQ(reprint("18446744073709551616"), "18446744073709551616.0");
  EXPECT_EQ(reprint("-9223372036854775809"), "-9223372036854775808.0");
  EXPECT_EQ(reprint("1e-400"), "0.0");
  EXPECT_EQ(reprint("-1e-999999999999999999999"), "-0.0");
  EXPECT_EQ(reprint("0e-5"), "0.0");
  EXPECT_EQ(reprint("0." + std::string(400, '0') + "1"), "0.0");
  EXPECT_EQ(reprint("2.2250738585072011e-308"), "2.225073858507201e-308");
  EXPECT_EQ(reprint("123456789012345.6789012345678901234567890"), "123456789012345.67");
  EXPECT_EQ(reprint("9007199254740992.9999999999999999999999999"), "9007199254740992.0");
  for (const char* json : {"1e309", "-1e309", "1.8e308", "1e999999999999"}) {
    EXPECT_NE(refusal(json).find("double"), std::string::npos) << json;
  }
}

TEST(Json, RefusesWhatIsNotJsonAndSaysWhere) {
  using namespace std::string_literals;
  for (const std::string& json : {""s,
                                  " "s,
                                  "nul"s,
                                  "True"s,
                                  "01"s,
                                  "1."s,
                                  ".5"s,
                                  "+1"s,
                                  "-"s,
                                  "1e"s,
                                  "0x1"s,
                                  "NaN"s,
                                  "Infinity"s,
                                  "-Inf"s,
                                  "[1,]"s,
                                  "[,1]"s,
                                  "[1 2]"s,
                                  "[1"s,
                                  "]"s,
                                  "{"s,
                                  "{\"a\"}"s,
                                  "{\"a\":}"s,
                                  "{\"a\":1,}"s,
                                  "{a:1}"s,
                                  "{1:1}"s,
                                  "'a'"s,
                                  "\"a"s,
                                  "\"\\x\""s,
                                  "\"\\u12\""s,
                                  "\"\\u12g4\""s,
                                  "\"a\nb\""s,
                                  "\"\t\""s,
                                  "1 2"s,
                                  "{}x"s,
                                  "//x\n1"s,
                                  "1\0"s,
                                  "1\0002"s,
                                  "\0"s,
                                  "\"a\0b\""s,
                                  "[1]\0]"s,
                                  "\"\\ud800\""s,
                                  "\"\\ud800\\u0041\""s,
                                  "\"\\udc00\""s,
                                  "\"\xff\""s,
                                  "\"\xed\xa0\x80\""s,
                                  "\"\xc0\x80\""s,
                                  "{\"\xc3\":1}"s,
                                  "\xff\xfe"s,
                                  "{\"a\":1,\"a\":2}"s,
                                  "[{\"a\":1,\"b\":{\"c\":1,\"c\":1}}]"s,
                                  "{\"a\":1,\"\\u0061\":2}"s}) {
    const std::string reason = refusal(json);
    EXPECT_EQ(reason.find("not JSON at line 1, column "), 0U) << json << ": " << reason;
  }
}

TEST(Json, ErrorsNameLineAndColumnInCharacters) {
  EXPECT_NE(refusal("{\n  \"a\": 1,\n  \"\xc3\xa9\": x\n}").find("line 3, column 8"), std::string::npos);
  EXPECT_NE(refusal("[1]\n[2]").find("line 2, column 1: more follows"), std::string::npos);
  EXPECT_NE(refusal("{\"name\":1,\"name\":2}").find("\"name\" stands twice"), std::string::npos);
}

TEST(Json, FindsARepeatedNameAmongMany) {
  std::string members;
  for (int i = 0; i < 1000; ++i) members += "\"n" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  EXPECT_EQ(Value::from_json("{" + members + "\"x\":0}").size(), 1001U);
  EXPECT_NE(refusal("{" + members + "\"n500\":0}").find("\"n500\" stands twice"), std::string::npos);
}

TEST(Json, NestingIsBounded) {
  const auto nested = [](std::size_t levels, char open, char close) {
    const std::string before = open == '{' ? "{\"a\":" : "[";
    std::string json;
    for (std::size_t i = 0; i < levels; ++i) json += before;
    return json + "1" + std::string(levels, close);
  };
  EXPECT_EQ(reprint(nested(value_depth_max, '[', ']')), nested(value_depth_max, '[', ']'));
  EXPECT_EQ(reprint(nested(value_depth_max, '{', '}')), nested(value_depth_max, '{', '}'));
  EXPECT_NE(refusal(nested(value_depth_max + 1, '[', ']')).find("100 levels"), std::string::npos);
  EXPECT_NE(refusal(nested(value_depth_max + 1, '{', '}')).find("100 levels"), std::string::npos);
  EXPECT_NE(refusal(std::string(1'000'000, '[')).find("100 levels"), std::string::npos);
}

TEST(Json, PrettyFormIndentsByTwoSpaces) {
  EXPECT_EQ(Value::from_json(R"({"a":[1,{}],"b":[],"c":{"d":null}})").view().to_pretty_json(),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": [],\n  \"c\": {\n    \"d\": null\n  }\n}");
}

TEST(Json, RandomValuesReadBackToTheSameBytesInBothForms) {
  SCOPED_TRACE(replay_command("Json.RandomValuesReadBackToTheSameBytesInBothForms"));
  RandomValues random(test_seed());
  for (int round = 0; round < 10'000; ++round) {
    const Value value = random.value(5);
    ASSERT_EQ(Value::from_json(value.to_json()).encoded(), value.encoded()) << value.to_json();
    ASSERT_EQ(Value::from_json(value.view().to_pretty_json()).encoded(), value.encoded()) << value.to_json();
  }
}

TEST(Json, DamagedTextIsRefusedOrGivesASoundValue) {
  SCOPED_TRACE(replay_command("Json.DamagedTextIsRefusedOrGivesASoundValue"));
  RandomValues random(test_seed());
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string json = random.value().to_json();
    for (std::uint64_t left = 1 + random.below(3); left != 0; --left) {
      const std::size_t at = random.below(json.size());
      constexpr std::string_view likely = "[]{},:\"\\0e.-u";
      json[at] = random.chance(2) ? static_cast<char>(random.bits()) : likely[random.below(likely.size())];
    }
    if (random.chance(4)) json.resize(random.below(json.size()));
    try {
      const Value value = Value::from_json(json);
      ASSERT_EQ(Value::from_encoded(value.encoded()).encoded(), value.encoded()) << json;
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::invalid_argument) << json << ": " << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 1'000);
}

}  // namespace
}  // namespace strata::codec
