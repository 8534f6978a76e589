#include "filter/text_pattern.hpp"

#include <gtest/gtest.h>

#include <string>

#include "codec/value_random.hpp"
#include "strata/error.hpp"

namespace strata::filter {
namespace {

TEST(TextPattern, MatchesWholeTexts) {
  struct Case {
    const char* pattern;
    const char* text;
    bool matches;
  };
  const Case cases[] = {
      {"", "", true},
      {"", "a", false},
      {"abc", "abc", true},
      {"abc", "abcd", false},
      {"abc", "ab", false},
      {"abc", "ABC", false},
      {"%", "", true},
      {"%", "anything", true},
      {"%%%", "x", true},
      {"a%", "a", true},
      {"a%", "ba", false},
      {"%a", "ba", true},
      {"%a", "ab", false},
      {"%b%", "abc", true},
      {"a%c", "abbbc", true},
      {"a%c", "ac", true},
      {"a%b%c", "aXbYc", true},
      {"a%b%c", "aXcYb", false},
      {"_", "", false},
      {"_", "a", true},
      {"_", "ab", false},
      {"__", "ab", true},
      {"a_c", "abc", true},
      {"%_", "", false},
      {"_%_", "ab", true},
      {"_%_", "a", false},
      {"%ab%ab", "abab", true},
      {"%ab%ab", "ab", false},
      {"_", "\xc3\xa9", true},
      {"__", "\xc3\xa9", false},
      {"%_", "\xc3\xa9", true},
      {"a\\%", "a%", true},
      {"a\\%", "ab", false},
      {"\\_", "_", true},
      {"\\_", "x", false},
      {"\\\\", "\\", true},
      {"\\a", "a", true},
      {"%.deb", "x.deb", true},
      {"%aab", "aaaaaaab", true},
      {"%\xa9", "\xc3\xa9", false},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(TextPattern(one.pattern).matches(one.text), one.matches) << one.pattern << " on " << one.text;
  }
}

TEST(TextPattern, KnowsItsPrefix) {
  EXPECT_EQ(TextPattern("ab\\%c%").prefix(), "ab%c");
  EXPECT_TRUE(TextPattern("ab\\%c%").is_prefix());
  EXPECT_FALSE(TextPattern("ab_").is_prefix());
  EXPECT_EQ(TextPattern("ab_c").prefix(), "ab");
  EXPECT_FALSE(TextPattern("ab%c").is_prefix());
  EXPECT_TRUE(TextPattern("a%%").is_prefix());
  EXPECT_TRUE(TextPattern("a\\_").is_literal());
  EXPECT_TRUE(TextPattern("").is_literal());
  EXPECT_FALSE(TextPattern("%").is_literal());
  EXPECT_TRUE(TextPattern("%").is_prefix());
}

TEST(TextPattern, EndsSoonOnPatternsMadeToBacktrack) {
  std::string pattern;
  for (int i = 0; i < 300; ++i) pattern += "%a";
  pattern += "%b";
  EXPECT_FALSE(TextPattern(pattern).matches(std::string(100'000, 'a')));
  EXPECT_TRUE(TextPattern(pattern).matches(std::string(100'000, 'a') + "b"));
}

TEST(TextPattern, RefusesALoneEscapeAndAPatternBeyondItsLimit) {
  try {
    const TextPattern pattern("abc\\");
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  }
  EXPECT_NO_THROW(TextPattern(std::string(pattern_bytes_max, '%')));
  try {
    const TextPattern pattern(std::string(pattern_bytes_max + 1, '%'));
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::limit_exceeded);
    EXPECT_NE(std::string(error.what()).find("pattern_bytes_max"), std::string::npos);
  }
}

/// The definition, word for word; exponential.
bool matches_by_definition(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    return matches_by_definition(pattern.substr(1), text) ||
           (!text.empty() && matches_by_definition(pattern, text.substr(1)));
  }
  return !text.empty() && (pattern[0] == '_' || pattern[0] == text[0]) &&
         matches_by_definition(pattern.substr(1), text.substr(1));
}

TEST(TextPattern, AgreesWithItsDefinitionOnRandomTexts) {
  codec::RandomValues random(codec::test_seed());
  int matched = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string pattern;
    std::string text;
    for (auto left = random.below(7); left > 0; --left) pattern += "ab%_"[random.below(4)];
    for (auto left = random.below(9); left > 0; --left) text += "ab"[random.below(2)];
    const bool expected = matches_by_definition(pattern, text);
    matched += expected ? 1 : 0;
    ASSERT_EQ(TextPattern(pattern).matches(text), expected)
        << pattern << " on " << text << "; replay: STRATA_TEST_SEED=" << codec::test_seed()
        << " filter_test --gtest_filter=TextPattern.AgreesWithItsDefinitionOnRandomTexts";
  }
  EXPECT_GT(matched, 100);
}

}  // namespace
}  // namespace strata::filter
