// The server goes away, connections break, clients stand still: what a store on PostgreSQL makes of it.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <iostream>
#include <mutex>
#include <thread>

#include "platform/child_process.hpp"
#include "platform/random.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/postgres/connection.hpp"
#include "tests/postgres/postgres_server.hpp"
#include "tests/postgres/proxy.hpp"
#include "tests/postgres/refusal.hpp"
#include "tests/postgres/shared_server.hpp"
#include "tests/process/shared_store.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

using outside::Connection;
using outside::PostgresServer;
using outside::PostgresStore;
using outside::Proxy;
using outside::shared_server;

/// Through a proxy, TLS or not is settled without a question that the proxy would have to understand.
std::string through(const PostgresStore& store, const Proxy& proxy, const std::string& more = "") {
  return store.url_through(proxy.port()) + "&sslmode=disable" + more;
}

/// Counts one up, under one id however often it takes; how often that was.
int count_up(Store& store, const std::string& counter) {
  const Uuid id = platform::make_uuid();
  for (int attempts = 1;; ++attempts) {
    try {
      store.transact(
          [&](Transaction& transaction) {
            Collection all = transaction.collection("counters");
            const auto record = all.get(counter);
            all.put(counter, record ? record->value.as_int() + 1 : 1);
          },
          {.id = id});
      return attempts;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::busy && error.code() != ErrorCode::commit_unknown) throw;
    }
  }
}

void expect_whole(const PostgresStore& place, const std::map<std::string, std::int64_t>& counters) {
  Store store = Store::open(place.url());
  std::uint64_t commits = 0;
  for (const auto& [name, count] : counters) {
    EXPECT_EQ(store.collection("counters").get(name)->value.as_int(), count) << name;
    commits += static_cast<std::uint64_t>(count);
  }
  EXPECT_EQ(store.position().value, commits);
  std::uint64_t expected = 0;
  for (std::vector<LogEntry> page; !(page = store.log(Position{expected})).empty();) {
    for (const LogEntry& entry : page) EXPECT_EQ(entry.position.value, ++expected);
  }
  EXPECT_EQ(expected, commits);
  EXPECT_EQ(store.verify().problems, Lines{});
}

TEST(PostgresOutages, ACommitThatWasLostOnItsWayIsMadeOnceAndSoIsOneWhoseAnswerWasLost) {
  for (const Proxy::Trap trap : {Proxy::Trap::lose_commit, Proxy::Trap::lose_answer}) {
    const PostgresStore place;
    Proxy proxy(shared_server().port);
    Store store = Store::open(through(place, proxy));
    constexpr int rounds = 6;
    for (int round = 0; round < rounds; ++round) {
      proxy.set_trap(trap, 1);
      count_up(store, "n");
    }
    EXPECT_EQ(proxy.sprung(), rounds);
    store.close();
    expect_whole(place, {{"n", rounds}});
  }
}

TEST(PostgresOutages, ACallerWithoutAnIdOfItsOwnIsToldWhenTheOutcomeIsUnknownAndCanAsk) {
  const PostgresStore place;
  Proxy proxy(shared_server().port);
  Store store = Store::open(through(place, proxy));
  store.collection("c").put("first", 1);
  proxy.set_trap(Proxy::Trap::lose_answer, 1);
  const Uuid id = platform::make_uuid();
  CommitResult result;
  std::optional<ErrorCode> code =
      code_of([&] { store.transact([](Transaction& t) { t.collection("c").put("second", 2); }, {.id = id}, &result); });
  EXPECT_EQ(proxy.sprung(), 1);
  EXPECT_TRUE(!code || code == ErrorCode::commit_unknown) << to_string(*code);
  const auto outcome = store.outcome(id);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->position, Position{2});
  EXPECT_EQ(store.collection("c").get("second")->value.as_int(), 2);
  EXPECT_EQ(store.position(), Position{2});
}

TEST(PostgresOutages, ThreadsWhoseConnectionsAreCutAtRandomLoseAndDoubleNothing) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  const PostgresStore place;
  Proxy proxy(shared_server().port);
  Store store = Store::open(through(place, proxy));
  const int commits = static_cast<int>(volume(60, 3000));
  constexpr int threads = 4;
  std::atomic<int> done{0};
  std::atomic<int> working{threads};
  std::atomic<int> repeats{0};
  std::vector<std::thread> crew;
  for (int i = 0; i < threads; ++i) {
    crew.emplace_back([&, i] {
      try {
        for (int n = 0; n < commits; ++n, ++done) repeats += count_up(store, "t" + std::to_string(i)) - 1;
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
      --working;
    });
  }
  int cuts = 0;
  for (int next = 10; working > 0; std::this_thread::yield()) {
    if (done < next) continue;
    next = done + 1 + static_cast<int>(random() % 20);
    const auto choice = random() % 3;
    if (choice == 0) proxy.cut();
    if (choice == 1) proxy.set_trap(Proxy::Trap::lose_answer, 1);
    if (choice == 2) proxy.set_trap(Proxy::Trap::lose_commit, 1);
    ++cuts;
  }
  for (std::thread& thread : crew) thread.join();
  std::cout << cuts << " cuts, " << repeats << " calls made again" << std::endl;
  EXPECT_GT(cuts, 3);
  store.close();
  std::map<std::string, std::int64_t> expected;
  for (int i = 0; i < threads; ++i) expected["t" + std::to_string(i)] = commits;
  expect_whole(place, expected);
}

