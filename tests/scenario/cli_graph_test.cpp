#include "tests/scenario/cli_command.hpp"

namespace strata::scenario {
namespace {

class CliGraph : public CommandScenario {
 protected:
  /// Of each line, `name` and `hop`.
  std::vector<std::string> nodes(const std::vector<std::string>& arguments) {
    std::vector<std::string> out;
    for (const Value& line : done(arguments).values())
      out.push_back(std::string(line["node"].as_string()) + " " + std::to_string(line["hop"].as_int()));
    return out;
  }
  void chain() {
    write("chain.jsonl",
          "{\"op\":\"put\",\"collection\":\"p\",\"key\":\"a\",\"value\":{\"size\":1}}\n"
          "{\"op\":\"put\",\"collection\":\"p\",\"key\":\"b\",\"value\":{\"size\":9}}\n"
          "{\"op\":\"link\",\"from\":\"p/a\",\"type\":\"depends\",\"to\":\"p/b\",\"value\":{\"cost\":2}}\n"
          "{\"op\":\"link\",\"from\":\"p/b\",\"type\":\"depends\",\"to\":\"p/c\"}\n"
          "{\"op\":\"link\",\"from\":\"p/a\",\"type\":\"suggests\",\"to\":\"p/c\",\"value\":{\"cost\":7}}\n"
          "{\"op\":\"link\",\"from\":\"p/c\",\"type\":\"depends\",\"to\":\"p/d\"}\n");
    const Value made = done({"apply", path("chain.jsonl")}).values().at(0);
    EXPECT_EQ(made["linked"].as_int(), 4);
    EXPECT_EQ(made["puts"].as_int(), 2);
  }
  using Lines = std::vector<std::string>;
};

TEST_F(CliGraph, APersonLinksLooksAndUnlinks) {
  const Value linked = done({"link", "notes/n1", "cites", "notes/n2", R"({"weight":2})"}).values().at(0);
  EXPECT_EQ(linked["from"].as_string(), "notes/n1");
  EXPECT_GT(linked["version"].as_int(), 0);
  done({"link", "notes/n3", "cites", "notes/n1"});
  const auto out = done({"neighbors", "notes/n1"}).values();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].to_json(),
            R"({"node":"notes/n2","hop":1,"type":"cites","previous":"notes/n1","value":{"weight":2}})");
  EXPECT_EQ(done({"neighbors", "notes/n1", "--direction", "both"}).lines().size(), 2U);
  EXPECT_EQ(done({"neighbors", "notes/n1", "--direction", "both", "--limit", "1"}).lines().size(), 1U);
  EXPECT_EQ(done({"neighbors", "notes/n1", "--where", "weight > 1"}).lines().size(), 1U);
  EXPECT_EQ(done({"neighbors", "notes/n1", "--where", "weight > :w", "--param", "w=2"}).out, "");
  EXPECT_EQ(done({"graph", "degree", "notes/n1"}).values().at(0).to_json(), R"({"node":"notes/n1","out":1,"in":1})");
  done({"unlink", "notes/n1", "cites", "notes/n2"});
  fails(1, "no edge cites from notes/n1", {"unlink", "notes/n1", "cites", "notes/n2"});
  EXPECT_EQ(done({"unlink", "notes/n1", "--all"}).values().at(0)["unlinked"].as_int(), 1);
  fails(2, "FROM TYPE TO", {"unlink", "notes/n1"});
  fails(2, "did you mean", {"neighbors", "notes/n1", "--direction", "outt"});
  fails(1, "(invalid_argument)", {"link", "a", "", "b"});
  done({"verify"});
}

TEST_F(CliGraph, WhatDependsOnANodeComesByHop) {
  chain();
  EXPECT_EQ(nodes({"impact", "p/d"}), (Lines{"p/c 1", "p/a 2", "p/b 2"}));
  EXPECT_EQ(nodes({"impact", "p/d", "--hops", "1"}), Lines{"p/c 1"});
  EXPECT_EQ(nodes({"impact", "p/d", "--type", "depends"}), (Lines{"p/c 1", "p/b 2", "p/a 3"}));
  EXPECT_EQ(done({"impact", "p/d", "--hops", "1"}).lines().at(0), R"({"node":"p/c","hop":1})");
  EXPECT_EQ(nodes({"neighbors", "p/a", "--hops", "2"}), (Lines{"p/b 1", "p/c 1", "p/d 2"}));
  EXPECT_EQ(nodes({"neighbors", "p/a", "--hops", "0", "--type", "depends"}), (Lines{"p/b 1", "p/c 2", "p/d 3"}));
  EXPECT_EQ(nodes({"neighbors", "p/a", "--hops", "2", "--node-where", "size > 5"}), Lines{"p/b 1"});
  EXPECT_NE(run({"neighbors", "p/a", "--hops", "3", "--limit", "1", "--format", "table"}).out.find("--limit left"),
            std::string::npos);
}

