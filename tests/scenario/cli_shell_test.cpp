#include <algorithm>

#include "tests/scenario/cli_command.hpp"

namespace strata::scenario {
namespace {

class CliShell : public CommandScenario {};

TEST_F(CliShell, PipedLinesRunOneAfterAnotherOnOneStore) {
  const Outcome outcome = done({"shell"},
                               "put notes n1 {\"text\": \"a b\"}\n"
                               "\n# a comment\n"
                               "find notes --where \"text = 'a b'\" --count\n"
                               ".quit\nget notes never\n");
  ASSERT_EQ(outcome.lines().size(), 2U);
  EXPECT_EQ(outcome.lines()[1], "1");
}

TEST_F(CliShell, AnErrorDoesNotEndItButIsNotForgotten) {
  const Outcome outcome = run({"shell"}, "get notes n1\nput notes n1 1\nfnid notes\nget notes 'n1\nget notes n1\n");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.values().back()["value"].as_int(), 1);
  EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 3) << outcome.error;
}

TEST_F(CliShell, ModeAndStoreAreChosenForTheLinesThatFollow) {
  const Outcome outcome = done({"shell"},
                               "put notes n1 {\"a\":1}\n.mode csv\nfind notes --fields a\n"
                               ".open " +
                                   path("other") + "\n.mode jsonl\nput notes n2 2\nfind notes --count\n");
  EXPECT_NE(outcome.out.find("key,a,version"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.lines().back(), "1");
  EXPECT_TRUE(std::filesystem::exists(directory() / "other"));
  EXPECT_NE(run({"shell"}, ".mode paper\n").error.find("is none of"), std::string::npos);
}

TEST_F(CliShell, MemoryLastsAsLongAsTheShell) {
  EXPECT_EQ(done({"-s", "memory:", "shell"}, "put a k 1\nput a l 2\nfind a --count\n").lines().back(), "2");
}

TEST_F(CliShell, AtATerminalItCompletesAndRemembers) {
  done({"put", "notes", "n1", "1"});
  {
    RunningCommand shell = start_at_terminal({"shell"});
    ASSERT_TRUE(shell.wait_for("strata> ")) << shell.seen();
    shell.type("fin\tnot\t--count\n");
    ASSERT_TRUE(shell.wait_for("\n1")) << shell.seen();
    ASSERT_TRUE(shell.wait_for("strata> ")) << shell.seen();
    shell.type("get notes nope\n");
    ASSERT_TRUE(shell.wait_for("no record nope")) << shell.seen();
    ASSERT_TRUE(shell.wait_for("strata> ")) << shell.seen();
    shell.type(".quit\n");
    shell.wait_for("no more");
    EXPECT_EQ(shell.wait(), 0);
  }
  EXPECT_NE(read("state/strata/history").find("find"), std::string::npos) << read("state/strata/history");
}

}  // namespace
}  // namespace strata::scenario
