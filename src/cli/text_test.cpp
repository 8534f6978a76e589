#include "cli/text.hpp"

#include <gtest/gtest.h>

namespace strata::cli {
namespace {

using namespace std::chrono_literals;

TEST(Text, WidthCountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("größe"), 5U);
  EXPECT_EQ(display_width("日本"), 4U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(display_width(std::string("\xff\xfe")), 2U);
}

TEST(Text, CutKeepsWholeCharactersAndSaysThatMoreFollowed) {
  EXPECT_EQ(cut("abcdef", 6), "abcdef");
  EXPECT_EQ(cut("abcdef", 4), "abc…");
  EXPECT_EQ(cut("größe", 4), "grö…");
  EXPECT_EQ(cut("日本語", 4), "日…");
  EXPECT_EQ(cut("日本語", 5), "日本…");
  EXPECT_EQ(cut("abc", 1), "…");
  EXPECT_EQ(cut("abc", 0), "");
  EXPECT_EQ(cut("", 0), "");
}

TEST(Text, ControlCharactersCannotReachTheTerminal) {
  EXPECT_EQ(single_line("a\nb\tc\x1b[1m\x7f"), "a\\nb\\tc\\u001b[1m\\u007f");
  EXPECT_EQ(single_line("größe"), "größe");
}

TEST(Text, SizesAndCountsReadWell) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_bytes(std::uint64_t{300} << 20), "300 MiB");
  EXPECT_EQ(human_bytes((std::uint64_t{1} << 20) - 1), "1.0 MiB");
  EXPECT_EQ(human_count(0), "0");
  EXPECT_EQ(human_count(999), "999");
  EXPECT_EQ(human_count(1000), "1,000");
  EXPECT_EQ(human_count(1234567), "1,234,567");
  EXPECT_EQ(one_or_many(1, "record"), "1 record");
  EXPECT_EQ(one_or_many(2000, "record"), "2,000 records");
  EXPECT_EQ(one_or_many(2, "index"), "2 indexes");
}

TEST(Text, TimesAreShownInTheUnitThatFits) {
  EXPECT_EQ(human_duration(950ns), "950 ns");
  EXPECT_EQ(human_duration(1500ns), "1.5 µs");
  EXPECT_EQ(human_duration(2500us), "2.50 ms");
  EXPECT_EQ(human_duration(90s), "1 min 30 s");
  EXPECT_EQ(human_span(7 * 24h), "7d");
  EXPECT_EQ(human_span(90s), "90s");
  EXPECT_EQ(human_span(1500ms), "1500ms");
}

TEST(Text, TheNearestWordIsSuggestedOnlyWhenItIsNear) {
  const std::vector<std::string> words = {"find", "index", "import", "info"};
  EXPECT_EQ(nearest("fnd", words), "find");
  EXPECT_EQ(nearest("fnid", words), "find");
  EXPECT_EQ(nearest("finde", words), "find");
  EXPECT_EQ(nearest("imp", words), "import");
  EXPECT_EQ(nearest("zebra", words), std::nullopt);
}

TEST(Text, ListsSplitAtCommasOutsideOfQuotes) {
  EXPECT_EQ(split_list("kind, author.name"), (std::vector<std::string>{"kind", "author.name"}));
  EXPECT_EQ(split_list("a.\"b,c\",d"), (std::vector<std::string>{"a.\"b,c\"", "d"}));
  EXPECT_TRUE(split_list("").empty());
}

}  // namespace
}  // namespace strata::cli
