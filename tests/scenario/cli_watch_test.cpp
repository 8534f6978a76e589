// watch, consumers and queue work, as a person types them.
#include "tests/scenario/cli_command.hpp"

namespace strata::scenario {
namespace {

class CliWatch : public CommandScenario {};

TEST_F(CliWatch, PrintsChangesAsTheyAreCommitted) {
  done({"put", "notes", "a", R"({"n":1})"});
  RunningCommand watching = start({"watch", "notes", "--state", "--limit", "4"});
  ASSERT_TRUE(watching.wait_for("state_end"));
  done({"put", "notes", "b", R"({"n":2})"});
  done({"delete", "notes", "a"});
  EXPECT_TRUE(watching.wait_for(R"({"op":"delete","collection":"notes","key":"a","position":3,"batch_end":true})"))
      << watching.seen();
  EXPECT_EQ(watching.wait(), 0);
}

TEST_F(CliWatch, AConsumerGoesOnWhereItWas) {
  done({"put", "notes", "a", R"({"n":1})"});
  const std::vector<std::string> watch = {"watch", "notes",  "--where", "n > 0",     "--consumer",
                                          "c",     "--from", "log",     "--timeout", "0s"};
  EXPECT_EQ(done(watch).values().size(), 1u);
  EXPECT_EQ(done(watch).values().size(), 0u);
  done({"put", "notes", "a", R"({"n":-1})"});
  const auto left = done(watch).values();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0]["op"].as_string(), "left");
  const auto consumers = done({"consumers"}).values();
  ASSERT_EQ(consumers.size(), 1u);
  EXPECT_EQ(consumers[0]["consumer"].as_string(), "c");
  EXPECT_EQ(consumers[0]["lag"].as_uint(), 0u);
  const Outcome other = run({"watch", "--consumer", "c", "--timeout", "0s"});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_NE(other.error.find("watched something else"), std::string::npos) << other.error;
  done({"consumers", "forget", "c"});
  EXPECT_EQ(run({"consumers", "forget", "c"}).exit_code, 1);
}

TEST_F(CliWatch, AStandingQueryTellsWhatIsNearAndHowAlikeItIs) {
  done({"vector", "create", "notes", "v", "--dim", "2"});
  done({"text", "create", "notes", "title"});
  done({"put", "notes", "a", R"({"title":"green tea","v":[1,0]})"});
  RunningCommand watching = start(
      {"watch", "notes", "--vector", "[1, 0]", "--min-similarity", "0.9", "--text", "+tea", "--state", "--limit", "5"});
  ASSERT_TRUE(watching.wait_for("state_end"));
  done({"put", "notes", "b", R"({"title":"black tea","v":[2,0]})"});
  EXPECT_TRUE(watching.wait_for(R"("key":"b","value":{"title":"black tea"},"similarity":1.0,)")) << watching.seen();
  done({"put", "notes", "b", R"({"title":"coffee"})"});
  EXPECT_TRUE(watching.wait_for(R"("op":"left","collection":"notes","key":"b")")) << watching.seen();
  done({"put", "notes", "a", R"({"title":"tea","v":[0,1]})"});
  EXPECT_TRUE(watching.wait_for(R"("op":"left","collection":"notes","key":"a")")) << watching.seen();
  EXPECT_EQ(watching.wait(), 0);
}

