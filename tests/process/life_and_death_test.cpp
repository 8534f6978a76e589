// One process stops, dies or idles; what the others notice of it.
#include <array>
#include <memory>
#include <thread>

#include "platform/wake_word.hpp"
#include "tests/process/report_pipe.hpp"
#include "tests/process/shared_store.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

using platform::ChildProcess;
using platform::Sign;

/// What invariant 9 grants a dead or idle process.
OpenOptions bounded() { return {.commit_timeout = leniently(std::chrono::seconds(2))}; }

class LifeAndDeath : public SharedStore {};

/// Gives the sign inside the write section, and waits for the other before it commits.
int commit_slowly(const std::string& url, const Sign& inside, const Sign& go_on) {
  bool arrived = false;
  inside_the_write_section(url, [&](Transaction& transaction) {
    arrived = true;
    inside.give();
    go_on.await();
    transaction.collection("mine").put("done", 1);
  });
  return arrived ? 0 : 1;
}

TEST_P(LifeAndDeath, WhileOneIsPausedInsideTheWriteSectionOthersReadOnAndWritersGetBusy) {
  { open().collection("theirs").put("k", 1); }
  const Sign inside, go_on;
  ChildProcess child([&] { return commit_slowly(url(), inside, go_on); });
  ASSERT_TRUE(inside.await());
  child.stop();

  Store store = open({.commit_timeout = std::chrono::milliseconds(300)});
  Collection theirs = store.collection("theirs");
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(theirs.get("k")->value.as_int(), 1);
    EXPECT_EQ(store.snapshot().collection("theirs").count(), 1u);
    EXPECT_FALSE(store.collection("mine").get("done"));
  }
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(code_of([&] { theirs.put("k", 2); }), ErrorCode::busy);
  EXPECT_EQ(code_of([&] { store.transact([](Transaction& t) { t.collection("theirs").put("k", 2); }); }),
            ErrorCode::busy);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10)) << "a deadline was not kept";
  EXPECT_EQ(theirs.get("k")->value.as_int(), 1);

  go_on.give();
  child.resume();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(store.collection("mine").get("done")->value.as_int(), 1);
  EXPECT_EQ(store.verify().problems, Lines{});
  store.transact([](Transaction& t) { t.collection("theirs").put("k", 3); }, {.timeout = patience});
  EXPECT_EQ(theirs.get("k")->value.as_int(), 3);
}

TEST_P(LifeAndDeath, OneThatIsKilledInsideTheWriteSectionBlocksNobody) {
  { open().collection("theirs").put("k", 1); }
  const Sign inside, go_on;
  ChildProcess child([&] { return commit_slowly(url(), inside, go_on); });
  ASSERT_TRUE(inside.await());
  Store store = open(bounded());
  EXPECT_EQ(child.kill(), -SIGKILL);
  EXPECT_EQ(code_of([&] { store.collection("theirs").put("k", 2); }), std::nullopt);
  EXPECT_FALSE(store.collection("mine").get("done"));
  EXPECT_EQ(store.verify().problems, Lines{});
}

TEST_P(LifeAndDeath, AStoppedOneInTheLineIsPassedOver) {
  { open().collection("theirs").put("k", 1); }
  const Sign inside, go_on, waiting;
  ChildProcess holder([&] { return commit_slowly(url(), inside, go_on); });
  ASSERT_TRUE(inside.await());
  ChildProcess waiter([&] {
    Store store = open();
    waiting.give();
    store.collection("waiters").put("k", 1);
    return 0;
  });
  ASSERT_TRUE(waiting.await());
  waiter.stop();  // in the line, or on its way to it
  go_on.give();
  EXPECT_EQ(holder.wait(), 0);
  Store store = open(bounded());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(code_of([&] { store.collection("theirs").put("k", i); }), std::nullopt);
  waiter.resume();
  EXPECT_EQ(waiter.wait(), 0);
  EXPECT_TRUE(store.collection("waiters").get("k"));
  EXPECT_EQ(store.verify().problems, Lines{});
}

