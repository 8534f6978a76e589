#include "tests/scenario/cli_command.hpp"

namespace strata::scenario {
namespace {

class CliTransfer : public CommandScenario {
 protected:
  std::string digest(const std::string& store) {
    return std::string(done({"-s", store, "info"}).values().at(0)["digest"].as_string());
  }
  std::vector<std::string> engines() {
    std::vector<std::string> engines;
    const std::string version = done({"--version"}).out;
    for (const std::string engine : {"lmdb", "sqlite", "rocksdb", "duckdb"}) {
      if (version.find(engine) != std::string::npos) engines.push_back(engine);
    }
    return engines;
  }
  void fill() {
    std::string lines;
    for (int i = 0; i < 50; ++i) {
      const std::string number = std::to_string(i);
      lines += R"({"op":"put","collection":"notes","key":"n/)";
      lines += number + R"(","value":{"n":)";
      lines += number + R"(,"x":1.0,"t":"größe \"quoted\""}})";
      lines += '\n';
    }
    lines += R"({"op":"put","collection":"a b","key":"..","value":null})"
             "\n";
    done({"apply", "-"}, lines);
    done({"index", "create", "notes", "n"});
  }
};

TEST_F(CliTransfer, ADumpLoadsIntoEveryEngineWithAnEqualDigest) {
  fill();
  done({"dump", "-o", path("dump.jsonl")});
  done({"dump", "--tree", path("tree")});
  const std::string expected = digest(path("store"));
  const std::vector<std::string> known = engines();
  ASSERT_FALSE(known.empty());
  for (const std::string& engine : known) {
    for (const std::string source : {"dump.jsonl", "tree"}) {
      std::string store = engine + ":" + path(engine);
      store += "-" + source;
      const Value report = done({"-s", store, "load", path(source)}).values().at(0);
      EXPECT_TRUE(report["digest_compared"].as_bool()) << store;
      EXPECT_EQ(report["records"].as_int(), 51) << store;
      EXPECT_EQ(digest(store), expected) << store;
      EXPECT_EQ(done({"-s", store, "index"}).values().size(), 1U) << store;
      done({"-s", store, "verify"});
    }
  }
}

TEST_F(CliTransfer, ADumpThatWasCutShortIsRefused) {
  fill();
  const std::string dump = done({"dump"}).out;
  fails(1, "(invalid_argument)", {"-s", path("copy"), "load", "-"}, dump.substr(0, dump.size() / 2));
}

TEST_F(CliTransfer, ALoadThatWasStoppedIsRunAgain) {
  fill();
  write("page", std::string(20'000, 'x'));
  done({"doc", "put", path("page")});
  const std::string dump = done({"dump"}).out;
  for (const std::size_t share : {3, 2, 1}) {
    const std::string part = dump.substr(0, dump.find('\n', dump.size() - dump.size() / 4 * share));
    fails(1, "it was cut short", {"-s", path("copy"), "load", "-"}, part + "\n");
  }
  EXPECT_TRUE(done({"-s", path("copy"), "load", "-"}, dump).values().at(0)["digest_compared"].as_bool());
  EXPECT_EQ(digest(path("copy")), digest(path("store")));
  done({"-s", path("copy"), "verify"});
}

TEST_F(CliTransfer, WhatIsExportedImportsToTheSame) {
  fill();
  done({"export", "notes", "-o", path("notes.jsonl")});
  const Value report = done({"-s", path("copy"), "import", "notes", path("notes.jsonl")}).values().at(0);
  EXPECT_EQ(report["records"].as_int(), 50);
  EXPECT_EQ(done({"-s", path("copy"), "find", "notes", "--count"}).out, "50\n");
  const std::string original = done({"get", "notes", "n/7"}).out;
  const std::string copy = done({"-s", path("copy"), "get", "notes", "n/7"}).out;
  EXPECT_EQ(Value(Value::from_json(original)["value"]), Value(Value::from_json(copy)["value"]));
  EXPECT_FALSE(std::filesystem::exists(directory() / "notes.jsonl.partial"));
}

TEST_F(CliTransfer, CsvComesInUnderTheKeyThatIsNamed) {
  write("people.csv", "mail,age\na@x,30\nb@x,\"007\"\n");
  done({"import", "people", path("people.csv"), "--key", "mail"});
  EXPECT_EQ(Value(done({"get", "people", "a@x"}).values().at(0)["value"]),
            Value::from_json(R"({"mail":"a@x","age":30})"));
  EXPECT_EQ(done({"get", "people", "b@x"}).values().at(0)["value"]["age"].as_string(), "007");
  const std::string csv = done({"export", "people", "--format", "csv", "--where", "age = 30"}).out;
  EXPECT_NE(csv.find("a@x"), std::string::npos);
  EXPECT_EQ(csv.find("b@x"), std::string::npos);
}

TEST_F(CliTransfer, ABadLineStopsTheImportOrIsSkippedAndListed) {
  write("bad.jsonl", "{\"n\":1}\n{\"n\":\n{\"n\":3}\n");
  fails(1, "bad.jsonl:2: ", {"import", "c", path("bad.jsonl")});
  const Outcome outcome = run({"import", "c", path("bad.jsonl"), "--on-error", "skip", "--restart"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_NE(outcome.error.find("bad.jsonl:2: "), std::string::npos) << outcome.error;
  EXPECT_EQ(outcome.values().at(0)["bad_lines"].as_int(), 1);
}

TEST_F(CliTransfer, ApplyMakesAllChangesAtOnePosition) {
  done({"put", "b", "old", "1"});
  const Value report = done({"apply", "-"}, R"({"op":"put","collection":"a","key":"1","value":{"n":1}}

{"op":"put","collection":"b","value":2}
{"op":"delete","collection":"b","key":"old"}
{"op":"delete","collection":"b","key":"never"}
)")
                           .values()
                           .at(0);
  EXPECT_EQ(report["puts"].as_int(), 2);
  EXPECT_EQ(report["deletes"].as_int(), 1);
  EXPECT_EQ(report["absent"].as_int(), 1);
  const std::string made(report["added"][0].as_string());
  EXPECT_EQ(done({"get", "a", "1"}).values().at(0)["version"].as_int(), report["position"].as_int());
  EXPECT_EQ(done({"get", "b", made}).values().at(0)["version"].as_int(), report["position"].as_int());
  fails(1, "no record old", {"get", "b", "old"});
}

TEST_F(CliTransfer, ApplyThatFailsAnywhereChangesNothing) {
  const std::string good = R"({"op":"put","collection":"a","key":"new","value":1})"
                           "\n";
  done({"put", "a", "1", "1"});
  write("list", good + "{\"op\":\"put\",\"collection\":\"a\"}\n");
  fails(1, "list:2: no \"value\"", {"apply", path("list")});
  fails(1, "standard input:2: ", {"apply", "-"},
        good + R"({"op":"delete","collection":"a","key":"1","if_version":99})");
  fails(1, "no \"to\"", {"apply", "-"}, good + R"({"op":"link","from":"a","type":"t"})");
  fails(1, "(not_found)", {"apply", path("absent")});
  EXPECT_EQ(done({"find", "a", "--count"}).out, "1\n");
}

TEST_F(CliTransfer, AnOutputFileAppearsWholeOrNotAtAll) {
  done({"put", "a", "1", "1"});
  fails(1, "(io)", {"export", "a", "-o", path("no/such/file")});
  fails(1, "(io)", {"dump", "-o", path("no/such/file")});
  write("mine", "x");
  fails(1, "(already_exists)", {"dump", "--tree", directory().string()});
}

}  // namespace
}  // namespace strata::scenario
