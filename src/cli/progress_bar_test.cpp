#include "cli/progress_bar.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace strata::cli {
namespace {

using namespace std::chrono_literals;

TEST(ProgressBar, ShowsShareRateAndRemainingTime) {
  const ProgressBar::State state{"index", 5000, 20000, 5s, ProgressBar::Unit::things};
  EXPECT_EQ(ProgressBar::line(state, 100), "index  █████░░░░░░░░░░░░░░░  25%  5,000/20,000  1,000/s  0:15 left");
}

TEST(ProgressBar, WithoutATotalShowsWhatIsDone) {
  const ProgressBar::State state{"import", 2048, 0, 2s, ProgressBar::Unit::bytes};
  EXPECT_EQ(ProgressBar::line(state, 100), "import  2.0 KiB  1.0 KiB/s");
}

TEST(ProgressBar, StaysWithinItsWidth) {
  const ProgressBar::State state{"a phase with a long name", 5000, 20000, 5s, ProgressBar::Unit::things};
  EXPECT_EQ(ProgressBar::line(state, 10), "a phase w…");
}

TEST(ProgressBar, AnInvisibleBarWritesNothing) {
  std::ostringstream out;
  {
    ProgressBar bar(out, {false, 80, ProgressBar::Unit::things});
    EXPECT_TRUE(bar.advance("index", 1, 2));
  }
  EXPECT_EQ(out.str(), "");
}

TEST(ProgressBar, WipesItselfAtTheEnd) {
  std::ostringstream out;
  {
    ProgressBar bar(out, {true, 80, ProgressBar::Unit::things});
    EXPECT_TRUE(bar.advance("index", 1, 2));
  }
  EXPECT_TRUE(out.str().ends_with("\r\033[K"));
}

}  // namespace
}  // namespace strata::cli
