// query as a person types it.
#include "tests/scenario/cli_command.hpp"

namespace strata::scenario {
namespace {

class CliQuery : public CommandScenario {
 protected:
  void fill() {
    done({"put", "notes", "a", R"({"kind":"x","size":10,"next":"b"})"});
    done({"put", "notes", "b", R"({"kind":"y","size":20,"next":"c"})"});
    done({"put", "notes", "c", R"({"kind":"y","size":5})"});
  }
};

TEST_F(CliQuery, PrintsARowForEachAnswer) {
  fill();
  EXPECT_EQ(done({"query", "?- notes(K, {kind: 'y', size: S}) order by S"}).lines(),
            (std::vector<std::string>{R"({"K":"c","S":5})", R"({"K":"b","S":20})"}));
  EXPECT_EQ(done({"query", "?- notes(K, {size: S}), S > :least", "--param", "least=10"}).lines(),
            (std::vector<std::string>{R"({"K":"b","S":20})"}));
  const std::string rules = "to(A, B) :- notes(A, {next: B}).\nto(A, C) :- to(A, B), notes(B, {next: C}).\n";
  write("reach.dl", rules + "?- to('a', X).");
  const std::vector<std::string> reached{R"({"X":"b"})", R"({"X":"c"})"};
  EXPECT_EQ(done({"query", "--file", path("reach.dl")}).lines(), reached);
  EXPECT_EQ(done({"query", "-"}, rules + "?- to('a', X).").lines(), reached);
  EXPECT_EQ(done({"query", "?- notes(K)", "--limit", "1"}).lines(), (std::vector<std::string>{R"({"K":"a"})"}));
  EXPECT_EQ(done({"query", "?- notes('a')"}).lines(), (std::vector<std::string>{R"({"holds":true})"}));
  EXPECT_TRUE(done({"query", "?- notes('z')"}).lines().empty());
  const std::string table = done({"query", "?- notes(K, {size: S})", "--format", "table"}).out;
  EXPECT_NE(table.find("(3 rows)"), std::string::npos) << table;
}

TEST_F(CliQuery, ExplainsWhatWasDoneForEachRule) {
  fill();
  const auto steps = done({"query", "--explain", "to(A, B) :- notes(A, {next: B}). ?- to('a', X), notes(X)"}).values();
  ASSERT_FALSE(steps.empty());
  EXPECT_NE(steps.back()["access"].as_string().find("notes looked up by key"), std::string::npos)
      << steps.back().to_json();
}

TEST_F(CliQuery, MistakesAreOneLineWithTheirPlace) {
  fill();
  fails(1, "program 1:4: there is no rule, relation or collection `note`", {"query", "?- note(K)."});
  fails(1, "program 2:1: the program asks nothing", {"query", "p(1).\n"});
  fails(1, "time_max", {"query", "?- between(I, 1, 1000000000), I < 0", "--timeout", "20ms"});
  fails(1, "memory_max", {"query", "p(1). p(X + 1) :- p(X). ?- p(X)", "--memory", "1MiB"});
  fails(2, "give the program itself", {"query"});
  fails(2, "--memory: lots", {"query", "?- notes(K)", "--memory", "lots"});
  fails(1, "cannot be read", {"query", "--file", path("absent")});
}

}  // namespace
}  // namespace strata::scenario
