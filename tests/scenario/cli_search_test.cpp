// search, vector and text as a person types them.
#include "tests/scenario/cli_command.hpp"

namespace strata::scenario {
namespace {

class CliSearch : public CommandScenario {
 protected:
  std::vector<std::string> keys(const std::vector<std::string>& arguments) {
    std::vector<std::string> found;
    for (const Value& row : done(arguments).values()) found.emplace_back(row["key"].as_string());
    return found;
  }
  void fill() {
    done({"vector", "create", "notes", "embedding", "--dim", "2"});
    done({"text", "create", "notes", "title,body", "--stemming", "--name", "words"});
    done({"put", "notes", "a", R"({"title":"Running","body":"in the rain","kind":"x","embedding":[1,0]})"});
    done({"put", "notes", "b", R"({"title":"Sleeping","body":"in the sun","kind":"y","embedding":[0,1]})"});
    done({"put", "notes", "c", R"({"title":"Run","body":"run away","kind":"y","embedding":[1,1]})"});
  }
  using Keys = std::vector<std::string>;
};

TEST_F(CliSearch, FindsByVectorByRecordAndByWords) {
  fill();
  EXPECT_EQ(keys({"search", "notes", "--vector", "embedding=[1,0.1]", "-k", "2"}), (Keys{"a", "c"}));
  EXPECT_EQ(keys({"search", "notes", "--vector", "[1,0.1]", "--where", "kind = 'y'", "-k", "1"}), (Keys{"c"}));
  write("v.json", "[0, 1]");
  EXPECT_EQ(keys({"search", "notes", "--vector", "@" + path("v.json"), "-k", "1"}), (Keys{"b"}));
  EXPECT_EQ(keys({"search", "notes", "--like", "a"}), (Keys{"c", "b"}));
  EXPECT_EQ(keys({"search", "notes", "--like", "a", "--min-similarity", "0.5"}), (Keys{"c"}));
  EXPECT_EQ(keys({"search", "notes", "--text", "runs"}), (Keys{"c", "a"}));
  EXPECT_EQ(keys({"search", "notes", "--text", "run -rain"}), (Keys{"c"}));
  EXPECT_EQ(keys({"search", "notes", "--text", "run", "--vector", "[1,0]", "--where", "kind = 'x'"}), (Keys{"a"}));
}

TEST_F(CliSearch, LinesCarrySimilarityOrScoreAndThePlanIsToldWhenAsked) {
  fill();
  const Value near = done({"search", "notes", "--vector", "[3,0]", "-k", "1"}).values().at(0);
  EXPECT_NEAR(near["similarity"].as_double(), 1, 1e-6);
  EXPECT_TRUE(near["version"]);
  EXPECT_FALSE(near["value"]["embedding"]) << "the record does not hold its vector";
  const Value text = done({"search", "notes", "--text", "rain", "--snippets"}).values().at(0);
  EXPECT_GT(text["score"].as_double(), 0);
  EXPECT_EQ(text["snippet"].as_string(), "in the [rain]");
  const auto plan = done({"search", "notes", "--text", "rain", "--like", "a", "--where", "kind = 'y'", "--explain"});
  ASSERT_EQ(plan.values().size(), 3U);
  EXPECT_EQ(plan.values()[0]["leg"].as_string(), "filter");
  EXPECT_EQ(plan.values()[1]["leg"].as_string(), "vector embedding");
  EXPECT_EQ(plan.values()[2]["leg"].as_string(), "text words");
  const std::string table = done({"search", "notes", "--text", "rain", "--format", "table"}).out;
  EXPECT_NE(table.find("(1 hit)"), std::string::npos) << table;
}

TEST_F(CliSearch, VectorsOfWordsAreMadeHereWhenAsked) {
  done({"put", "notes", "old", R"({"text":"compression of files"})"});
  done({"vector", "create", "notes", "v", "--dim", "128", "--embed", "lexical", "--from", "text"});
  done({"put", "notes", "new", R"({"text":"a compressed file"})"});
  done({"put", "notes", "other", R"({"text":"weather in spring"})"});
  EXPECT_EQ(keys({"search", "notes", "--near", "compressing files", "-k", "2"}).size(), 2U);
  EXPECT_EQ(keys({"search", "notes", "--near", "springs", "-k", "1"}), (Keys{"other"}));
  EXPECT_EQ(keys({"search", "notes", "--like", "old", "-k", "1"}), (Keys{"new"}));
  done({"put", "notes", "other", R"({"text":"compression"})"});
  EXPECT_EQ(keys({"search", "notes", "--near", "compression", "-k", "1"}), (Keys{"other"})) << "embedded anew";
  fails(2, "lexical", {"vector", "create", "notes", "w", "--dim", "8", "--embed", "magic"});
  fails(1, "1 to 8 fields", {"vector", "create", "notes", "w", "--dim", "8", "--embed", "lexical"});
}

TEST_F(CliSearch, FieldsAreListedAndDropped) {
  fill();
  const Value vector = done({"vector", "list", "notes"}).values().at(0);
  EXPECT_EQ(vector["field"].as_string(), "embedding");
  EXPECT_EQ(vector["dimension"].as_int(), 2);
  EXPECT_EQ(vector["vectors"].as_int(), 3);
  const Value text = done({"text", "list"}).values().at(0);
  EXPECT_EQ(text["name"].as_string(), "words");
  done({"vector", "create", "notes", "embedding", "--dim", "2", "--index", "hnsw"});
  EXPECT_EQ(done({"vector", "list"}).values().at(0)["index"].as_string(), "hnsw");
  fails(1, "declare a second field", {"vector", "create", "notes", "embedding", "--dim", "3"});
  fails(1, "did you mean embedding", {"vector", "drop", "notes", "embeding"});
  done({"vector", "drop", "notes", "embedding"});
  done({"text", "drop", "notes", "words"});
  EXPECT_EQ(done({"vector"}).out, "");
  fails(1, "no text field", {"search", "notes", "--text", "run"});
  EXPECT_EQ(done({"verify"}).values().at(0)["problems"].size(), 0U);
}

TEST_F(CliSearch, WhatIsWrongIsSaidInOneLine) {
  fails(1, "no store at", {"search", "notes", "--text", "x"});
  fill();
  fails(2, "what for?", {"search", "notes"});
  fails(2, "an array of numbers", {"search", "notes", "--vector", "{}"});
  fails(1, "declared with 2", {"search", "notes", "--vector", "[1,2,3]"});
  fails(1, "all elements are zero", {"search", "notes", "--vector", "[0,0]"});
  fails(1, "no record `nobody` with a vector", {"search", "notes", "--like", "nobody"});
  fails(1, "1 to 10000", {"search", "notes", "--text", "x", "-k", "0"});
  fails(1, "has no embedder", {"search", "notes", "--near", "words"});
  fails(1, "`embedding`", {"put", "notes", "d", R"({"embedding":[1]})"});
}

TEST_F(CliSearch, AProgramMakesTheVectorsAndGoesOnWithWhatChanged) {
  // The number of bytes of the line, and 1: enough to tell short texts from long ones.
  write("embed.sh", "while IFS= read -r line; do echo \"[${#line},1]\"; echo x >> \"$0.calls\"; done\n");
  done({"vector", "create", "notes", "v", "--dim", "2", "--metric", "l2"});
  done({"put", "notes", "short", R"({"text":"ab"})"});
  done({"put", "notes", "long", R"({"text":"abcdefghij"})"});
  done({"put", "notes", "silent", R"({"other":1})"});
  const std::vector<std::string> embed{"vector", "embed", "notes", "v", "--from", "text", "--", "sh", path("embed.sh")};
  const Value first = done(embed).values().at(0);
  EXPECT_EQ(first["embedded"].as_int(), 2);
  EXPECT_EQ(first["without_text"].as_int(), 1);
  EXPECT_EQ(keys({"search", "notes", "--vector", "[12,1]"}), (Keys{"long", "short"}));
  EXPECT_EQ(done(embed).values().at(0)["embedded"].as_int(), 0) << "nothing has changed";
  done({"put", "notes", "short", R"({"text":"abcdefghijkl"})"});
  EXPECT_EQ(done(embed).values().at(0)["embedded"].as_int(), 1);
  EXPECT_EQ(keys({"search", "notes", "--vector", "[14,1]", "-k", "1"}), (Keys{"short"}));
  EXPECT_EQ(read("embed.sh.calls"), "x\nx\nx\n") << "each text is asked for once";
}

TEST_F(CliSearch, AnEndpointIsAskedThroughCurlAndTriedAgain) {
  // In the place of curl: fails once, then answers out of order, and keeps what it was told.
  std::filesystem::create_directory(path("bin"));
  write("bin/curl", "#!/bin/sh\ncat > '" + path("request") + "'\nif [ ! -e '" + path("failed") + "' ]; then : > '" +
                        path("failed") + "'; exit 22; fi\n" +
                        "echo '{\"data\":[{\"index\":1,\"embedding\":[0,1]},{\"index\":0,\"embedding\":[1,0]}]}'\n");
  std::filesystem::permissions(path("bin/curl"), std::filesystem::perms::owner_all);
  done({"vector", "create", "notes", "v", "--dim", "2"});
  done({"put", "notes", "a", R"({"text":"first \"quoted\""})"});
  done({"put", "notes", "b", R"({"text":"second"})"});
  const std::string line = "PATH='" + path("bin") + "':\"$PATH\" KEY=secret strata vector embed notes v --from text " +
                           "--url http://localhost:1/v1/embeddings --model m --key-env KEY";
  const Outcome outcome = run_line(line);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(keys({"search", "notes", "--vector", "[1,0]", "-k", "1"}), (Keys{"a"}));
  const std::string request = read("request");
  EXPECT_NE(request.find("Bearer secret"), std::string::npos) << request;
  EXPECT_NE(request.find(R"(\"model\":\"m\")"), std::string::npos) << request;
}

TEST_F(CliSearch, AnEmbedderThatFailsIsNamedAndNothingIsLost) {
  done({"vector", "create", "notes", "v", "--dim", "2"});
  done({"put", "notes", "a", R"({"text":"words"})"});
  const auto embed = [](const std::vector<std::string>& more) {
    std::vector<std::string> words{"vector", "embed", "notes", "v", "--from", "text", "--attempts", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  fails(1, "ended with exit code 1", embed({"--", "false"}));
  fails(1, "there is no program", embed({"--", "/no/such/program"}));
  fails(1, "1 text and answered with 0 vectors", embed({"--", "true"}));
  fails(1, "no JSON", embed({"--", "echo", "words"}));
  fails(1, "declared with 2", embed({"--", "sh", "-c", "echo '[1]'"}));
  fails(2, "by what?", embed({}));
  fails(2, "is not set", embed({"--url", "http://localhost:1", "--key-env", "STRATA_NO_SUCH_VARIABLE"}));
  fails(1, "no vector field w", {"vector", "embed", "notes", "w", "--from", "text", "--", "true"});
  EXPECT_EQ(done(embed({"--", "sh", "-c", "echo '[1,2]'"})).values().at(0)["embedded"].as_int(), 1)
      << "it was not passed over";
}

TEST_F(CliSearch, VectorsComeInFromFiles) {
  done({"vector", "create", "points", "v", "--dim", "2"});
  std::string lines;
  for (int i = 0; i < 5; ++i)
    lines += "{\"key\":\"p" + std::to_string(i) + "\",\"value\":{\"v\":[1," + std::to_string(i) + "]}}\n";
  write("points.jsonl", lines);
  done({"import", "points", path("points.jsonl")});
  EXPECT_EQ(keys({"search", "points", "--vector", "[1,3]", "-k", "1"}), (Keys{"p3"}));
}

}  // namespace
}  // namespace strata::scenario
