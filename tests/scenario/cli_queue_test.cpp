#include "tests/scenario/cli_command.hpp"

namespace strata::scenario {
namespace {

class CliQueues : public CommandScenario {
 protected:
  Value take_one(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"queue", "take", "mail"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return done(arguments).values().at(0);
  }
  static std::string text(const Value& value, std::string_view name) { return std::string(value[name].as_string()); }
};

TEST_F(CliQueues, APersonPutsTakesAndFinishes) {
  const std::string id = text(done({"queue", "put", "mail", R"({"to":"a"})"}).values().at(0), "id");
  EXPECT_TRUE(Uuid::parse(id));
  const Value taken = take_one({"--lease", "1h", "--consumer", "me"});
  EXPECT_EQ(text(taken, "id"), id);
  EXPECT_EQ(taken["payload"]["to"].as_string(), "a");
  EXPECT_EQ(taken["attempts"].as_int(), 1);
  EXPECT_EQ(text(taken, "consumer"), "me");
  EXPECT_EQ(done({"queue", "take", "mail"}).out, "") << "someone has it";
  EXPECT_EQ(text(done({"queue", "get", "mail", id}).values().at(0), "state"), "leased");
  fails(1, "(conflict)", {"queue", "done", "mail", id, "0000000000000000"});
  done({"queue", "extend", "mail", id, text(taken, "token"), "--lease", "2h"});
  done({"queue", "done", "mail", id, text(taken, "token")});
  fails(1, "(conflict)", {"queue", "done", "mail", id, text(taken, "token")});
  fails(1, "no item " + id, {"queue", "get", "mail", id});
}

TEST_F(CliQueues, LinesOfStandardInputAreItemsAllOrNone) {
  EXPECT_EQ(done({"queue", "put", "mail", "-"}, "1\n\n{\"n\":2}\n\"three\"\n").lines().size(), 3U);
  fails(1, "standard input:2: ", {"queue", "put", "mail", "-"}, "4\n{no json\n");
  const auto taken = done({"queue", "take", "mail", "--limit", "10"}).values();
  ASSERT_EQ(taken.size(), 3U);
  EXPECT_EQ(taken[0]["payload"].as_int(), 1);
  EXPECT_EQ(taken[2]["payload"].as_string(), "three");
}

TEST_F(CliQueues, OptionsOfPutSayWhenAndInWhichOrder) {
  const auto put = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"queue", "put", "mail"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return text(done(arguments).values().at(0), "id");
  };
  put({"1"});
  put({"2", "--priority", "7", "--dedup", "k"});
  const std::string again = put({"3", "--dedup", "k"});
  put({"4", "--delay", "1h"});
  put({"5", "--at", "2999-01-01"});
  put({"6", "--order-key", "o", "--every", "1h"});
  const auto listed = done({"queue", "list", "mail"}).values();
  ASSERT_EQ(listed.size(), 5U);
  EXPECT_EQ(listed[0]["payload"].as_int(), 2);
  EXPECT_EQ(text(listed[0], "id"), again);
  const auto taken = done({"queue", "take", "mail", "--limit", "10"}).values();
  ASSERT_EQ(taken.size(), 3U);
  EXPECT_EQ(text(taken[2], "every"), "1h");
  done({"queue", "done", "mail", text(taken[2], "id"), text(taken[2], "token")});
  EXPECT_EQ(done({"queue", "list", "mail", "--state", "waiting"}).lines().size(), 3U) << "it is there again";
  fails(2, "--at", {"queue", "put", "mail", "1", "--at", "2999-01-01", "--delay", "1h"});
  fails(2, "no length of time", {"queue", "put", "mail", "1", "--delay", "soon"});
}

TEST_F(CliQueues, WhatFailsIsTriedAgainOrDeadAndCanBeRevived) {
  done({"queue", "set", "mail", "--attempts", "2", "--backoff", "0s", "--lease", "1h"});
  const std::string id = text(done({"queue", "put", "mail"}).values().at(0), "id");
  done({"queue", "fail", "mail", id, text(take_one(), "token"), "--error", "no route"});
  const Value second = take_one();
  EXPECT_EQ(second["attempts"].as_int(), 2);
  EXPECT_EQ(text(second, "error"), "no route");
  done({"queue", "fail", "mail", id, text(second, "token")});
  EXPECT_EQ(done({"queue", "take", "mail"}).out, "");
  EXPECT_EQ(done({"queue", "list", "mail", "--state", "dead"}).lines().size(), 1U);
  done({"queue", "revive", "mail", id});
  fails(1, "no dead item", {"queue", "revive", "mail", id});
  const Value third = take_one();
  EXPECT_EQ(third["attempts"].as_int(), 1);
  done({"queue", "return", "mail", id, text(third, "token")});
  const Value fourth = take_one({"--wait", "10s"});
  done({"queue", "fail", "mail", id, text(fourth, "token"), "--dead"});
  const Value counts = done({"queue"}).values().at(0);
  EXPECT_EQ(text(counts, "queue"), "mail");
  EXPECT_EQ(counts["dead"].as_int(), 1);
  EXPECT_EQ(counts["ready"].as_int(), 0);
  done({"queue", "delete", "mail", id});
  fails(1, "no item", {"queue", "delete", "mail", id});
  EXPECT_EQ(done({"queue", "set", "mail"}).values().at(0)["lease_ms"].as_int(), 3'600'000);
}

TEST_F(CliQueues, ATakerWaitsForWhatIsPut) {
  done({"queue", "put", "mail", "1"});
  take_one({"--lease", "1h"});
  RunningCommand taker = start({"queue", "take", "mail", "--wait", "5m"});
  done({"queue", "put", "mail", "2"});
  EXPECT_TRUE(taker.wait_for(R"("payload":2)"));
  EXPECT_EQ(taker.wait(), 0);
}

TEST_F(CliQueues, ApplyPutsItemsTogetherWithOtherChanges) {
  const std::string lines = R"({"op":"put","collection":"notes","key":"n1","value":1}
{"op":"enqueue","queue":"mail","payload":{"to":"a"},"priority":2,"dedup":"k"}
{"op":"enqueue","queue":"mail","payload":2,"delay":"1h","order_key":"o","every":"1d"}
)";
  const Value made = done({"apply", "-"}, lines).values().at(0);
  EXPECT_EQ(made["enqueued"].as_int(), 2);
  EXPECT_EQ(made["puts"].as_int(), 1);
  const auto listed = done({"queue", "list", "mail"}).values();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(text(listed[0], "id"), made["added"][std::size_t{0}].as_string());
  EXPECT_EQ(text(listed[1], "every"), "1d");
  for (const char* wrong : {R"({"op":"enqueue","payload":1})", R"({"op":"enqueue","queue":"q"})",
                            R"({"op":"enqueue","queue":"q","payload":1,"delay":"soon"})",
                            R"({"op":"enqueue","queue":"q","payload":1,"at":"soon"})",
                            R"({"op":"enqueue","queue":"q","payload":1,"priority":"high"})",
                            R"({"op":"enqueue","queue":"q","payload":1,"prio":1})"}) {
    fails(1, "standard input:1: ", {"apply", "-"}, wrong);
  }
}

TEST_F(CliQueues, APersonSeesTables) {
  done({"queue", "put", "mail", R"({"to":"a"})"});
  EXPECT_NE(done({"queue", "list", "--format", "table"}).out.find("mail"), std::string::npos);
  EXPECT_NE(done({"queue", "list", "mail", "--format", "table"}).out.find("waiting"), std::string::npos);
  EXPECT_EQ(done({"queue", "list", "mail", "--format", "csv"}).lines().size(), 2U);
}

}  // namespace
}  // namespace strata::scenario
