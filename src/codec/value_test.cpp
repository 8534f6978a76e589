#include "strata/value.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "codec/value_random.hpp"
#include "strata/error.hpp"

namespace strata {
namespace {

using codec::RandomValues;
using codec::replay_command;
using codec::test_seed;

template <typename Call>
ErrorCode code_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return ErrorCode::internal;
}

Value sample() {
  return Value::from_json(
      R"({"a":{"b":[{"c":1},{"c":"two"}],"b.c":3,"q\"q":4},"n":null,"t":true,"d":2.5,"big":18446744073709551615,
                              "long":"0123456789012345678901234567890123456789","\u00e9t\u00e9":7,"w":3.0,"neg":-5})");
}

TEST(Value, ReadsMembersElementsAndPaths) {
  const Value value = sample();
  EXPECT_EQ(value["a"]["b"][1]["c"].as_string(), "two");
  EXPECT_EQ(value.at("a.b[0].c").as_int(), 1);
  EXPECT_EQ(value.at(R"(a."b.c")").as_int(), 3);
  EXPECT_EQ(value.at(R"(a."q\"q")").as_int(), 4);
  EXPECT_EQ(value.at(R"("a"."b"[1])").to_json(), R"({"c":"two"})");
  EXPECT_EQ(value.at("\u00e9t\u00e9").as_int(), 7);
  EXPECT_EQ(Value::array({10, 20}).at("[1]").as_int(), 20);
  EXPECT_EQ(value["n"].type(), ValueType::null);
  for (const char* nowhere :
       {"x", "a.x", "a.b[2]", "a.b[99999999999999999999999]", "a[0]", "t.x", "n.x", "a.b.c", "a.b[0][0]"}) {
    EXPECT_TRUE(value.at(nowhere).is_missing()) << nowhere;
  }
  EXPECT_TRUE(value["long"]["x"].is_missing());
  EXPECT_TRUE(value["long"][0].is_missing());
  EXPECT_TRUE(ValueView().at("a").is_missing());
  EXPECT_FALSE(static_cast<bool>(ValueView()["a"]));
}

TEST(Value, MalformedPathsAreRefusedEvenWhereNothingIs) {
  for (const char* path : {"", ".", "a.", ".a", "a..b", "a b", "a[", "a[]", "a[x]", "a[-1]", "a[0", "a[0]b", "\"a",
                           "\"a\\", "\"a\\n\"", "\"a\"b", "a.b[0]."}) {
    EXPECT_EQ(code_of([&] { sample().at(path); }), ErrorCode::invalid_argument) << path;
    EXPECT_EQ(code_of([&] { Value().at(path); }), ErrorCode::invalid_argument) << path;
  }
}

TEST(Value, ReadsContentOnlyAsWhatItIs) {
  const Value value = sample();
  EXPECT_TRUE(value["t"].as_bool());
  EXPECT_EQ(value["d"].as_double(), 2.5);
  EXPECT_EQ(value["w"].as_int(), 3);
  EXPECT_EQ(value["w"].as_uint(), 3U);
  EXPECT_EQ(value["neg"].as_int(), -5);
  EXPECT_EQ(value["neg"].as_double(), -5.0);
  EXPECT_EQ(value["big"].as_uint(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(value["big"].as_double(), 18446744073709551616.0);
  for (const char* path : {"d", "big", "t", "n", "long", "absent"}) {
    EXPECT_EQ(code_of([&] { value.at(path).as_int(); }), ErrorCode::invalid_argument) << path;
  }
  EXPECT_EQ(code_of([&] { value["neg"].as_uint(); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { value["t"].as_double(); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { value["d"].as_bool(); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { value["d"].as_string(); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { Value(9223372036854775808.0).as_int(); }), ErrorCode::invalid_argument);
  EXPECT_EQ(Value(-9223372036854775808.0).as_int(), std::numeric_limits<std::int64_t>::min());
}

TEST(Value, DefaultsStandInForWhatIsMissingOrOfAnotherType) {
  const Value value = sample();
  EXPECT_EQ(value["neg"].int_or(9), -5);
  EXPECT_EQ(value["big"].int_or(9), 9);
  EXPECT_EQ(value["d"].int_or(9), 9);
  EXPECT_EQ(value["absent"].int_or(9), 9);
  EXPECT_EQ(value["neg"].double_or(9), -5.0);
  EXPECT_EQ(value["n"].double_or(9), 9.0);
  EXPECT_EQ(value["t"].bool_or(false), true);
  EXPECT_EQ(value["n"].bool_or(true), true);
  EXPECT_EQ(value["long"].string_or("x").size(), 40U);
  EXPECT_EQ(value["d"].string_or("x"), "x");
}

TEST(Value, WalksElementsAndMembersInStoredOrder) {
  std::string seen;
  const Value value = Value::from_json(R"({"b":[1,2],"a":{"x":null}})");
  for (const auto& member : value.view()) seen += std::string(member.name) + "=" + member.value.to_json() + ";";
  for (const auto& element : value["b"]) seen += std::string(element.name) + element.value.to_json() + ",";
  EXPECT_EQ(seen, R"(b=[1,2];a={"x":null};1,2,)");
  EXPECT_EQ(value.size(), 2U);
  EXPECT_EQ(Value("text").size(), 0U);
  const Value text = "text";
  for ([[maybe_unused]] const auto& member : text.view()) ADD_FAILURE();
  for ([[maybe_unused]] const auto& member : ValueView()) ADD_FAILURE();
}

TEST(Value, EqualValuesAreEqualBytesHoweverTheyAreMade) {
  const Value built = Value::object({{"i", 1}, {"d", 0.5}, {"s", "x"}, {"l", Value::array({true, nullptr, 1U, 3LL})}});
  EXPECT_EQ(built.encoded(), Value::from_json(R"({"i":1,"d":0.5,"s":"x","l":[true,null,1,3]})").encoded());
  const std::vector<std::pair<std::string, Value>> members = {{"a", Value(1)}};
  EXPECT_EQ(Value::object(members).to_json(), R"({"a":1})");
  EXPECT_EQ(Value(0.5).encoded().size(), 5U);
  EXPECT_EQ(Value(0.1).encoded().size(), 9U);
  EXPECT_EQ(Value(ValueView()).type(), ValueType::null);
}

TEST(Value, RefusesContentThatJsonCannotHold) {
  using Limits = std::numeric_limits<double>;
  EXPECT_EQ(code_of([] { return Value(Limits::quiet_NaN()); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([] { return Value(-Limits::infinity()); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([] { return Value("\xff"); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([] { Value::object({{"\xff", 1}}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([] { Value::object({{"a", 1}, {"b", 1}, {"a", 2}}); }), ErrorCode::invalid_argument);
  Value deep = 1;
  for (std::size_t i = 0; i < value_depth_max; ++i) deep = Value::array(std::vector<Value>{deep});
  EXPECT_EQ(code_of([&] { Value::array(std::vector<Value>{deep}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { Value::object({{"a", deep}}); }), ErrorCode::invalid_argument);
  Value holder = Value::object();
  EXPECT_EQ(code_of([&] { holder.set("a", deep); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { holder.set("a.b", deep["x"]).set("a.c", deep); }), ErrorCode::invalid_argument);
}

TEST(Value, SetPutsAndReplacesAndEraseRemoves) {
  Value value = Value::object();
  value.set("a", 1).set("b.c.d", "x").set("b.e", true).set("a", Value::array({1, 2}));
  EXPECT_EQ(value.to_json(), R"({"a":[1,2],"b":{"c":{"d":"x"},"e":true}})");
  value.set(R"("odd.name")", 2.5).set("b.c", ValueView());
  EXPECT_EQ(value.to_json(), R"({"a":[1,2],"b":{"c":null,"e":true},"odd.name":2.5})");
  value.set("copy", value["b"]);
  EXPECT_EQ(value["copy"].to_json(), R"({"c":null,"e":true})");
  value.erase("b.c").erase("copy.x").erase("absent.y").erase("a");
  EXPECT_EQ(value.to_json(), R"({"b":{"e":true},"odd.name":2.5,"copy":{"c":null,"e":true}})");
  const Bytes before(value.encoded());
  for (const char* path : {"b[0]", "b.e.f", "new.x[1]", "", "b."}) {
    EXPECT_EQ(code_of([&] { value.set(path, 1); }), ErrorCode::invalid_argument) << path;
  }
  EXPECT_EQ(code_of([&] { value.erase("b[0]"); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { Value(1).set("a", 1); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { value.set("\xff", 1); }), ErrorCode::invalid_argument);
  EXPECT_EQ(value.encoded(), before);
}

TEST(Value, GrowsAndShrinksThroughEverySizeOfHead) {
  Value value = Value::object();
  for (int i = 0; i < 70; ++i) value.set("n" + std::to_string(i), Value(std::string(static_cast<std::size_t>(i), 'x')));
  EXPECT_EQ(value.size(), 70U);
  EXPECT_EQ(value["n69"].as_string().size(), 69U);
  EXPECT_EQ(Value::from_encoded(value.encoded()).encoded(), value.encoded());
  for (int i = 0; i < 70; ++i) value.erase("n" + std::to_string(i));
  EXPECT_EQ(value.encoded(), Value::object().encoded());
  for (std::size_t size : {0U, 15U, 16U, 31U, 32U, 255U, 256U, 65535U, 65536U}) {
    const Value array = Value::array(std::vector<Value>(size, Value(7)));
    EXPECT_EQ(Value::from_json(array.to_json()).encoded(), array.encoded());
    EXPECT_EQ(Value::from_encoded(array.encoded()).size(), size);
    const Value text(std::string(size, 'y'));
    EXPECT_EQ(Value::from_encoded(text.encoded()).as_string().size(), size);
  }
}

TEST(Value, NumbersCompareExactlyBeyondWhatADoubleHolds) {
  SCOPED_TRACE(replay_command("Value.NumbersCompareExactlyBeyondWhatADoubleHolds"));
  static_assert(std::numeric_limits<long double>::digits >= 64, "the oracle must hold every 64-bit integer");
  const auto exact = [](ValueView value) {
    if (value.type() == ValueType::number) return static_cast<long double>(value.as_double());
    return value.int_or(0) != 0 ? static_cast<long double>(value.as_int()) : static_cast<long double>(value.as_uint());
  };
  RandomValues random(test_seed());
  for (int round = 0; round < 50'000; ++round) {
    const Value a = random.number();
    const Value b = random.chance(2) ? random.number() : Value(a.as_double());
    const long double in_a = exact(a);
    const long double in_b = exact(b);
    const auto order = in_a < in_b   ? std::strong_ordering::less
                       : in_a > in_b ? std::strong_ordering::greater
                                     : std::strong_ordering::equal;
    ASSERT_EQ(compare(a, b), order) << a.to_json() << " and " << b.to_json();
    ASSERT_EQ(compare(b, a), 0 <=> order);
  }
  EXPECT_EQ(Value(1), Value(1.0));
  EXPECT_EQ(Value(0), Value(-0.0));
}

TEST(Value, TypesCompareInTheirOrder) {
  const char* ascending[] = {"null",
                             "false",
                             "true",
                             "-1e300",
                             "-1",
                             "0",
                             "0.5",
                             "1",
                             "1e300",
                             "\"\"",
                             "\"a\"",
                             "\"a\\u0000\"",
                             "\"aa\"",
                             "\"b\"",
                             "\"\u00e9\"",
                             "[]",
                             "[1]",
                             "[1,0]",
                             "[2]",
                             "[[]]",
                             "{}",
                             R"({"a":1})",
                             R"({"a":1,"b":1})",
                             R"({"a":2})",
                             R"({"b":0})"};
  for (std::size_t a = 0; a < std::size(ascending); ++a) {
    EXPECT_EQ(compare(ValueView(), Value::from_json(ascending[a])), std::strong_ordering::less);
    for (std::size_t b = 0; b < std::size(ascending); ++b) {
      EXPECT_EQ(compare(Value::from_json(ascending[a]), Value::from_json(ascending[b])), a <=> b)
          << ascending[a] << ascending[b];
    }
  }
}

TEST(Encoded, OtherFormsOfMessagePackBecomeTheOneThatIsWritten) {
  using namespace std::string_literals;
  const std::pair<std::string, std::string> forms[] = {{"\xcc\x05"s, "5"},
                                                       {"\xd3\xff\xff\xff\xff\xff\xff\xff\xff"s, "-1"},
                                                       {"\xd1\x00\x05"s, "5"},
                                                       {"\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00"s, "0.5"},
                                                       {"\xd9\x01"
                                                        "a"s,
                                                        "\"a\""},
                                                       {"\xdb\x00\x00\x00\x01"
                                                        "a"s,
                                                        "\"a\""},
                                                       {"\xdc\x00\x01\x05"s, "[5]"},
                                                       {"\xdf\x00\x00\x00\x01\xda\x00\x01"
                                                        "a\xcd\x00\x05"s,
                                                        "{\"a\":5}"}};
  for (const auto& [encoded, json] : forms) {
    EXPECT_EQ(Value::from_encoded(encoded).encoded(), Value::from_json(json).encoded()) << json;
    EXPECT_EQ(ValueView(encoded).to_json(), json);
  }
}

TEST(Encoded, MalformedBytesAreRefused) {
  using namespace std::string_literals;
  for (const std::string& encoded : {""s,
                                     "\xc1"s,
                                     "\xc4\x01x"s,
                                     "\xc7\x01\x01x"s,
                                     "\xd4\x01x"s,
                                     "\xd8"s,
                                     "\xc0\xc0"s,
                                     "\xcc"s,
                                     "\xcd\x01"s,
                                     "\xca\x01\x02\x03"s,
                                     "\xcb"s,
                                     "\xa2x"s,
                                     "\xd9\x05xxxx"s,
                                     "\xdb\xff\xff\xff\xff"s,
                                     "\x92\x01"s,
                                     "\xdd\xff\xff\xff\xff\x01"s,
                                     "\x81\xa1"
                                     "a"s,
                                     "\x81\x01\x01"s,
                                     "\x82\xa1"
                                     "a\x01\xa1"
                                     "a\x02"s,
                                     "\xa1\xff"s,
                                     "\x81\xa1\xff\x01"s,
                                     "\xca\x7f\xc0\x00\x00"s,
                                     "\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"s,
                                     "\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"s,
                                     std::string(value_depth_max + 1, '\x91') + "\x01"}) {
    EXPECT_EQ(code_of([&] { Value::from_encoded(encoded); }), ErrorCode::corruption) << testing::PrintToString(encoded);
  }
  EXPECT_EQ(Value::from_encoded(std::string(value_depth_max, '\x91') + "\x01").size(), 1U);
}

TEST(Encoded, DamagedBytesAreRefusedAndReadingThemStaysInBounds) {
  SCOPED_TRACE(replay_command("Encoded.DamagedBytesAreRefusedAndReadingThemStaysInBounds"));
  RandomValues random(test_seed());
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    const Value whole = random.value();
    ASSERT_EQ(Value::from_encoded(whole.encoded()).encoded(), whole.encoded());
    // Exactly as many bytes on the heap as the view spans, so that a sanitizer sees any step beyond.
    std::vector<char> bytes(whole.encoded().begin(), whole.encoded().end());
    if (random.chance(2)) bytes.resize(random.below(bytes.size()));
    for (std::uint64_t left = 1 + random.below(3); left != 0 && !bytes.empty(); --left) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.bits());
    }
    bytes.shrink_to_fit();
    const bytes_view damaged(bytes.data(), bytes.size());
    try {
      const Value value = Value::from_encoded(damaged);
      ASSERT_EQ(Value::from_json(value.to_json()).encoded(), value.encoded());
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::corruption);
      ++refused;
    }
    for (const auto& read :
         {+[](ValueView view) { view.at("a0.b1[3].c"); }, +[](ValueView view) { view.to_json(); },
          +[](ValueView view) { compare(view, view); }, +[](ValueView view) { view[2].string_or(""); }}) {
      try {
        read(ValueView(damaged));
      } catch (const Error& error) {
        ASSERT_EQ(error.code(), ErrorCode::corruption);
      }
    }
  }
  EXPECT_GT(refused, 1'000);
}

TEST(Value, ChangesByPathEqualAModelOfMembers) {
  SCOPED_TRACE(replay_command("Value.ChangesByPathEqualAModelOfMembers"));
  RandomValues random(test_seed());
  Value value = Value::object();
  std::vector<std::pair<std::string, Value>> model;
  for (int round = 0; round < 5'000; ++round) {
    const std::string name = "n" + std::to_string(random.below(40));
    const auto found =
        std::find_if(model.begin(), model.end(), [&](const auto& member) { return member.first == name; });
    if (random.chance(3)) {
      value.erase(name);
      if (found != model.end()) model.erase(found);
    } else {
      const Value content = random.value(2);
      value.set(name, content);
      if (found != model.end()) {
        found->second = content;
      } else {
        model.emplace_back(name, content);
      }
    }
    ASSERT_EQ(value.encoded(), Value::object(model).encoded());
  }
}

}  // namespace
}  // namespace strata
