// The processes of a machine commit for one another on a server; whoever has the turn, and does not use it, holds
// nobody up for long.
#include <gtest/gtest.h>

#include <thread>

#include "codec/head.hpp"
#include "commit/slots.hpp"
#include "commit/trunk.hpp"
#include "platform/child_process.hpp"
#include "platform/file.hpp"
#include "platform/lock.hpp"
#include "platform/random.hpp"
#include "store/place.hpp"
#include "store/url.hpp"
#include "strata/strata.hpp"
#include "tests/postgres/shared_server.hpp"

namespace strata {
namespace {

using outside::PostgresStore;

class PostgresTurns : public testing::Test {
 protected:
  void SetUp() override {
    store_.collection("notes").put("first", 1);
    const store::Opened opened = store::open_place(store::parse_url(place_.url()), {});
    store_id_ = commit::Trunk::read_head(*opened.engine)->store_id;
    for (const auto& name : platform::list_directory(cache())) {
      if (name.starts_with("run-")) run_ = platform::join(cache(), name);
    }
    ASSERT_FALSE(run_.empty()) << "the store shares nothing below " << cache();
  }
  std::string cache() const {
    return platform::join(platform::join(platform::cache_directory(), "strata"), store_id_.to_string());
  }
  std::string file(const char* name) const { return platform::join(run_, name); }