TEST_P(LifeAndDeath, AnIdleOneThatHoldsASnapshotOrATransactionBlocksNoWriter) {
  { open().collection("c").put("k", "first"); }
  const Sign held, go_on;
  ChildProcess child([&] {
    Store store = open();
    const Snapshot snapshot = store.snapshot();
    std::string within;
    const auto read = [](Transaction& t) { return std::string(t.collection("c").get("k")->value.as_string()); };
    store.transact([&](Transaction& transaction) {
      within = read(transaction);
      held.give();
      go_on.await();
      if (read(transaction) != within) throw std::runtime_error("the transaction's state changed under it");
    });
    const bool same = within == "first" && snapshot.collection("c").get("k")->value.as_string() == "first";
    return same && store.collection("c").get("k")->value.as_string() == "last" ? 0 : 1;
  });
  ASSERT_TRUE(held.await());
  Store store = open(bounded());
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(code_of([&] { store.collection("c").put("k", std::string(2000, 'x')); }), std::nullopt);
  store.compact();
  store.collection("c").put("k", "last");
  go_on.give();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(store.verify().problems, Lines{});
}

TEST_P(LifeAndDeath, RelaxedCommitsThatWereAcknowledgedSurviveAKill) {
  struct Acknowledged {
    std::uint64_t number;
    std::uint64_t position;
  };
  ReportPipe<Acknowledged> acknowledged;
  ChildProcess child([&] {
    Store store = open({.durability = Durability::relaxed, .commit_timeout = patience});
    for (std::uint64_t i = 1;; ++i) acknowledged.tell({i, store.collection("c").put(std::to_string(i), i).value});
    return 0;
  });
  Acknowledged last{};
  while (last.number < 150) {
    const auto next = acknowledged.hear(patience);
    ASSERT_TRUE(next) << "nothing was committed any more";
    last = *next;
  }
  EXPECT_EQ(child.kill(), -SIGKILL);
  while (const auto more = acknowledged.hear(std::chrono::milliseconds(0))) last = *more;
  Store store = open();
  EXPECT_GE(store.position().value, last.position);
  EXPECT_LE(store.position().value, last.position + 1) << "at most one was on its way";
  for (std::uint64_t i = 1; i <= last.number; ++i) EXPECT_TRUE(store.collection("c").get(std::to_string(i))) << i;
  EXPECT_EQ(store.verify().problems, Lines{});
}