TEST_F(CliWatch, AStandingQueryIsAskedForInTheWordsOfSearch) {
  done({"vector", "create", "notes", "v", "--dim", "2"});
  done({"vector", "create", "notes", "w", "--dim", "2"});
  done({"text", "create", "notes", "title", "--name", "t"});
  done({"put", "notes", "a", R"({"title":"tea","v":[1,0],"w":[0,1]})"});
  done({"put", "notes", "b", R"({"title":"tea","v":[1,0],"w":[1,0]})"});
  const auto keys = [&](std::vector<std::string> conditions) {
    conditions.insert(conditions.begin(), {"watch", "notes", "--state", "--timeout", "0s"});
    std::string text;
    for (const Value& change : done(conditions).values()) text += change["key"].string_or("");
    return text;
  };
  EXPECT_EQ(keys({"--vector", "v=[1,0]", "--min-similarity", "0.5"}), "ab");
  EXPECT_EQ(keys({"--vector", "[1,0]", "--field", "w", "--min-similarity", "0.5"}), "b");
  EXPECT_EQ(keys({"--vector", "[-1,0]", "--field", "v", "--min-similarity", "-1"}), "ab");
  EXPECT_EQ(keys({"--like", "a", "--field", "v", "--min-similarity", "0.5"}), "b") << "it is not like itself";
  EXPECT_EQ(keys({"--text", "tea -milk", "--text-field", "t"}), "ab");
  done({"vector", "create", "lines", "v", "--dim", "256", "--embed", "lexical", "--from", "text"});
  done({"put", "lines", "a", R"({"text":"watering the garden"})"});
  const auto near =
      done({"watch", "lines", "--near", "garden watering", "--min-similarity", "0.3", "--state", "--timeout", "0s"});
  EXPECT_NE(near.out.find(R"("key":"a")"), std::string::npos) << near.out;
}

TEST_F(CliWatch, WrongUseIsToldInOneLine) {
  done({"put", "notes", "a", "1"});
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"watch", "--where", "n > 0"},
                                             {"watch", "notes", "--from", "yesterday"},
                                             {"watch", "notes", "--state", "--from", "1"},
                                             {"watch", "notes", "--type", "t"},
                                             {"watch", "notes", "--vector", "[1,0]"},
                                             {"watch", "notes", "--vector", "{}", "--min-similarity", "0.5"},
                                             {"watch", "notes", "--min-similarity", "0.5"},
                                             {"watch", "notes", "--text-field", "t"},
                                             {"watch", "notes", "--like", "a", "--near", "b", "--min-similarity", "0"},
                                             {"watch", "--text", "tea"},
                                             {"queue", "work", "q"}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.error;
    EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
  }
  EXPECT_EQ(run({"watch", "notes", "--from", "99"}).exit_code, 1);
  EXPECT_EQ(run({"watch", "notes", "--where", "and and"}).exit_code, 1);
  EXPECT_EQ(run({"watch", "notes", "--text", "tea"}).exit_code, 1) << "there is no text field";
  EXPECT_EQ(run({"watch", "notes", "--like", "a", "--min-similarity", "0.5"}).exit_code, 1);
}

TEST_F(CliWatch, WorkIsDoneByAProgramAndItsAnswerKept) {
  done({"queue", "put", "jobs", "-"}, "{\"n\":1}\n{\"n\":2}\n\"text\"\n");
  const Outcome worked =
      done({"queue", "work", "jobs", "--into", "answers", "--key", "n", "--wait", "0s", "--", "cat"});
  EXPECT_EQ(worked.values().size(), 3u);
  EXPECT_EQ(done({"get", "answers", "2"}).values()[0]["value"]["n"].as_int(), 2);
  EXPECT_EQ(done({"find", "answers", "--where", "$ = 'text'"}).values().size(), 1u);
  done({"queue", "put", "jobs", "1"});
  EXPECT_EQ(done({"queue", "work", "jobs", "--wait", "0s", "--", "false"}).values()[0]["exit_code"].as_int(), 1);
  EXPECT_EQ(done({"queue", "list", "jobs"}).values()[0]["error"].as_string(), "exit code 1");
  done({"queue", "put", "other", "1"});
  const Outcome absent = run({"queue", "work", "other", "--wait", "0s", "--", "/no/such/program"});
  EXPECT_EQ(absent.exit_code, 2);
  EXPECT_EQ(done({"queue", "list", "other"}).values()[0]["attempts"].as_int(), 0) << "it was given back";
}

}  // namespace
}  // namespace strata::scenario
