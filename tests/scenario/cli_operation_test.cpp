#include "tests/scenario/cli_command.hpp"

namespace strata::scenario {
namespace {

class CliOperation : public CommandScenario {};

TEST_F(CliOperation, TheLogNamesEachCommitInOrder) {
  done({"put", "notes", "n1", "1"});
  done({"put", "notes", "n2", "2"});
  done({"delete", "notes", "n1"});
  const auto entries = done({"log"}).values();
  ASSERT_EQ(entries.size(), 3U);
  for (std::size_t i = 0; i < entries.size(); ++i) EXPECT_EQ(entries[i]["position"].as_uint(), i + 1);
  EXPECT_EQ(Value(entries[1]["changes"]), Value::from_json(R"([{"op":"put","collection":"notes","key":"n2"}])"));
  EXPECT_EQ(Value(entries[2]["changes"]), Value::from_json(R"([{"op":"delete","collection":"notes","key":"n1"}])"));
  EXPECT_EQ(entries[1]["origin"].as_string(), "strata put");
  EXPECT_EQ(done({"log", "--from", "1", "--limit", "1"}).values().at(0)["position"].as_int(), 2);
  EXPECT_EQ(done({"log", "--tail", "1"}).values().at(0)["position"].as_int(), 3);
  EXPECT_EQ(done({"log", "--from", "3"}).out, "");
}

TEST_F(CliOperation, AFollowerSeesCommitsOfOthersAndEndsOnCtrlC) {
  done({"put", "notes", "n1", "1"});
  RunningCommand follower = start({"log", "--follow"});
  EXPECT_EQ(Value::from_json(follower.next_line())["position"].as_int(), 1);
  done({"put", "notes", "n2", "2"});
  EXPECT_EQ(Value::from_json(follower.next_line())["position"].as_int(), 2);
  done({"put", "notes", "n3", "3"});
  EXPECT_EQ(Value::from_json(follower.next_line())["position"].as_int(), 3);
  follower.interrupt();
  EXPECT_EQ(follower.wait(), 0);
  EXPECT_EQ(read("stderr"), "");
}

TEST_F(CliOperation, AFollowerEndsAtItsLimit) {
  done({"put", "notes", "n1", "1"});
  RunningCommand follower = start({"log", "--follow", "--from", "1", "--limit", "1"});
  done({"put", "notes", "n2", "2"});
  EXPECT_EQ(Value::from_json(follower.next_line())["position"].as_int(), 2);
  EXPECT_EQ(follower.wait(), 0);
}

TEST_F(CliOperation, VerifyOfASoundStoreFindsNoProblems) {
  done({"put", "notes", "n1", R"({"kind":1})"});
  done({"index", "create", "notes", "kind"});
  const Value report = done({"verify"}).values().at(0);
  EXPECT_EQ(report["problems"].size(), 0U);
  EXPECT_EQ(report["index_entries"].as_int(), 1);
  EXPECT_GE(report["records"].as_int(), 1);
}

TEST_F(CliOperation, StatsAreNumbersForProgramsAndWordsForPeople) {
  done({"put", "notes", "n1", "1"});
  const Value stats = done({"stats"}).values().at(0);
  EXPECT_GT(stats["file_bytes"].as_int(), 0);
  bool listed = false;
  for (const ValueView::Member& space : stats["spaces"])
    listed = listed || space.value["space"].as_string() == "collection notes";
  EXPECT_TRUE(listed) << stats.to_json();
  EXPECT_NE(done({"stats", "--format", "table"}).out.find("KiB"), std::string::npos);
  EXPECT_GT(done({"compact"}).values().at(0)["before"].as_int(), 0);
}

TEST_F(CliOperation, BenchLeavesNothingBehindAndTheStoreAlone) {
  done({"put", "notes", "n1", "1"});
  const auto rows = done({"bench", "--seconds", "0.02"}).values();
  ASSERT_EQ(rows.size(), 5U);
  for (const Value& row : rows) EXPECT_GT(row["per_second"].as_int(), 0) << row.to_json();
  EXPECT_EQ(done({"info"}).values().at(0)["position"].as_int(), 1);
  for (const auto& entry : std::filesystem::directory_iterator(directory())) {
    EXPECT_EQ(entry.path().filename().string().find("bench"), std::string::npos) << entry.path();
  }
  fails(2, "is not one of", {"bench", "--engine", "paper"});
}

TEST_F(CliOperation, ShellsGetScriptsThatTheyCanRead) {
  EXPECT_NE(done({"completion", "zsh"}).out.find("#compdef strata"), std::string::npos);
  EXPECT_NE(done({"completion", "fish"}).out.find("complete -c strata"), std::string::npos);
  write("completion.bash", done({"completion", "bash"}).out);
  if (!std::filesystem::exists("/bin/bash")) GTEST_SKIP() << "no bash here";
  const Outcome outcome = run_line(
      "/bin/bash -c '. ./completion.bash; COMP_WORDS=(strata index cr); COMP_CWORD=2; _strata; echo ${COMPREPLY[*]}'");
  EXPECT_EQ(outcome.out, "create\n") << outcome.error;
}

TEST_F(CliOperation, AFileThatIsNoStoreIsRefused) {
  write("store", "this is a file");
  fails(1, "", {"info"});
  fails(1, "", {"put", "notes", "n1", "1"});
  EXPECT_EQ(read("store"), "this is a file");
}

}  // namespace
}  // namespace strata::scenario
