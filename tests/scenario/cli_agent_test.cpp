#include "tests/scenario/cli_command.hpp"

namespace strata::scenario {
namespace {

class CliAgents : public CommandScenario {
 protected:
  static std::string text(const Value& value, std::string_view name) { return std::string(value[name].as_string()); }
  Value first(const std::vector<std::string>& arguments) { return done(arguments).values().at(0); }
};

TEST_F(CliAgents, SettingsAreSetListedAndDeleted) {
  const Value set = first({"setting", "set", "model.name", R"("large")"});
  done({"setting", "set", "model.depth", "3"});
  done({"setting", "set", "mood", "{\"calm\":true}"});
  EXPECT_EQ(text(first({"setting", "get", "model.name"}), "value"), "large");
  EXPECT_EQ(done({"setting", "list", "model."}).lines().size(), 2U);
  EXPECT_EQ(done({"setting"}).lines().size(), 3U);
  fails(1, "(conflict)", {"setting", "set", "model.name", "1", "--if-version", "0"});
  done({"setting", "set", "model.name", "1", "--if-version", std::to_string(set["version"].as_int())});
  done({"setting", "delete", "mood"});
  fails(1, "no setting mood", {"setting", "delete", "mood"});
  fails(1, "no setting mood", {"setting", "get", "mood"});
  EXPECT_EQ(done({"find", ".settings"}).lines().size(), 2U) << "what agents keep can be asked";
}

TEST_F(CliAgents, SessionsAreOpenedKeptAliveAndClosed) {
  const std::string id = text(first({"session", "open", "ada", "--ttl", "1h", "--metadata", "{\"host\":\"a\"}"}), "id");
  done({"session", "open", "bob", "--ttl", "1ms"});
  done({"session", "heartbeat", id});
  EXPECT_EQ(first({"session", "state", id, "\"drafting\"", "--if-revision", "0"})["revision"].as_int(), 1);
  fails(1, "(conflict)", {"session", "state", id, "2", "--if-revision", "0"});
  const Value session = first({"session", "get", id});
  EXPECT_EQ(text(session, "state"), "drafting");
  EXPECT_EQ(session["metadata"]["host"].as_string(), "a");
  EXPECT_TRUE(session["live"].as_bool());
  EXPECT_EQ(done({"session", "list"}).lines().size(), 2U);
  EXPECT_EQ(done({"session", "list", "ada", "--live"}).lines().size(), 1U);
  EXPECT_EQ(done({"session", "list", "--expired"}).lines().size(), 1U);
  done({"session", "close", id});
  fails(1, "(not_found)", {"session", "heartbeat", id});
  fails(1, "no session " + id, {"session", "close", id});
}

TEST_F(CliAgents, AgentsAreRegisteredAndFound) {
  done({"agent", "register", "ada", "--kind", "writer", "--can", "write,translate"});
  done({"agent", "register", "bob", "--kind", "scout", "--can", "search"});
  EXPECT_EQ(text(first({"agent", "list", "--can", "translate"}), "name"), "ada");
  EXPECT_EQ(done({"agent"}).lines().size(), 2U);
  EXPECT_EQ(first({"agent", "get", "ada"})["capabilities"].size(), 2U);
  done({"agent", "heartbeat", "ada"});
  done({"agent", "remove", "ada"});
  fails(1, "no agent ada", {"agent", "get", "ada"});
  fails(1, "no agent ada", {"agent", "heartbeat", "ada"});
}

TEST_F(CliAgents, ATaskIsCreatedTakenAndDone) {
  const std::string id = text(first({"task", "create", "summarize", R"({"page":"home"})"}), "id");
  const Value taken = first({"task", "take", "--agent", "ada", "--kind", "summarize", "--lease", "1h"});
  EXPECT_EQ(text(taken, "id"), id);
  EXPECT_EQ(taken["payload"]["page"].as_string(), "home");
  EXPECT_EQ(done({"task", "take", "--agent", "bob"}).out, "") << "someone has it";
  const std::string token = text(taken, "token");
  done({"task", "progress", id, token, "0.5", "half way"});
  const Value shown = first({"task", "list", "--status", "running", "--agent", "ada"});
  EXPECT_EQ(shown["progress"].as_double(), 0.5);
  EXPECT_EQ(text(shown, "message"), "half way");
  fails(1, "(conflict)", {"task", "done", id, "0000000000000000"});
  done({"task", "done", id, token, R"({"words":12})"});
  const Value ended = first({"task", "get", id});
  EXPECT_EQ(text(ended, "status"), "done");
  EXPECT_EQ(ended["result"]["words"].as_int(), 12);
  EXPECT_EQ(ended["history"].size(), 3U);
  fails(1, "(conflict)", {"task", "progress", id, token, "0.6"});
}

TEST_F(CliAgents, ATaskFailsIsReturnedAndCancelled) {
  const std::string id = text(first({"task", "create", "k", "1", "--to", "ada", "--priority", "3"}), "id");
  EXPECT_EQ(done({"task", "take", "--agent", "bob"}).out, "");
  std::string token = text(first({"task", "take", "--agent", "ada"}), "token");
  done({"task", "return", id, token});
  token = text(first({"task", "take", "--agent", "ada"}), "token");
  EXPECT_EQ(text(first({"task", "fail", id, token, "no network", "--retry-in", "0s"}), "status"), "waiting");
  token = text(first({"task", "take", "--agent", "ada", "--wait", "1m"}), "token");
  EXPECT_EQ(text(first({"task", "fail", id, token, "never", "--final"}), "status"), "failed");
  const std::string other = text(first({"task", "create", "k"}), "id");
  done({"task", "cancel", other, "not needed"});
  EXPECT_EQ(text(first({"task", "list", "--status", "cancelled"}), "message"), "not needed");
  fails(1, "(not_found)", {"task", "cancel", other});
  done({"task", "delete", other});
  fails(1, "no task " + other, {"task", "get", other});
  fails(2, "--status late", {"task", "list", "--status", "late"});
}

TEST_F(CliAgents, WhatAgentsKeepTravelsWithADump) {
  done({"setting", "set", "k", "1"});
  done({"agent", "register", "ada", "--can", "write"});
  const std::string id = text(first({"task", "create", "k", "1"}), "id");
  const std::string token = text(first({"task", "take", "--agent", "ada"}), "token");
  write("dump.jsonl", done({"dump"}).out);
  done({"-s", path("other"), "load", path("dump.jsonl")});
  EXPECT_EQ(text(first({"-s", path("other"), "task", "get", id}), "status"), "waiting") << "claims do not travel";
  fails(1, "(conflict)", {"-s", path("other"), "task", "done", id, token});
  EXPECT_EQ(text(first({"-s", path("other"), "task", "take", "--agent", "bob"}), "id"), id);
  EXPECT_EQ(done({"-s", path("other"), "agent", "list", "--can", "write"}).lines().size(), 1U);
}

TEST_F(CliAgents, SagasAreListed) {
  done({"setting", "set", "k", "1"});
  EXPECT_EQ(done({"saga", "list"}).out, "");
  fails(1, "no saga s", {"saga", "get", "s"});
  fails(2, "--status late", {"saga", "list", "--status", "late"});
}

TEST_F(CliAgents, SettingsAreWatchedUnderTheirCollectionsName) {
  done({"setting", "set", "k", "1"});
  const auto lines = done({"watch", ".settings", "--state", "--limit", "1", "--timeout", "30s"}).values();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["key"].as_string(), "k");
}

}  // namespace
}  // namespace strata::scenario
