#include "cli/matching_lines.hpp"

#include <gtest/gtest.h>

namespace strata::cli {
namespace {

using Words = std::vector<std::string>;

std::string chosen(std::string_view text, const Words& words, std::size_t lines, std::size_t context = 0) {
  std::string out;
  for (const MatchingLine& line : best_lines(text, words, lines, context)) {
    out += std::to_string(line.number) + (line.matches ? ":" : "-") + line.text + "\n";
  }
  return out;
}

TEST(MatchingLines, WordsOfAQuestionAreEachTakenOnce) {
  EXPECT_EQ(query_words("Where is `lock_file` closed? Lock!"), (Words{"where", "is", "lock", "file", "closed"}));
  EXPECT_TRUE(query_words(" ?!").empty());
}

TEST(MatchingLines, TheLinesWithMostOfTheWordsComeInTheirOrder) {
  EXPECT_EQ(chosen("one\na lock\nlock and file\nfile\n", {"lock", "file"}, 2), "2:a lock\n3:lock and file\n");
  EXPECT_EQ(chosen("one\ntwo\nlock\nfour\n", {"lock"}, 3, 1), "2-two\n3:lock\n4-four\n");
}

TEST(MatchingLines, WithoutAMatchTheFirstLineStands) { EXPECT_EQ(chosen("\n  \nfirst\n", {"x"}, 2), "3-first\n"); }

TEST(MatchingLines, WordsAreFoundByTheirBeginning) {
  EXPECT_EQ(highlighted("locked is a is", {"lock", "is"}, true).find("\x1b"), 0U);
  EXPECT_EQ(highlighted("isn block", {"is", "lock"}, true), "isn block") << "short words are whole, others begin";
}

TEST(MatchingLines, EndlessLinesAreCut) {
  EXPECT_LT(best_lines(std::string(100'000, 'a'), {"aaaa"}, 1, 0).at(0).text.size(), 500U);
}

}  // namespace
}  // namespace strata::cli
