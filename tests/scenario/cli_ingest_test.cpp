// ingest and ask as a person types them.
#include <fstream>

#include "tests/scenario/cli_command.hpp"

namespace strata::scenario {
namespace {

namespace fs = std::filesystem;

class CliIngest : public CommandScenario {
 protected:
  void put(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(path(name)).parent_path());
    write(name, text);
  }
  void fill() {
    put("tree/README.md",
        "# Project\nSee [the guide](docs/guide.md).\n\n## Sockets\nA socket is closed by its owner.\n");
    put("tree/docs/guide.md", "# Guide\nHow locks are released.\n");
    put("tree/src/lock.cpp", "#include \"lock.hpp\"\n\nvoid release(Lock& lock) {\n  lock.open();\n}\n");
    put("tree/src/lock.hpp", "struct Lock;\n");
    put("tree/.gitignore", "build/\n");
    put("tree/build/out.txt", "sockets\n");
  }
  Outcome ingest(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"ingest", path("tree"), "--no-symbols"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return done(arguments);
  }
};

TEST_F(CliIngest, TakesInAFolderAndSaysWhatItDid) {
  fill();
  const Value report = ingest().values().at(0);
  EXPECT_EQ(report["files"].as_int(), 4);
  EXPECT_EQ(report["added"].as_int(), 4);
  EXPECT_EQ(report["skipped"]["ignored"].as_int(), 2) << ".gitignore itself is hidden";
  const Value again = ingest().values().at(0);
  EXPECT_EQ(again["unchanged"].as_int(), 4);
  EXPECT_EQ(again["passages"].as_int(), 0);
}

TEST_F(CliIngest, AnswersWithFileAndLines) {
  fill();
  ingest();
  const Value best = done({"ask", "who closes a socket?", "-k", "1"}).values().at(0);
  EXPECT_EQ(best["path"].as_string(), "README.md");
  EXPECT_EQ(best["first_line"].as_int(), 4);
  EXPECT_EQ(best["last_line"].as_int(), 5);
  EXPECT_EQ(best["title"].as_string(), "Project > Sockets");
  EXPECT_EQ(best["lines"][std::size_t{1}]["line"].as_int(), 5);
  EXPECT_EQ(done({"ask", "socket", "-k", "1", "--format", "grep"}).out,
            "README.md:4:## Sockets\nREADME.md:5:A socket is closed by its owner.\n");
  const std::string text = done({"ask", "release lock", "--in", "src", "--format", "text", "--context", "1"}).out;
  EXPECT_TRUE(text.starts_with("src/lock.cpp:1-5  release\n")) << text;
  EXPECT_NE(text.find("     3: void release(Lock& lock) {\n"), std::string::npos) << text;
}

TEST_F(CliIngest, AsksWithinAFolderAndALanguage) {
  fill();
  put("tree/docs-old/guide.md", "# Old guide\nHow locks were released.\n");
  ingest();
  for (const Value& row : done({"ask", "how are locks released", "--in", "docs/"}).values()) {
    EXPECT_EQ(row["path"].as_string(), "docs/guide.md");
  }
  for (const Value& row : done({"ask", "lock", "--language", "cpp"}).values()) {
    EXPECT_TRUE(row["path"].as_string().starts_with("src/"));
  }
  EXPECT_EQ(done({"ask", "+how -locks \"(*", "-k", "3"}).exit_code, 0) << "no character of a question is an operator";
}

TEST_F(CliIngest, TheOtherCommandsWorkOnIt) {
  fill();
  ingest();
  const Outcome impact = done({"impact", "files/docs/guide.md"});
  EXPECT_NE(impact.out.find("files/README.md"), std::string::npos) << impact.out;
  EXPECT_EQ(done({"find", "files", "--where", "language = 'markdown'"}).values().size(), 2U);
  EXPECT_FALSE(done({"search", "passages", "--text", "locks"}).values().empty());
  done({"verify"});
}

TEST_F(CliIngest, ADryRunMakesNoStore) {
  fill();
  EXPECT_EQ(ingest({"--dry-run"}).values().at(0)["added"].as_int(), 4);
  EXPECT_FALSE(fs::exists(path("store")));
}

TEST_F(CliIngest, TakesWhatIsIncludedAndNotWhatIsExcluded) {
  fill();
  EXPECT_EQ(ingest({"--include", "*.md", "--include", "*.hpp", "--exclude", "docs"}).values().at(0)["files"].as_int(),
            2);
  EXPECT_EQ(ingest({"--no-ignore", "--hidden"}).values().at(0)["files"].as_int(), 6);
}

TEST_F(CliIngest, WatchesUntilInterrupted) {
  fill();
  RunningCommand watching = start({"ingest", path("tree"), "--no-symbols", "--watch"});
  ASSERT_TRUE(watching.wait_for("\"added\":4"));
  put("tree/docs/new/deep/more.md", "# More\nabout semaphores\n");
  ASSERT_TRUE(watching.wait_for("\"added\":1")) << watching.seen();
  fs::remove_all(path("tree/docs/new"));
  ASSERT_TRUE(watching.wait_for("\"removed\":1")) << watching.seen();
  watching.interrupt();
  EXPECT_EQ(watching.wait(), 0);
  EXPECT_EQ(done({"find", "files"}).values().size(), 4U);
}

TEST_F(CliIngest, ListsWhatWasTakenInAndForgetsIt) {
  fill();
  ingest();
  const Value root = done({"ingest", "--list"}).values().at(0);
  EXPECT_EQ(root["path"].as_string(), path("tree"));
  EXPECT_EQ(root["files"].as_int(), 4);
  EXPECT_GT(root["bytes"].as_int(), 100);
  EXPECT_TRUE(root["finished"].as_bool());
  EXPECT_TRUE(Time::parse(root["updated"].as_string()));
  fails(1, "no root " + path("other") + ": those of this store are " + path("tree"),
        {"ingest", "--forget", path("other")});
  fs::remove_all(path("tree"));
  EXPECT_EQ(done({"ingest", "--forget", path("tree"), "--dry-run"}).values().at(0)["removed"].as_int(), 4);
  EXPECT_EQ(done({"ingest", "--forget", path("tree")}).values().at(0)["removed"].as_int(), 4);
  EXPECT_EQ(done({"ingest", "--list"}).out, "");
  EXPECT_EQ(done({"ask", "sockets"}).out, "");
  EXPECT_EQ(done({"find", "passages", "--count"}).out, "0\n");
  fails(1, "nothing was ingested", {"ingest", "--forget", path("tree")});
  done({"verify"});
}

TEST_F(CliIngest, WrongUseIsToldInOneLine) {
  fails(1, "no store at", {"ingest", "--list"});
  fails(1, "no store at", {"ingest", "--forget", path("none")});
  fails(2, "ingest: what?", {"ingest"});
  fails(2, "leave out PATH", {"ingest", "--list", path("tree")});
  fails(1, "no file or folder " + path("none"), {"ingest", path("none")});
  EXPECT_FALSE(fs::exists(path("store")));
  fails(1, "no store at", {"ask", "words"});
  done({"put", "notes", "a", "{}"});
  fails(1, "nothing was ingested into", {"ask", "words"});
  fails(2, "--max-size", {"ingest", path("."), "--max-size", "huge"});
  fails(2, "what for?", {"ask", "?!"});
}

}  // namespace
}  // namespace strata::scenario
