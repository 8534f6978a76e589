#include <algorithm>

#include "tests/scenario/cli_command.hpp"

namespace strata::scenario {
namespace {

class CliRecords : public CommandScenario {};

TEST_F(CliRecords, APersonPutsGetsFindsAndDeletes) {
  const Value put = done({"put", "notes", "n1", R"({"text":"größe","score":0.9})"}).values().at(0);
  EXPECT_EQ(put["key"].as_string(), "n1");
  const std::int64_t version = put["version"].as_int();
  EXPECT_GT(version, 0);
  const Value got = done({"get", "notes", "n1"}).values().at(0);
  EXPECT_EQ(got["key"].as_string(), "n1");
  EXPECT_EQ(Value(got["value"]), Value::from_json(R"({"text":"größe","score":0.9})"));
  EXPECT_EQ(got["version"].as_int(), version);
  EXPECT_TRUE(Time::parse(got["created"].as_string()));
  EXPECT_TRUE(Time::parse(got["updated"].as_string()));

  done({"put", "notes", "n2", R"({"score":0.1})"});
  const auto found = done({"find", "notes", "--where", "score >= :least", "--param", "least=0.5"}).values();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["key"].as_string(), "n1");
  EXPECT_EQ(done({"find", "notes", "--count"}).out, "2\n");