TEST_P(LifeAndDeath, AnotherProcessFinishesTheIndexThatAKilledOneWasBuilding) {
  constexpr int records = 3500;
  {
    Store store = open();
    store.transact([](Transaction& t) {
      for (int i = 0; i < records; ++i) {
        t.collection("c").put("k" + std::to_string(10'000 + i), Value::object({{"n", i % 10}, {"u", i}}));
      }
    });
  }
  const Sign begun;
  ChildProcess child([&] {
    struct Stall : engine::Progress {
      explicit Stall(const Sign& begun) : begun_(begun) {}
      bool advance(std::string_view, std::uint64_t, std::uint64_t) override {
        begun_.give();
        for (;;) ::pause();
      }
      const Sign& begun_;
    } stall(begun);
    open().collection("c").create_index({.name = {}, .fields = {{"n", false}}, .unique = false}, &stall);
    return 0;
  });
  ASSERT_TRUE(begun.await());
  EXPECT_EQ(child.kill(), -SIGKILL);

  Store store = open();
  Collection c = store.collection("c");
  ASSERT_EQ(c.indexes().size(), 1u);
  EXPECT_FALSE(c.indexes().front().ready);
  // Writers meet the half that is built and the half that is not.
  EXPECT_TRUE(c.erase("k10000"));
  EXPECT_TRUE(c.erase("k13499"));
  c.put("k10010", Value::object({{"n", 3}, {"u", 1}}));
  c.put("k13490", Value::object({{"n", 3}, {"u", 2}}));
  c.put("k20000", Value::object({{"n", 3}, {"u", 3}}));
  EXPECT_EQ(c.explain({.where = "n = 3"}).access, "scan");
  const std::uint64_t expected = c.count({.where = "n = 3"});
  EXPECT_EQ(expected, 350u + 3);
  store.compact();
  EXPECT_TRUE(c.indexes().front().ready);
  EXPECT_EQ(c.explain({.where = "n = 3"}).access, "index n");
  EXPECT_EQ(c.count({.where = "n = 3"}), expected);
  EXPECT_EQ(store.verify().problems, Lines{});
}

/// Two processes take turns, each woken by the other's commit.
int take_turns(Store& store, int rounds, bool first) {
  Collection ball = store.collection("ball");
  const auto at = [&] { return ball.get("n")->value.as_int(); };
  for (int round = 0; round < rounds; ++round) {
    const std::int64_t mine = 2 * round + (first ? 0 : 1);
    for (;;) {
      const Position seen = store.position();
      if (at() == mine) break;
      if (at() > mine) return 2;
      if (store.wait_for_commit(seen, patience) == seen) return 3;
    }
    ball.put("n", mine + 1);
  }
  return 0;
}

TEST_P(LifeAndDeath, WaitForCommitIsWokenByOtherProcesses) {
  constexpr int rounds = 100;
  { open().collection("ball").put("n", 0); }
  ChildProcess child([&] {
    Store store = open();
    return take_turns(store, rounds, false);
  });
  Store store = open();
  EXPECT_EQ(take_turns(store, rounds, true), 0);
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(store.collection("ball").get("n")->value.as_int(), 2 * rounds);
}

TEST_P(LifeAndDeath, WaitForCommitFindsCommitsWhoseWakeUpWasLost) {
  constexpr int rounds = 3;
  { open().collection("ball").put("n", 0); }
  ChildProcess child([&] {
    platform::suppress_wake_ups(true);
    Store store = open();
    return take_turns(store, rounds, false);
  });
  Store store = open();
  EXPECT_EQ(take_turns(store, rounds, true), 0);
  EXPECT_EQ(child.wait(), 0);
}

TEST_P(LifeAndDeath, WaitForCommitReturnsAtItsTimeout) {
  Store store = open();
  const Position before = store.position();
  EXPECT_EQ(store.wait_for_commit(before, std::chrono::milliseconds(20)), before);
  store.collection("c").put("k", 1);
  EXPECT_GT(store.wait_for_commit(before, patience), before);
}

TEST_P(LifeAndDeath, ProcessesThatOpenAtOnceMakeOneStore) {
  constexpr int processes = 12;
  for (int round = 0; round < 3; ++round) {
    std::vector<ChildProcess> children;
    for (int i = 0; i < processes; ++i) {
      children.emplace_back([&, i] {
        open().collection("c").put("k" + std::to_string(i), i);
        return 0;
      });
    }
    for (ChildProcess& child : children) EXPECT_EQ(child.wait(), 0);
    {
      Store store = open();
      EXPECT_EQ(store.collection("c").count(), static_cast<std::uint64_t>(processes));
      EXPECT_EQ(store.position().value, static_cast<std::uint64_t>(processes));
      EXPECT_EQ(store.verify().problems, Lines{});
    }
    site_.remove();
  }
}

TEST_P(LifeAndDeath, OneThatIsKilledWhileItMakesTheStoreIsFollowedByAnother) {
  for (int round = 0; round < 10; ++round) {
    const Sign begun;
    ChildProcess child([&] {
      begun.give();
      for (int i = 0;; ++i) open().collection("c").put("k" + std::to_string(i), i);
      return 0;
    });
    ASSERT_TRUE(begun.await());
    if (round % 2 == 1) {
      while (!site_.begun()) std::this_thread::yield();
    }
    EXPECT_EQ(child.kill(), -SIGKILL);
    {
      Store store = open(bounded());
      EXPECT_EQ(code_of([&] { store.collection("d").put("k", 1); }), std::nullopt);
      EXPECT_EQ(store.verify().problems, Lines{});
    }
    site_.remove();
  }
}

STRATA_SHARED_ENGINES(LifeAndDeath);

}  // namespace
}  // namespace strata
