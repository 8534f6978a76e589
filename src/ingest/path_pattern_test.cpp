#include "ingest/path_pattern.hpp"

#include <gtest/gtest.h>

namespace strata::ingest {
namespace {

struct Case {
  std::string_view pattern;
  std::string_view path;
  bool directory;
  bool matches;
};

// As `git check-ignore` answers, where no folder above is ignored.
constexpr std::array cases{
    // a name, at any depth
    Case{"build", "build", true, true},
    Case{"build", "a/b/build", false, true},
    Case{"build", "builder", false, false},
    Case{"*.o", "a/b.o", false, true},
    Case{"*.o", "a.o/b", false, false},
    // only folders
    Case{"build/", "build", true, true},
    Case{"build/", "build", false, false},
    Case{"build/", "a/build", true, true},
    Case{"a/b/", "a/b", true, true},
    Case{"a/b/", "x/a/b", true, false},
    // anchored by a slash before the end
    Case{"/build", "build", false, true},
    Case{"/build", "a/build", false, false},
    Case{"a/b", "a/b", false, true},
    Case{"a/b", "x/a/b", false, false},
    Case{"/*.c", "cat.c", false, true},
    Case{"/*.c", "m/cat.c", false, false},
    Case{"doc/*.txt", "doc/a.txt", false, true},
    Case{"doc/*.txt", "doc/a/b.txt", false, false},
    // whole folders
    Case{"**/foo", "foo", false, true},
    Case{"**/foo", "a/b/foo", false, true},
    Case{"**/foo", "afoo", false, false},
    Case{"**/foo/bar", "a/foo/bar", false, true},
    Case{"a/**/b", "a/b", false, true},
    Case{"a/**/b", "a/x/b", false, true},
    Case{"a/**/b", "a/x/y/b", false, true},
    Case{"a/**/b", "a/xb", false, false},
    Case{"a/**/b", "ab", false, false},
    Case{"abc/**", "abc/x", false, true},
    Case{"abc/**", "abc/x/y", false, true},
    Case{"abc/**", "abc", true, false},
    Case{"**", "a/b", false, true},
    Case{"a/**/**/b", "a/b", false, true},
    Case{"a**b", "axxb", false, true},
    Case{"x/a**b", "x/a/b", false, false},
    // characters
    Case{"a?c", "abc", false, true},
    Case{"x/a?c", "x/a/c", false, false},
    Case{"[a-c]x", "bx", false, true},
    Case{"[a-c]x", "dx", false, false},
    Case{"[!a-c]x", "dx", false, true},
    Case{"[^a-c]x", "ax", false, false},
    Case{"[]x]y", "]y", false, true},
    Case{"[[:digit:]]x", "7x", false, true},
    Case{"[[:digit:][:upper:]]x", "Qx", false, true},
    Case{"[[:digit:]]x", "ax", false, false},
    Case{"[a-]x", "-x", false, true},
    Case{"x/[!b]/c", "x///c", false, false},
    // escapes
    Case{"\\#a", "#a", false, true},
    Case{"\\!a", "!a", false, true},
    Case{"a\\*", "a*", false, true},
    Case{"a\\*", "ab", false, false},
    Case{"a\\ ", "a ", false, true},
    Case{"a  ", "a", false, true},
    Case{"[\\]]x", "]x", false, true},
};

TEST(PathPattern, MatchesAsGitDoes) {
  for (const Case& item : cases) {
    const auto pattern = PathPattern::parse(item.pattern);
    ASSERT_TRUE(pattern) << item.pattern;
    EXPECT_EQ(pattern->matches(item.path, item.directory), item.matches) << item.pattern << " over " << item.path;
  }
}

TEST(PathPattern, BlankLinesAndCommentsAreNone) {
  for (const std::string_view line : {"", "   ", "# a", "/", "!", "\r\n"})
    EXPECT_FALSE(PathPattern::parse(line)) << line;
}

TEST(PathPattern, ANegationSaysSo) {
  const auto pattern = PathPattern::parse("!keep.txt\r\n");
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(pattern->negated());
  EXPECT_TRUE(pattern->matches("a/keep.txt", false));
}

TEST(PathPattern, AHostilePatternEndsSoon) {
  std::string glob;
  for (int i = 0; i < 50; ++i) glob += "*a";
  const auto pattern = PathPattern::parse(glob + "b");
  ASSERT_TRUE(pattern);
  EXPECT_FALSE(pattern->matches(std::string(20'000, 'a'), false));
}

}  // namespace
}  // namespace strata::ingest