  done({"delete", "notes", "n1"});
  fails(1, "no record n1", {"get", "notes", "n1"});
  fails(1, "nothing to delete", {"delete", "notes", "n1"});
}

TEST_F(CliRecords, AValueComesFromTheLineAFileOrStandardInput) {
  write("value.json", "{\n  \"from\": \"file\"\n}\n");
  done({"put", "notes", "a", "-7"});
  done({"put", "notes", "b", "@" + path("value.json")});
  done({"put", "notes", "c", "-"}, "[1,\"x\"]");
  done({"put", "notes", "d", "[1,2]"});
  std::string values;
  for (const Value& record : done({"find", "notes"}).values()) values += Value(record["value"]).to_json() + " ";
  EXPECT_EQ(values, R"(-7 {"from":"file"} [1,"x"] [1,2] )");
}

TEST_F(CliRecords, APutWithoutAKeyMakesOne) {
  const std::string key(done({"put", "notes", R"({"a":1})"}).values().at(0)["key"].as_string());
  EXPECT_TRUE(Uuid::parse(key)) << key;
  EXPECT_EQ(done({"get", "notes", key}).values().at(0)["value"]["a"].as_int(), 1);
}

TEST_F(CliRecords, AnAbsentStoreIsNeitherReadNorMade) {
  const std::vector<std::vector<std::string>> commands = {{"get", "notes", "n1"},
                                                          {"find", "notes"},
                                                          {"delete", "notes", "n1"},
                                                          {"info"},
                                                          {"index"},
                                                          {"log"},
                                                          {"verify"},
                                                          {"stats"},
                                                          {"compact"},
                                                          {"export", "notes"},
                                                          {"dump"},
                                                          {"info", "notes"},
                                                          {"index", "list"},
                                                          {"find", "notes", "--count"}};
  for (const auto& command : commands) {
    fails(1, "no store at " + path("store"), command);
    EXPECT_FALSE(std::filesystem::exists(directory() / "store")) << command.front();
  }
}

TEST_F(CliRecords, AConditionIsKept) {
  const std::string version = std::to_string(done({"put", "notes", "n1", "1"}).values().at(0)["version"].as_int());
  fails(1, "(conflict)", {"put", "notes", "n1", "2", "--if-version", "0"});
  done({"put", "notes", "n1", "2", "--if-version", version});
  fails(1, "(conflict)", {"put", "notes", "n1", "3", "--if-version", version});
  fails(1, "(conflict)", {"delete", "notes", "n1", "--if-version", version});
  EXPECT_EQ(done({"get", "notes", "n1"}).values().at(0)["value"].as_int(), 2);
}

TEST_F(CliRecords, HistoryAnswersAsOfAPosition) {
  done({"info", "notes", "--history", "on", "--keep", "30d"});
  const std::string first = std::to_string(done({"put", "notes", "n1", "1"}).values().at(0)["version"].as_int());
  done({"put", "notes", "n1", "2"});
  EXPECT_EQ(done({"get", "notes", "n1", "--at", first}).values().at(0)["value"].as_int(), 1);
  EXPECT_EQ(done({"find", "notes", "--at", first}).values().at(0)["value"].as_int(), 1);
  EXPECT_EQ(done({"get", "notes", "n1", "--history"}).values().size(), 2U);
  const Value info = done({"info", "notes"}).values().at(0);
  EXPECT_TRUE(info["history"].as_bool());
  EXPECT_EQ(info["keep"].as_string(), "30d");
}

TEST_F(CliRecords, PagesTogetherHoldEveryRecordOnce) {
  std::string lines;
  for (int i = 0; i < 25; ++i)
    lines += R"({"op":"put","collection":"c","value":{"n":)" + std::to_string(i % 7) + "}}\n";
  done({"apply", "-"}, lines);
  std::vector<std::string> keys;
  std::string cursor;
  int pages = 0;
  do {
    auto page = done({"find", "c", "--order", "n:desc", "--limit", "10", "--cursor", cursor}).values();
    ASSERT_FALSE(page.empty());
    cursor = std::string(page.back()["cursor"].as_string());
    page.pop_back();
    for (const Value& record : page) keys.emplace_back(record["key"].as_string());
  } while (!cursor.empty() && ++pages < 10);
  EXPECT_EQ(keys.size(), 25U);
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(std::adjacent_find(keys.begin(), keys.end()), keys.end());
}

TEST_F(CliRecords, AnIndexIsUsedAndExplained) {
  for (int i = 0; i < 20; ++i) done({"put", "notes", "n" + std::to_string(i), "{\"kind\":" + std::to_string(i) + "}"});
  const Value index = done({"index", "create", "notes", "kind"}).values().at(0);
  EXPECT_TRUE(index["ready"].as_bool());
  EXPECT_EQ(index["entries"].as_int(), 20);
  const Value plan = done({"find", "notes", "--where", "kind = 3", "--explain"}).values().at(0);
  EXPECT_EQ(plan["access"].as_string(), "index kind");
  EXPECT_EQ(plan["rows_matched"].as_int(), 1);
  EXPECT_EQ(done({"index"}).values().size(), 1U);
  done({"index", "drop", "notes", "kind"});
  fails(1, "no index kind", {"index", "drop", "notes", "kind"});
  EXPECT_EQ(done({"index"}).out, "");
}

TEST_F(CliRecords, AUniqueIndexRefusesTheSecond) {
  done({"put", "people", "a", R"({"mail":"x"})"});
  done({"index", "create", "people", "mail", "--unique"});
  fails(1, "(already_exists)", {"put", "people", "b", R"({"mail":"x"})"});
  EXPECT_EQ(done({"find", "people", "--count"}).out, "1\n");
}

TEST_F(CliRecords, AnswersTakeTheFormThatIsAskedFor) {
  done({"put", "notes", "n1", R"({"kind":"a|b","n":1})"});
  EXPECT_EQ(done({"find", "notes", "--format", "table"}).out,
            "key  kind  n  version\n───  ────  ─  ───────\nn1   a|b   1        1\n(1 record)\n");
  EXPECT_EQ(done({"find", "notes", "--format", "md"}).out,
            "| key | kind | n | version |\n|---|---|---:|---:|\n| n1 | a\\|b | 1 | 1 |\n");
  EXPECT_TRUE(done({"find", "notes", "--format", "csv", "--fields", "n"})
                  .out.starts_with("key,n,version,created,updated,expires\nn1,1,1,"));
}

TEST_F(CliRecords, ATerminalGetsATableWithinItsWidth) {
  done({"put", "notes", "n1", R"({"text":")" + std::string(300, 'x') + R"("})"});
  RunningCommand command = start_at_terminal({"find", "notes"});
  ASSERT_TRUE(command.wait_for("(1 record)")) << command.seen();
  EXPECT_NE(command.seen().find("…"), std::string::npos) << command.seen();
  EXPECT_EQ(command.seen().find(std::string(80, 'x')), std::string::npos) << command.seen();
  EXPECT_EQ(command.seen().find('\x1b'), std::string::npos) << "NO_COLOR was set: " << command.seen();
  EXPECT_EQ(command.wait(), 0);
}

TEST_F(CliRecords, AReaderThatHasSeenEnoughEndsTheCommandQuietly) {
  std::string lines;
  for (int i = 0; i < 3000; ++i)
    lines += R"({"op":"put","collection":"c","value":"0123456789012345678901234567890123456789"})"
             "\n";
  done({"apply", "-"}, lines);
  RunningCommand command = start({"find", "c"});
  EXPECT_NE(command.next_line(), "");
  command.close_output();
  EXPECT_EQ(command.wait(), 0);
  EXPECT_EQ(read("stderr"), "");
}

TEST_F(CliRecords, OutputThatCannotBeWrittenIsAFailure) {
  done({"put", "notes", "n1", "1"});
  const Outcome outcome = run_line("strata find notes > /dev/full");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(outcome.error.starts_with("strata: cannot write the output: ")) << outcome.error;
}

TEST_F(CliRecords, WrongUsageIsExitCodeTwoAndSaysWhatToDo) {
  fails(2, "--help", {});
  fails(2, "did you mean find?", {"fnid", "notes"});
  fails(2, "did you mean create?", {"index", "creat", "notes", "a"});
  fails(2, "did you mean --limit?", {"find", "notes", "--limt", "3"});
  fails(2, "not a number", {"find", "notes", "--limit", "x"});
  fails(2, "COLLECTION is required", {"find"});
  fails(2, "is not one of", {"find", "notes", "--format", "xml"});
  fails(2, "is no time", {"find", "notes", "--since", "yesterday"});
  fails(2, "not JSON", {"put", "notes", "n1", "{"});
  fails(2, "quotes", {"find", "notes", "--param", "kind=note"});
  fails(2, "unknown argument", {"get", "notes", "n1", "n2"});
  EXPECT_FALSE(std::filesystem::exists(directory() / "store"));
}

TEST_F(CliRecords, AMistypedCollectionIsSaidAndNearOnesNamed) {
  done({"put", "notes", "n1", "1"});
  fails(1, "did you mean notes?", {"find", "note"});
  fails(1, "there is notes", {"find", "zebra"});
}

TEST_F(CliRecords, AFilterThatCannotBeReadSaysWhere) {
  done({"put", "notes", "n1", "1"});
  fails(1, "column", {"find", "notes", "--where", "score >>= 3"});
}

TEST_F(CliRecords, HelpAndVersionNeedNoStore) {
  EXPECT_NE(done({"--help"}).out.find("find"), std::string::npos);
  EXPECT_TRUE(done({"--version"}).out.starts_with("strata "));
  const std::vector<std::string> commands = {"info",   "put",     "get",   "delete", "find",  "index",     "import",
                                             "export", "dump",    "load",  "copy",   "apply", "log",       "verify",
                                             "stats",  "compact", "bench", "tour",   "shell", "completion"};
  for (const std::string& command : commands) {
    const std::string help = done({command, "--help"}).out;
    EXPECT_NE(help.find("Example:\n"), std::string::npos) << command;
    EXPECT_NE(help.find("Usage: strata " + command), std::string::npos) << command;
  }
}

TEST_F(CliRecords, TheStoreIsChosenByOptionBeforeEnvironment) {
  done({"-s", path("other"), "put", "notes", "n1", "1"});
  EXPECT_FALSE(std::filesystem::exists(directory() / "store"));
  EXPECT_EQ(done({"get", "notes", "n1", "--store", path("other")}).values().at(0)["value"].as_int(), 1);
  fails(1, "no store at", {"get", "notes", "n1"});
}

}  // namespace
}  // namespace strata::scenario