  const PostgresStore place_;
  Store store_ = Store::open(place_.url());
  Uuid store_id_;
  std::string run_;
};

TEST_F(PostgresTurns, OneThatNeverEndsHoldsNobodyUp) {
  platform::FileLock turn(file("turn"), 1);
  ASSERT_TRUE(turn.try_acquire(platform::FileLock::Kind::exclusive));
  for (int n = 0; n < 3; ++n) store_.collection("notes").put("second", n);
  EXPECT_EQ(store_.position(), Position{4});
  EXPECT_EQ(store_.verify().problems, std::vector<std::string>{});
}

TEST_F(PostgresTurns, WhatWasTakenUpByOneThatStandsStillIsCommittedOnceByItsOwner) {
  platform::FileLock turn(file("turn"), 1);
  ASSERT_TRUE(turn.try_acquire(platform::FileLock::Kind::exclusive));
  const auto slots = commit::Slots::open(file("slots"), codec::Head{}.epoch);
  ASSERT_TRUE(slots);
  std::vector<commit::Slots::Foreign> claimed;
  std::thread owner([&] { store_.collection("notes").put("second", 2); });
  while (claimed.empty()) {
    claimed = slots->claim(1 << 20);
    std::this_thread::yield();
  }
  owner.join();
  EXPECT_TRUE(slots->waiting(claimed).empty());
  slots->answer(claimed);
  EXPECT_EQ(store_.position(), Position{2});
  EXPECT_EQ(store_.collection("notes").get("second")->value.as_int(), 2);
  EXPECT_EQ(store_.verify().problems, std::vector<std::string>{});
}

TEST_F(PostgresTurns, WhatWasTakenBackAndRefusedIsNotCommittedByTheOtherLater) {
  store_.collection("notes").create_index({.name = "name", .fields = {{"name", false}}, .unique = true});
  store_.collection("notes").put("named", Value::object({{"name", Value("a")}}));
  const store::Opened opened = store::open_place(store::parse_url(place_.url()), {});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  opened.engine->begin_write(deadline)->commit(engine::Durability::sync);
  const auto on_its_way = opened.engine->begin_from_memory(opened.engine->memory(), deadline);
  ASSERT_TRUE(on_its_way);
  const Bytes head(on_its_way->get(engine::head_key).value_or(bytes_view()));
  on_its_way->put(engine::head_key, head);

  platform::FileLock turn(file("turn"), 1);
  ASSERT_TRUE(turn.try_acquire(platform::FileLock::Kind::exclusive));
  const auto slots = commit::Slots::open(file("slots"), codec::Head{}.epoch);
  std::optional<ErrorCode> code;
  std::thread owner([&] {
    try {
      store_.collection("notes").put("namesake", Value::object({{"name", Value("a")}}));
    } catch (const Error& error) {
      code = error.code();
    }
  });
  while (slots->claim(1 << 20).empty()) std::this_thread::yield();
  owner.join();
  EXPECT_EQ(code, ErrorCode::already_exists);
  EXPECT_THROW(on_its_way->commit(engine::Durability::sync), engine::StaleMemory);
}

TEST_F(PostgresTurns, WhatCouldNotBeTakenBackInTimeIsNotTakenForCommitted) {
  const store::Opened opened = store::open_place(store::parse_url(place_.url()), {});
  platform::FileLock turn(file("turn"), 1);
  ASSERT_TRUE(turn.try_acquire(platform::FileLock::Kind::exclusive));
  const auto slots = commit::Slots::open(file("slots"), codec::Head{}.epoch);
  const auto writer = opened.engine->begin_write(std::chrono::steady_clock::now() + std::chrono::seconds(30));
  std::optional<ErrorCode> code;
  std::thread owner([&] {
    try {
      store_.transact([](Transaction& transaction) { transaction.collection("notes").put("second", 2); },
                      {.timeout = std::chrono::milliseconds(900)});
    } catch (const Error& error) {
      code = error.code();
    }
  });
  while (slots->claim(1 << 20).empty()) std::this_thread::yield();
  owner.join();
  EXPECT_EQ(code, ErrorCode::commit_unknown);
  EXPECT_EQ(store_.position(), Position{1});
}

TEST_F(PostgresTurns, ProcessesCommitForOneAnother) {
  platform::FileLock turn(file("turn"), 1);
  ASSERT_TRUE(turn.try_acquire(platform::FileLock::Kind::exclusive));
  platform::ChildProcess other([url = place_.url()] {
    Store::open(url).collection("notes").put("theirs", 2);
    return 0;
  });
  // It has left its transaction; this process has the turn next, and takes it along.
  const auto slots = commit::Slots::open(file("slots"), codec::Head{}.epoch);
  std::vector<commit::Slots::Foreign> left;
  while ((left = slots->claim(1 << 20)).empty()) std::this_thread::yield();
  slots->give_back(left);
  turn.release();
  store_.collection("notes").put("ours", 3);
  EXPECT_EQ(other.wait(), 0);
  EXPECT_EQ(store_.position(), Position{3});
  EXPECT_TRUE(store_.collection("notes").get("theirs"));
}

/// Those of another URL share nothing with these, as if they sat on another machine.
TEST_F(PostgresTurns, TwoMachinesThatWriteInTurnRefuteEachOthersMemoriesAndLoseNothing) {
  constexpr int rounds = 60;
  Store far = Store::open(place_.url() + "&application_name=far");
  const auto count_up = [&](Store& store, const std::string& own) {
    for (int n = 0; n < rounds; ++n) {
      store.collection("notes").put(own + std::to_string(n), n);
      store.transact([](Transaction& transaction) {
        Collection notes = transaction.collection("notes");
        notes.put("first", notes.get("first")->value.as_int() + 1);
      });
    }
  };
  std::vector<std::thread> writers;
  for (const std::string own : {"a", "b", "c", "d"})
    writers.emplace_back([&, own] { count_up(own < "c" ? store_ : far, own); });
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(store_.collection("notes").get("first")->value.as_int(), 1 + 4 * rounds);
  EXPECT_EQ(store_.collection("notes").count(), 1u + 4 * rounds);
  EXPECT_EQ(store_.position().value, 1u + 8 * rounds);
  EXPECT_EQ(store_.verify().problems, std::vector<std::string>{});
}

TEST_F(PostgresTurns, AnOutcomeThatIsNoStaysNoForWhatIsStillOnItsWay) {
  const store::Opened opened = store::open_place(store::parse_url(place_.url()), {});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  opened.engine->begin_write(deadline)->commit(engine::Durability::sync);
  const auto on_its_way = opened.engine->begin_from_memory(opened.engine->memory(), deadline);
  ASSERT_TRUE(on_its_way);
  const auto head = on_its_way->get(engine::head_key);
  ASSERT_TRUE(head);
  on_its_way->put(engine::head_key, Bytes(*head));

  EXPECT_FALSE(store_.outcome(platform::make_uuid()));
  EXPECT_THROW(on_its_way->commit(engine::Durability::sync), engine::StaleMemory);
  store_.collection("notes").put("second", 2);
  EXPECT_EQ(store_.position(), Position{2});
}

}  // namespace
}  // namespace strata
