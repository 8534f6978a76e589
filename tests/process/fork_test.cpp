// A child of fork() and the store that its parent had open.
#include <memory>
#include <utility>

#include "tests/built_engines.hpp"
#include "tests/process/shared_store.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

using platform::ChildProcess;

class Fork : public SharedStore {
 protected:
  /// With everything started that a store may start.
  static void warm_up(Store& store) {
    store.collection("c").put("k", 1);
    store.commit_async([](Transaction& t) { t.collection("c").put("async", 1); }).get();
  }
};

/// How many of the calls did not give `closed`.
int calls_that_pass(Store& store, const Snapshot& snapshot) {
  int passed = 0;
  const auto expect_closed = [&](const char* name, auto act) {
    const auto code = code_of(act);
    if (code == ErrorCode::closed) return;
    std::fprintf(stderr, "in the child %s gave %s\n", name, code ? std::string(to_string(*code)).c_str() : "an answer");
    ++passed;
  };
  expect_closed("get", [&] { store.collection("c").get("k"); });
  expect_closed("find", [&] { store.collection("c").find(); });
  expect_closed("put", [&] { store.collection("c").put("k", 2); });
  expect_closed("erase", [&] { store.collection("c").erase("k"); });
  expect_closed("create_index", [&] {
    store.collection("c").create_index({.name = {}, .fields = {{"n", false}}, .unique = false});
  });
  expect_closed("collections", [&] { store.collections(); });
  expect_closed("snapshot", [&] { store.snapshot(); });
  expect_closed("transact", [&] { store.transact([](Transaction& t) { t.collection("c").put("k", 2); }); });
  expect_closed("commit_async",
                [&] { store.commit_async([](Transaction& t) { t.collection("c").put("k", 2); }).get(); });
  expect_closed("outcome", [&] { store.outcome(Uuid{}); });
  expect_closed("log", [&] { store.log(Position{}); });
  expect_closed("position", [&] { store.position(); });
  expect_closed("wait_for_commit", [&] { store.wait_for_commit(Position{}, std::chrono::milliseconds(1)); });
  expect_closed("describe", [&] { store.describe(); });
  expect_closed("statistics", [&] { store.statistics(); });
  expect_closed("verify", [&] { store.verify(); });
  expect_closed("compact", [&] { store.compact(); });
  expect_closed("dump", [&] { dump(store, [](std::string_view) {}); });
  expect_closed("a snapshot's get", [&] { snapshot.collection("c").get("k"); });
  expect_closed("a snapshot's find", [&] { snapshot.collection("c").find(); });
  return passed;
}

TEST_P(Fork, InTheChildEveryCallGivesClosedAndTheParentGoesOn) {
  Store store = open();
  warm_up(store);
  const Snapshot snapshot = store.snapshot();
  ChildProcess child([&] { return calls_that_pass(store, snapshot); });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(snapshot.collection("c").get("k")->value.as_int(), 1);
  store.collection("c").put("k", 3);
  EXPECT_EQ(snapshot.collection("c").get("k")->value.as_int(), 1);
  EXPECT_EQ(store.collection("c").get("k")->value.as_int(), 3);
  EXPECT_EQ(store.verify().problems, Lines{});
}

TEST_P(Fork, AChildThatLetsGoOfWhatItInheritedDisturbsNothing) {
  auto store = std::make_unique<Store>(open());
  warm_up(*store);
  auto snapshot = std::make_unique<Snapshot>(store->snapshot());
  for (const bool by_close : {false, true}) {
    ChildProcess child([&] {
      snapshot.reset();
      if (by_close) {
        const auto code = code_of([&] { store->close(); });
        if (code && *code != ErrorCode::closed) return 1;
      }
      store.reset();
      return 0;
    });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(snapshot->collection("c").get("k")->value.as_int(), 1);
    store->collection("c").put("other", by_close);
  }
  EXPECT_EQ(store->collection("c").count(), 3u);
  EXPECT_EQ(store->verify().problems, Lines{});
}

TEST_P(Fork, InsideATransactionTheChildCannotCommitForItsParent) {
  Store store = open();
  warm_up(store);
  store.transact([&](Transaction& transaction) {
    transaction.collection("c").put("k", 5);
    ChildProcess child([&] {
      const auto within = code_of([&] { transaction.collection("c").get("k"); });
      return within == ErrorCode::closed ? 0 : 1;
    });
    EXPECT_EQ(child.wait(), 0);
  });
  EXPECT_EQ(store.collection("c").get("k")->value.as_int(), 5);
}

class ForkOfShared : public Fork {};

TEST_P(ForkOfShared, AChildMayOpenTheStoreForItself) {
  Store store = open();
  warm_up(store);
  ChildProcess child([&] {
    Store own = open();
    own.collection("c").put("child", 1);
    own.close();
    return 0;
  });
  for (int i = 0; i < 20; ++i) store.collection("c").put("parent", i);
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(store.collection("c").get("child"));
  EXPECT_EQ(store.verify().problems, Lines{});
}

TEST_P(ForkOfShared, AChildThatLivesOnHoldsNoLockOfItsDeadParent) {
  const platform::Sign forked, done;
  ChildProcess parent([&] {
    inside_the_write_section(url(), [&](Transaction&) {
      ChildProcess child([&] {
        forked.give();
        return done.await() ? 0 : 1;
      });
      for (;;) ::pause();
    });
    return 0;
  });
  ASSERT_TRUE(forked.await());
  EXPECT_EQ(parent.kill(), -SIGKILL);
  Store store = open({.commit_timeout = leniently(std::chrono::seconds(2))});
  EXPECT_EQ(code_of([&] { store.collection("c").put("k", 2); }), std::nullopt);
  EXPECT_EQ(store.verify().problems, Lines{});
  done.give();
}

INSTANTIATE_TEST_SUITE_P(Engines, Fork, testing::ValuesIn(with_remote(built_engines())), engine_name);
STRATA_SHARED_ENGINES(ForkOfShared);

}  // namespace
}  // namespace strata
