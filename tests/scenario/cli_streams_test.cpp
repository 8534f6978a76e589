#include "tests/scenario/cli_command.hpp"

namespace strata::scenario {
namespace {

class CliStreams : public CommandScenario {};

TEST_F(CliStreams, APersonAppendsAndReads) {
  const Value first = done({"append", "order-1", "placed", R"({"sum":3})", "--expect", "none"}).values().at(0);
  EXPECT_EQ(first["first"].as_int(), 1);
  EXPECT_EQ(first["last"].as_int(), 1);
  EXPECT_FALSE(first["repeated"].as_bool());
  done({"append", "order-1", "paid", "5", "--id", "p1", "--metadata", R"({"by":"ann"})", "--correlation", "c",
        "--causation", "k"});
  EXPECT_TRUE(done({"append", "order-1", "paid", "5", "--id", "p1"}).values().at(0)["repeated"].as_bool());
  done({"append", "order-2", "placed"});
  const auto events = done({"read", "order-1"}).values();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0]["stream"].as_string(), "order-1");
  EXPECT_EQ(events[0]["version"].as_int(), 1);
  EXPECT_EQ(events[0]["number"].as_int(), 1);
  EXPECT_EQ(events[0]["position"].as_int(), first["position"].as_int());
  EXPECT_EQ(events[0]["type"].as_string(), "placed");
  EXPECT_EQ(events[0]["data"]["sum"].as_int(), 3);
  EXPECT_TRUE(Time::parse(events[0]["time"].as_string()));
  EXPECT_TRUE(events[0]["id"].is_missing());
  EXPECT_EQ(events[1]["metadata"]["by"].as_string(), "ann");
  EXPECT_EQ(events[1]["id"].as_string(), "p1");
  EXPECT_EQ(events[1]["correlation"].as_string(), "c");
  EXPECT_EQ(events[1]["causation"].as_string(), "k");
  EXPECT_EQ(done({"read"}).values().size(), 3U);
  EXPECT_EQ(done({"read", "--prefix", "order-2"}).values().size(), 1U);
  EXPECT_EQ(done({"read", "--type", "paid", "--type", "sent"}).values().size(), 1U);
  EXPECT_EQ(done({"read", "order-1", "--from", "2"}).values().size(), 1U);
  EXPECT_EQ(done({"read", "--after", "1"}).values().size(), 2U);
  EXPECT_EQ(done({"read", "--since", "1h"}).values().size(), 3U);
  EXPECT_EQ(done({"read", "--until", "1h"}).values().size(), 0U);
  EXPECT_EQ(done({"read", "--backward", "--limit", "1"}).values().at(0)["stream"].as_string(), "order-2");
  fails(1, "no stream order-9", {"read", "order-9"});
  fails(2, "--prefix", {"read", "order-1", "--prefix", "o"});
  done({"verify"});
}

TEST_F(CliStreams, AnExpectationThatDoesNotHoldNamesTheVersion) {
  done({"append", "s", "a", "1"});
  fails(1, "it has version 1", {"append", "s", "a", "1", "--expect", "none"});
  fails(1, "(conflict)", {"append", "s", "a", "1", "--expect", "2"});
  done({"append", "s", "a", "1", "--expect", "1"});
  done({"append", "s", "a", "1", "--expect", "exists"});
  fails(2, "--expect", {"append", "s", "a", "1", "--expect", "some"});
}

TEST_F(CliStreams, LinesOnStandardInputAreOneTransaction) {
  const std::string lines = "{\"type\":\"a\",\"data\":1,\"id\":\"x\"}\n\n{\"type\":\"b\",\"metadata\":[2]}\n";
  const Value appended = done({"append", "s", "-"}, lines).values().at(0);
  EXPECT_EQ(appended["first"].as_int(), 1);
  EXPECT_EQ(appended["last"].as_int(), 2);
  const auto events = done({"read", "s"}).values();
  EXPECT_EQ(events.at(0)["position"].as_int(), events.at(1)["position"].as_int());
  fails(1, ":2: no \"type\"", {"append", "s", "-"}, "{\"type\":\"a\"}\n{\"data\":1}\n");
  EXPECT_EQ(done({"read", "s"}).values().size(), 2U);
}

TEST_F(CliStreams, ApplyAppendsBesideOtherChanges) {
  const std::string lines =
      "{\"op\":\"append\",\"stream\":\"s\",\"type\":\"a\",\"payload\":{\"n\":1},\"expect\":\"none\"}\n"
      "{\"op\":\"put\",\"collection\":\"notes\",\"key\":\"k\",\"value\":1}\n"
      "{\"op\":\"append\",\"stream\":\"s\",\"type\":\"b\",\"expect\":1}\n";
  const Value applied = done({"apply", "-"}, lines).values().at(0);
  EXPECT_EQ(applied["appends"].as_int(), 2);
  EXPECT_EQ(applied["puts"].as_int(), 1);
  const auto events = done({"read", "s"}).values();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0]["data"]["n"].as_int(), 1);
  const Value logged = done({"log"}).values().at(0);
  EXPECT_NE(logged.to_json().find(R"({"op":"append","stream":"s","version":2})"), std::string::npos)
      << logged.to_json();
}

TEST_F(CliStreams, StreamsAreListedKeptWithinBoundsTruncatedAndDeleted) {
  for (int i = 0; i < 5; ++i) done({"append", "a", "t"});
  done({"append", "b", "t"});
  EXPECT_EQ(done({"streams"}).values().size(), 2U);
  const Value set = done({"streams", "set", "a", "--keep", "7d", "--keep-count", "2"}).values().at(0);
  EXPECT_EQ(set["keep"].as_string(), "7d");
  EXPECT_EQ(set["keep_count"].as_int(), 2);
  done({"compact"});
  const Value described = done({"streams", "a"}).values().at(0);
  EXPECT_EQ(described["version"].as_int(), 5);
  EXPECT_EQ(described["first"].as_int(), 4);
  EXPECT_TRUE(done({"streams", "set", "a", "--keep", "off"}).values().at(0)["keep"].is_missing());
  EXPECT_EQ(done({"streams", "truncate", "a", "--before", "5"}).values().at(0)["erased"].as_int(), 1);
  EXPECT_EQ(done({"streams", "snapshot", "a", "--version", "5", "[1]"}).values().at(0)["version"].as_int(), 5);
  EXPECT_EQ(done({"streams", "snapshot", "a"}).values().at(0)["state"].size(), 1U);
  done({"streams", "delete", "b", "--tombstone"});
  fails(1, "erased for good", {"append", "b", "t"});
  fails(1, "no stream nope", {"streams", "delete", "nope"});
  EXPECT_TRUE(done({"streams", "b"}).values().at(0)["tombstone"].as_bool());
}

TEST_F(CliStreams, ADumpAsATreeTakesTheEventsAlong) {
  for (int i = 0; i < 12; ++i) done({"append", i % 2 == 0 ? "z" : "a", "t", std::to_string(i)});
  done({"dump", "--tree", path("tree")});
  const std::string loaded = path("loaded");
  EXPECT_TRUE(done({"load", path("tree"), "-s", loaded}).values().at(0)["digest_compared"].as_bool());
  std::vector<std::int64_t> ours, theirs;
  for (const Value& one : done({"read"}).values()) ours.push_back(one["data"].as_int());
  for (const Value& one : done({"read", "-s", loaded}).values()) theirs.push_back(one["data"].as_int());
  EXPECT_EQ(ours, theirs);
  done({"verify", "-s", loaded});
}

}  // namespace
}  // namespace strata::scenario