TEST_F(CliGraph, PathsAreFoundByEdgesByWeightAndAll) {
  chain();
  EXPECT_EQ(done({"path", "p/a", "p/d"}).lines().at(0),
            R"({"cost":2,"hops":2,"nodes":["p/a","p/c","p/d"],"types":["suggests","depends"]})");
  const Value cheapest = done({"path", "p/a", "p/d", "--weight", "cost"}).values().at(0);
  EXPECT_EQ(cheapest["cost"].as_int(), 4);
  EXPECT_EQ(cheapest["hops"].as_int(), 3);
  EXPECT_EQ(done({"path", "p/a", "p/d", "--all", "--hops", "5"}).lines().size(), 2U);
  EXPECT_EQ(done({"path", "p/a", "p/d", "--all", "--hops", "5", "--limit", "1"}).lines().size(), 1U);
  fails(1, "no path leads from p/d to p/a", {"path", "p/d", "p/a"});
  EXPECT_EQ(done({"path", "p/d", "p/a", "--direction", "in"}).values().at(0)["hops"].as_int(), 2);
  fails(2, "--hops", {"path", "p/a", "p/d", "--all"});
  EXPECT_NE(run({"path", "p/a", "p/b", "--format", "table"}).out.find("p/a -depends-> p/b"), std::string::npos);
}

TEST_F(CliGraph, TheGraphAsAWhole) {
  chain();
  EXPECT_EQ(nodes({"neighbors", "p/c", "--hops", "9"}), Lines{"p/d 1"});
  const auto types = done({"graph", "types"}).lines();
  ASSERT_EQ(types.size(), 2U);
  EXPECT_EQ(types[0], R"({"type":"depends","rule":"dangling","edges":3})");
  EXPECT_EQ(done({"graph"}).lines(), types);
  std::string order;
  for (const Value& line : done({"graph", "order"}).values()) order += std::string(line["node"].as_string()) + " ";
  EXPECT_EQ(order, "p/a p/b p/c p/d ");
  EXPECT_EQ(done({"graph", "component", "p/c"}).lines().size(), 4U);
  EXPECT_EQ(done({"graph", "cycles"}).out, "");
  done({"link", "p/d", "depends", "p/b"});
  EXPECT_EQ(done({"graph", "cycles"}).values().at(0)["nodes"].to_json(), R"(["p/b","p/c","p/d","p/b"])");
  fails(1, "in a circle", {"graph", "order"});
  fails(1, "there is no record `p/c`", {"graph", "rule", "depends", "restrict"});
  done({"put", "p", "c", "1"});
  done({"put", "p", "d", "1"});
  done({"graph", "rule", "depends", "restrict"});
  fails(1, "unlink it first", {"delete", "p", "c"});
  fails(2, "did you mean", {"graph", "rule", "depends", "restricted"});
  done({"apply", "-"},
       "{\"op\":\"unlink\",\"from\":\"p/b\",\"type\":\"depends\",\"to\":\"p/c\"}\n"
       "{\"op\":\"unlink\",\"from\":\"p/c\",\"type\":\"depends\",\"to\":\"p/d\"}\n"
       "{\"op\":\"delete\",\"collection\":\"p\",\"key\":\"c\"}\n");
  done({"verify"});
}

TEST_F(CliGraph, EdgesAreWatched) {
  done({"link", "a", "likes", "b", "1"});
  done({"link", "a", "hates", "b"});
  done({"unlink", "a", "likes", "b"});
  const auto lines = done({"watch", "--edges", "--type", "likes", "--from", "log", "--limit", "1"}).lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].rfind(R"({"op":"unlink","from":"a","type":"likes","to":"b","position":)", 0), 0U) << lines[0];
  const auto state = done({"watch", "--edges", "--state", "--limit", "1"}).lines();
  EXPECT_EQ(state.at(0).rfind(R"({"op":"link","from":"a","type":"hates","to":"b","value":null,"version":)", 0), 0U);
  fails(2, "--edges", {"watch", "--type", "likes"});
}

TEST_F(CliGraph, ASearchIsHeldNearANode) {
  for (const std::string key : {"n1", "n2", "n3"}) done({"put", "notes", key, R"({"text":"dark mode"})"});
  done({"text", "create", "notes", "text"});
  done({"link", "topic:dark", "has", "notes/n1"});
  done({"link", "notes/n1", "cites", "notes/n2"});
  const auto count = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"search", "notes", "--text", "dark"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return done(arguments).lines().size();
  };
  EXPECT_EQ(count({}), 3U);
  EXPECT_EQ(count({"--within", "topic:dark"}), 1U);
  EXPECT_EQ(count({"--within", "topic:dark:2"}), 2U);
  EXPECT_EQ(count({"--within", "topic:dark:2", "--type", "has"}), 1U);
  fails(2, "--within", {"search", "notes", "--text", "dark", "--type", "has"});
}

}  // namespace
}  // namespace strata::scenario
