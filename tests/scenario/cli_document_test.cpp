// doc put, get, list, info, delete and stats as a person types them.
#include "tests/scenario/cli_command.hpp"

namespace strata::scenario {
namespace {

class CliDocuments : public CommandScenario {
 protected:
  static std::string lines(std::size_t number) {
    std::string text;
    for (std::size_t i = 0; i < number; ++i) text += "line number " + std::to_string(i) + "\n";
    return text;
  }
};

TEST_F(CliDocuments, AFileIsPutAndComesBackByteForByte) {
  const std::string text = lines(20'000);
  write("notes.txt", text);
  const Value put = done({"doc", "put", "notes", path("notes.txt"), "--value", R"({"year":2024})"}).values().at(0);
  EXPECT_EQ(put["key"].as_string(), "notes");
  EXPECT_EQ(put["name"].as_string(), "notes.txt");
  EXPECT_EQ(put["size"].as_int(), static_cast<std::int64_t>(text.size()));
  EXPECT_EQ(put["media_type"].as_string(), "text/plain");
  EXPECT_TRUE(put["version"]);
  EXPECT_EQ(done({"doc", "get", "notes"}).out, text);
  EXPECT_EQ(done({"doc", "get", "notes", "--offset", "100000", "--length", "30"}).out, text.substr(100'000, 30));
  EXPECT_EQ(done({"doc", "get", "notes", "--offset", "10000000"}).out, "");
  EXPECT_EQ(done({"doc", "get", "notes", "--length", "0"}).out, "");
  done({"doc", "get", "notes", "-o", path("back.txt")});
  EXPECT_EQ(read("back.txt"), text);
  const Value info = done({"doc", "info", "notes"}).values().at(0);
  EXPECT_EQ(info["value"]["year"].as_int(), 2024);
  EXPECT_EQ(info["hash"].as_string(), put["hash"].as_string());
  EXPECT_EQ(done({"find", "documents", "--where", "year = 2024"}).values().size(), 1U);
}

TEST_F(CliDocuments, ThePathIsTheKeyWhenItIsGivenAloneAndMinusIsStandardInput) {
  write("a.txt", "some words\n");
  EXPECT_EQ(done({"doc", "put", path("a.txt")}).values().at(0)["key"].as_string(), path("a.txt"));
  EXPECT_EQ(done({"doc", "get", path("a.txt")}).out, "some words\n");
  const std::string bytes("\0\xff bytes", 8);
  const Value put =
      done({"doc", "put", "piped", "-", "--collection", "files", "--type", "application/x", "--name", "n"}, bytes)
          .values()
          .at(0);
  EXPECT_EQ(put["media_type"].as_string(), "application/x");
  EXPECT_EQ(put["name"].as_string(), "n");
  EXPECT_EQ(done({"doc", "get", "piped", "--collection", "files"}).out, bytes);
  EXPECT_EQ(done({"doc", "list", "--collection", "files"}).values().size(), 1U);
}

TEST_F(CliDocuments, LargeFilesGoInAndOutPartByPart) {
  const std::string text = lines(400'000);
  ASSERT_GT(text.size(), std::size_t{7'000'000});
  write("large.txt", text);
  EXPECT_EQ(done({"doc", "put", "large", path("large.txt")}).values().at(0)["size"].as_int(),
            static_cast<std::int64_t>(text.size()));
  done({"doc", "get", "large", "-o", path("back.txt")});
  EXPECT_TRUE(read("back.txt") == text);
  const Value stats = done({"doc", "stats"}).values().at(0);
  EXPECT_EQ(stats["documents"].as_int(), 1);
  EXPECT_LT(stats["stored_bytes"].as_int(), stats["bytes"].as_int() / 2);
  EXPECT_EQ(stats["unreferenced"].as_int(), 0);
}

TEST_F(CliDocuments, AreListedByPrefixAndDeleted) {
  for (const char* key : {"src/a", "src/b", "src/c", "doc/a"}) done({"doc", "put", key, "-"}, key);
  const auto keys = [&](const std::vector<std::string>& arguments) {
    std::vector<std::string> found;
    for (const Value& row : done(arguments).values()) found.emplace_back(row["key"].as_string());
    return found;
  };
  using Keys = std::vector<std::string>;
  EXPECT_EQ(keys({"doc", "list", "src/"}), (Keys{"src/a", "src/b", "src/c"}));
  EXPECT_EQ(keys({"doc", "list", "src/", "--limit", "2"}), (Keys{"src/a", "src/b"}));
  EXPECT_EQ(keys({"doc", "delete", "src/a", "src/b"}), (Keys{"src/a", "src/b"}));
  EXPECT_EQ(keys({"doc", "list"}), (Keys{"doc/a", "src/c"}));
  EXPECT_EQ(done({"delete", "documents", "src/c"}).values().size(), 1U);
  fails(1, "no document `src/c`", {"doc", "info", "src/c"});
  EXPECT_TRUE(done({"verify"}).exit_code == 0);
}

TEST_F(CliDocuments, WhatGoesWrongIsSaidInOneLine) {
  write("a.txt", "words");
  fails(1, "no such file", {"doc", "put", "k", path("absent.txt")});
  fails(1, "it is a directory", {"doc", "put", "k", directory().string()});
  fails(2, "needs a key", {"doc", "put", "-"});
  done({"doc", "put", "k", path("a.txt"), "--if-version", "0"});
  fails(1, "expected to be absent", {"doc", "put", "k", path("a.txt"), "--if-version", "0"});
  fails(1, "leave it out", {"doc", "put", "k", path("a.txt"), "--value", R"({"size":1})"});
  fails(1, "there is no document `other`", {"doc", "get", "other"});
  fails(1, "there is no document `other`", {"doc", "delete", "other"});
  fails(1, "cannot write", {"doc", "get", "k", "-o", path("no/such/place.txt")});
  fails(1, "it is a directory", {"doc", "get", "k", "-o", directory().string()});
  EXPECT_EQ(done({"doc", "get", "k"}).out, "words");
}

}  // namespace
}  // namespace strata::scenario