TEST(PostgresOutages, WhileTheServerIsAwayCallsAreBusyAndAfterwardsTheSameHandleGoesOn) {
  PostgresServer server;
  const std::string url = server.url() + "?store=a&patience_ms=300";
  Store store = Store::open(url, {.commit_timeout = std::chrono::milliseconds(300)});
  store.collection("c").put("k", 1);
  server.stop(PostgresServer::Shutdown::immediate);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(code_of([&] { store.collection("c").get("k"); }), ErrorCode::busy);
    EXPECT_EQ(code_of([&] { store.collection("c").put("k", 2); }), ErrorCode::busy);
  }
  EXPECT_TRUE(is_clear(error_of([&] { store.collection("c").get("k"); }),
                       {.codes = {ErrorCode::busy}, .words = {"127.0.0.1"}}));
  EXPECT_EQ(code_of([&] { Store::open(url); }), ErrorCode::busy);
  server.start();
  EXPECT_EQ(store.collection("c").get("k")->value.as_int(), 1);
  store.collection("c").put("k", 3);
  EXPECT_EQ(store.position(), Position{2});
  EXPECT_EQ(Store::open(url).verify().problems, Lines{});
}

TEST(PostgresOutages, ASnapshotThatItsConnectionTookAlongSaysSoAndANewOneIsThere) {
  const PostgresStore place;
  Proxy proxy(shared_server().port);
  Store store = Store::open(through(place, proxy));
  store.collection("c").put("k", 1);
  const Snapshot snapshot = store.snapshot();
  EXPECT_EQ(snapshot.collection("c").get("k")->value.as_int(), 1);
  proxy.cut();
  store.collection("c").put("k", 2);
  // It still shows its state, or nothing; another state never.
  const auto code = code_of([&] { EXPECT_EQ(snapshot.collection("c").get("k")->value.as_int(), 1); });
  EXPECT_TRUE(!code || code == ErrorCode::busy || code == ErrorCode::limit_exceeded) << to_string(*code);
  EXPECT_EQ(store.snapshot().collection("c").get("k")->value.as_int(), 2);
}

TEST(PostgresOutages, ThoseWhoWaitGoOnWhenTheServerIsBack) {
  PostgresServer server;
  const std::string url = server.url() + "?store=a&patience_ms=60000";
  Store store = Store::open(url, {.commit_timeout = patience});
  store.collection("c").put("k", 0);
  server.stop(PostgresServer::Shutdown::immediate);
  std::atomic<int> begun{0};
  std::vector<std::thread> waiters;
  std::vector<std::optional<ErrorCode>> codes(4);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    waiters.emplace_back([&, i] {
      ++begun;
      codes[i] = code_of([&] {
        if (i % 2 == 0) store.collection("c").put("w" + std::to_string(i), 1);
        if (i % 2 == 1) store.collection("c").get("k");
      });
    });
  }
  while (begun < static_cast<int>(codes.size())) std::this_thread::yield();
  server.start();
  const auto back = std::chrono::steady_clock::now();
  for (std::thread& waiter : waiters) waiter.join();
  const auto waited = std::chrono::steady_clock::now() - back;
  for (const auto& code : codes) EXPECT_EQ(code, std::nullopt) << to_string(*code);
  EXPECT_LT(waited, leniently(std::chrono::seconds(2))) << "what is promised for clients that wait";
  EXPECT_EQ(store.collection("c").count(), 3u);
  EXPECT_EQ(store.verify().problems, Lines{});
}

TEST(PostgresOutages, OneThatStandsStillInTheWriteSectionLosesItsTurnAndNothingElse) {
  const PostgresStore place;
  const std::string url = place.url() + "&fence_ms=1500";
  { Store::open(url).collection("theirs").put("k", 1); }
  const platform::Sign inside, go_on;
  platform::ChildProcess child([&] {
    int turns = 0;
    inside_the_write_section(url, [&](Transaction& transaction) {
      if (++turns == 1) {
        inside.give();
        go_on.await();
      }
      transaction.collection("mine").put("done", 1);
    });
    return 0;
  });
  ASSERT_TRUE(inside.await());
  child.stop();
  Store store = Store::open(url, {.commit_timeout = patience});
  store.collection("theirs").put("k", 2);  // waits for the fence, not for the one that stands still
  EXPECT_FALSE(store.collection("mine").get("done"));
  go_on.give();
  child.resume();
  // It is told, or makes its transaction again on the newer state.
  const int code = child.wait();
  const auto done = store.collection("mine").get("done");
  EXPECT_EQ(code == 0, done.has_value()) << "it ended with " << code;
  EXPECT_EQ(store.collection("theirs").get("k")->value.as_int(), 2);
  EXPECT_EQ(store.verify().problems, Lines{});
}

