#include "cli/words.hpp"

#include <gtest/gtest.h>

#include "cli/session.hpp"

namespace strata::cli {
namespace {

using Words = std::vector<std::string>;

TEST(Words, BlanksSeparateThem) {
  EXPECT_EQ(split_words("  find   notes\t--count "), (Words{"find", "notes", "--count"}));
  EXPECT_TRUE(split_words("   ").empty());
}

TEST(Words, QuotesKeepBlanksAndAnEmptyWord) {
  EXPECT_EQ(split_words(R"(find notes --where "kind = 'a b'" --cursor '')"),
            (Words{"find", "notes", "--where", "kind = 'a b'", "--cursor", ""}));
  EXPECT_EQ(split_words(R"("say \"hi\" \n" 'back\slash' two\ words)"),
            (Words{R"(say "hi" \n)", R"(back\slash)", "two words"}));
}

TEST(Words, JsonInBracketsNeedsNoQuotes) {
  EXPECT_EQ(split_words(R"(put notes n1 {"a": [1, 2], "b": "} ]\" x"} --ttl 7d)"),
            (Words{"put", "notes", "n1", R"({"a": [1, 2], "b": "} ]\" x"})", "--ttl", "7d"}));
  EXPECT_EQ(split_words("put notes n1 [1, 2]"), (Words{"put", "notes", "n1", "[1, 2]"}));
}

TEST(Words, WhatIsNotClosedIsRefused) {
  EXPECT_THROW(split_words("get notes 'n1"), UsageError);
  EXPECT_THROW(split_words("put notes {\"a\": 1"), UsageError);
  EXPECT_THROW(split_words("put notes {\"a\\"), UsageError);
}

}  // namespace
}  // namespace strata::cli
