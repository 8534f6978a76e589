#include "view/text/match_expression.hpp"

#include <gtest/gtest.h>

#include <random>

#include "codec/value_random.hpp"
#include "strata/error.hpp"
#include "view/text/example_store.hpp"

namespace strata::view {
namespace {

text::MatchExpression parse(std::string_view words) {
  return text::parse_match(words, [](std::string_view word) {
    return std::any_of(word.begin(), word.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  });
}

ErrorCode refusal(std::string_view words) {
  try {
    parse(words);
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.code();
  }
  ADD_FAILURE() << words << " was taken";
  return ErrorCode::internal;
}

TEST(MatchExpression, EveryWordIsQuoted) {
  EXPECT_EQ(parse("red  green").required, R"("red" OR "green")");
  EXPECT_EQ(parse("\"red green\" blue*").required, R"("red green" OR "blue"*)");
  EXPECT_EQ(parse("+red +\"x y\"*").required, R"("red" AND "x y"*)");
  EXPECT_EQ(parse("a +b -c -d*").required, R"("b" AND ("a" OR "b"))");
  EXPECT_EQ(parse("a +b -c -d*").excluded, R"("c" OR "d"*)");
  EXPECT_EQ(parse("a").excluded, "");
  EXPECT_EQ(parse("a +b -c").wanted, R"("b" OR "a")");
  EXPECT_EQ(parse("OR NOT (NEAR^ title:x").required, R"("OR" OR "NOT" OR "(NEAR^" OR "title:x")");
  EXPECT_EQ(parse(std::string_view("a\0b", 3)).required, R"("a" OR "b")");
}

TEST(MatchExpression, WordsWithoutALetterOrDigitAreLeftOut) {
  EXPECT_EQ(parse("a + - * !! +- \"\" \" ?\"* b").required, R"("a" OR "b")");
}

TEST(MatchExpression, NothingToLookForIsRefused) {
  for (const char* words : {"", "  ", "!", "-a", "-a -\"b c\"", "\"", "a \"b", "+\"a", "\"\""}) {
    EXPECT_EQ(refusal(words), ErrorCode::invalid_argument) << words;
  }
  std::string many;
  for (int i = 0; i < 300; ++i) many += "w" + std::to_string(i) + " ";
  EXPECT_EQ(refusal(many), ErrorCode::limit_exceeded);
  EXPECT_EQ(refusal(std::string(100'000, 'a')), ErrorCode::limit_exceeded);
}

TEST(MatchExpression, AnyBytesAreSafeToAskFor) {
  ExampleStore store = ExampleStore::in_memory();
  TextIndex index("", {"", {"title"}, true}, "notes");
  store.put("a", "a b c \" * + - ( ) : ^ AND OR NOT NEAR é ß 字");
  TextReading reading = index.read(store.opener());
  const Value record = Value::object({{"title", "a b c"}});
  std::mt19937_64 random(codec::test_seed());
  const std::string pieces = "ab \"\"*+-():^{},.\\'~\x01\x7f\xc3\xa9\xff\xf0\x80";
  std::size_t taken = 0;
  constexpr int queries = 20'000;
  for (int i = 0; i < queries; ++i) {
    std::string words;
    for (std::size_t length = random() % 12; length > 0; --length) {
      const auto kind = random() % 8;
      words += kind == 0 ? static_cast<char>(random() % 256) : kind == 1 ? '\0' : pieces[random() % pieces.size()];
    }
    SCOPED_TRACE("replay: STRATA_TEST_SEED=" + std::to_string(codec::test_seed()) + " view_text_test");
    try {
      reading.search(words, 3);
      ++taken;
      index.snippet(record, words);
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::invalid_argument) << error.what();
    }
  }
  EXPECT_GT(taken, 1000u);
  for (int bytes = 0; bytes < 256 * 256; ++bytes) {
    const std::string words{static_cast<char>(bytes >> 8), static_cast<char>(bytes & 0xff)};
    try {
      reading.search(words, 3);
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::invalid_argument) << bytes << ": " << error.what();
    }
  }
  std::string long_word(text::match_bytes_max, 'x');
  EXPECT_TRUE(reading.search(long_word, 3).empty());
}

}  // namespace
}  // namespace strata::view