TEST(PostgresOutages, AWriterWhoseServerFallsSilentGivesUpAndTheOthersGoOn) {
  const PostgresStore place;
  Proxy proxy(shared_server().port);
  Store silent = Store::open(through(place, proxy, "&fence_ms=500&patience_ms=1000&application_name=" + place.name()),
                             {.commit_timeout = std::chrono::seconds(1), .background = false});
  silent.collection("c").put("k", 1);
  const Uuid id = platform::make_uuid();
  std::optional<ErrorCode> code;
  std::thread writer([&] {
    std::once_flag once;
    code = code_of([&] {
      silent.transact(
          [&](Transaction& transaction) {
            transaction.collection("c").put("silent", 1);
            std::call_once(once, [&] { proxy.hold(Proxy::Direction::to_client, true); });
          },
          {.id = id});
    });
  });
  // It has the write lock, and does not know.
  Connection administrator(shared_server().parameters());
  const std::string locks =
      "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE "
      "l.mode = 'ShareRowExclusiveLock' AND l.granted AND a.application_name = '";
  while (administrator.ask(locks + place.name() + "'") == "0") std::this_thread::yield();
  Store store = Store::open(place.url(), {.commit_timeout = patience});
  store.collection("c").put("k", 2);
  proxy.cut();
  proxy.hold(Proxy::Direction::to_client, false);
  writer.join();
  EXPECT_TRUE(!code || code == ErrorCode::busy || code == ErrorCode::commit_unknown) << to_string(*code);
  const bool committed = store.collection("c").get("silent").has_value();
  EXPECT_TRUE(code || committed) << "acknowledged, and not there";
  EXPECT_EQ(store.outcome(id).has_value(), committed);
  EXPECT_EQ(store.verify().problems, Lines{});
}

TEST(PostgresOutages, WhereTheServerCannotLockTablesARowIsTheLock) {
  const PostgresStore place;
  { Store::open(place.url()).collection("counters").put("first", 1); }
  // What such a server's store says of itself.
  Connection(shared_server().parameters()).ask("UPDATE \"" + place.name() + "\".gate SET format = 1 RETURNING format");
  Store one = Store::open(place.url(), {.commit_timeout = patience});
  Store other = Store::open(place.url(), {.commit_timeout = patience});
  constexpr int threads = 4;
  constexpr int commits = 25;
  std::vector<std::thread> crew;
  for (int i = 0; i < threads; ++i) {
    crew.emplace_back([&, i] {
      for (int n = 0; n < commits; ++n) count_up(i % 2 == 0 ? one : other, "n");
    });
  }
  for (std::thread& thread : crew) thread.join();
  expect_whole(place, {{"first", 1}, {"n", threads * commits}});
}

TEST(PostgresOutages, WhatWasSeenOfADeclarationThatACrashTookBackIsVoid) {
  PostgresServer server;
  server.set("wal_writer_delay", "10s");  // so that nobody else brings the relaxed commits to the disk
  server.reload();
  const std::string url = server.url() + "?store=a&patience_ms=60000";
  Store store = Store::open(url, {.commit_timeout = patience, .background = false});
  Store witness = Store::open(url, {.commit_timeout = patience, .background = false});
  store.collection("kept").put("k", 1);
  bool lost = false;
  for (int attempt = 0; attempt < 10 && !lost; ++attempt) {
    const std::string name = "relaxed-" + std::to_string(attempt);
    store.transact([&](Transaction& t) { t.collection(name).put("k", 1); }, {.durability = Durability::relaxed});
    EXPECT_TRUE(witness.collection(name).get("k"));
    server.stop(PostgresServer::Shutdown::immediate);
    server.start();
    Store fresh = Store::open(url, {.commit_timeout = patience, .background = false});
    lost = !fresh.collection(name).get("k");
    if (!lost) continue;
    // The space of the collection that is gone becomes that of another.
    fresh.collection("another").put("k", 2);
    store.collection(name).put("again", 3);
    witness.collection(name).put("and again", 4);
    EXPECT_EQ(fresh.collection(name).count(), 2u);
    EXPECT_EQ(fresh.collection("another").count(), 1u);
    EXPECT_FALSE(witness.collection(name).get("k"));
    EXPECT_EQ(fresh.verify().problems, Lines{});
  }
  EXPECT_TRUE(lost) << "the server brought every relaxed commit to the disk";
}

TEST(PostgresOutages, AStoreThatWasDroppedIsNotMadeAgainBehindItsUsersBack) {
  const PostgresStore place;
  Store store = Store::open(place.url());
  store.collection("c").put("k", 1);
  place.drop();
  EXPECT_NE(code_of([&] { store.collection("c").put("k", 2); }), std::nullopt);
  EXPECT_NE(code_of([&] { store.snapshot().collection("c").get("k"); }), std::nullopt);
  EXPECT_FALSE(place.begun());
}

}  // namespace
}  // namespace strata
