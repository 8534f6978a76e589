// The checking wrapper itself: it must catch each broken rule.
#include "tests/contract/checked_engine.hpp"

#include <gtest/gtest-spi.h>

#include <stdexcept>
#include <thread>

#include "tests/contract/contract_fixture.hpp"
#include "tests/contract/expiring_views.hpp"

namespace strata::engine {
namespace {

/// Statics, because gtest runs the statement that it watches in a function of its own.
std::unique_ptr<Engine> open_memory_with_rows() {
  schemes_under_test();
  auto engine = make_checked(open_engine("memory", {}));
  write(*engine, {{"a", "1"}, {"b", "2"}});
  return engine;
}

template <typename Act>
void try_to(Act act) {
  try {
    act();
  } catch (const std::logic_error&) {
    return;  // the failure that was reported beside it is what the test expects
  }
}

Bytes poisoned(std::size_t size) { return Bytes(size, ExpiringViews::poison); }

TEST(CheckedEngine, PoisonsAViewAtTheNextCallOnItsReader) {
  const auto engine = open_memory_with_rows();
  const auto snapshot = engine->snapshot();
  const bytes_view view = *snapshot->get({records, "a"});
  EXPECT_EQ(view, "1");
  snapshot->get({records, "b"});
  EXPECT_EQ(view, poisoned(1));
}

TEST(CheckedEngine, PoisonsTheViewsOfACursorWhenItMoves) {
  const auto engine = open_memory_with_rows();
  const auto snapshot = engine->snapshot();
  const auto cursor = snapshot->scan({records, {}, {}}, {});
  ASSERT_TRUE(cursor->next());
  const bytes_view key = cursor->key();
  const bytes_view value = cursor->value();
  ASSERT_TRUE(cursor->next());
  EXPECT_EQ(key, poisoned(1));
  EXPECT_EQ(value, poisoned(1));
}

TEST(CheckedEngine, PoisonsAllViewsOfATransactionAtAWrite) {
  const auto engine = open_memory_with_rows();
  const auto transaction = engine->begin_write(patient());
  const bytes_view view = *transaction->get({records, "a"});
  transaction->put({records, "c"}, "3");
  EXPECT_EQ(view, poisoned(1));
}

TEST(CheckedEngine, CatchesAWriteWhoseArgumentItEnds) {
  static std::unique_ptr<Engine> engine;
  engine = open_memory_with_rows();
  EXPECT_NONFATAL_FAILURE(try_to([] {
                            const auto transaction = engine->begin_write(patient());
                            transaction->put({records, "c"}, *transaction->get({records, "a"}));
                          }),
                          "a view that put() ends");
  engine.reset();
}

TEST(CheckedEngine, CatchesACursorUsedAfterAWrite) {
  static std::unique_ptr<Engine> engine;
  engine = open_memory_with_rows();
  EXPECT_NONFATAL_FAILURE(try_to([] {
                            const auto transaction = engine->begin_write(patient());
                            const auto cursor = transaction->scan({records, {}, {}}, {});
                            transaction->erase({records, "a"});
                            cursor->next();
                          }),
                          "after a write");
  engine.reset();
}

TEST(CheckedEngine, CatchesACursorReadOffItsRows) {
  static std::unique_ptr<Engine> engine;
  engine = open_memory_with_rows();
  EXPECT_NONFATAL_FAILURE(try_to([] {
                            const auto snapshot = engine->snapshot();
                            snapshot->scan({records, {}, {}}, {})->key();
                          }),
                          "stands on no row");
  engine.reset();
}

TEST(CheckedEngine, CatchesASinkThatCallsItsReader) {
  static std::unique_ptr<Engine> engine;
  engine = open_memory_with_rows();
  EXPECT_NONFATAL_FAILURE(
      try_to([] {
        const auto snapshot = engine->snapshot();
        const Key key{records, "a"};
        snapshot->get_many({&key, 1}, [&](std::size_t, std::optional<bytes_view>) { snapshot->get(key); });
      }),
      "a sink called its reader");
  engine.reset();
}

TEST(CheckedEngine, CatchesUseAfterCommit) {
  static std::unique_ptr<Engine> engine;
  engine = open_memory_with_rows();
  EXPECT_NONFATAL_FAILURE(try_to([] {
                            const auto transaction = engine->begin_write(patient());
                            transaction->commit(Durability::relaxed);
                            transaction->get({records, "a"});
                          }),
                          "after its end");
  engine.reset();
}

TEST(CheckedEngine, CatchesASecondWriteTransactionOfAThread) {
  static std::unique_ptr<Engine> engine;
  engine = open_memory_with_rows();
  EXPECT_NONFATAL_FAILURE(try_to([] {
                            const auto transaction = engine->begin_write(patient());
                            engine->begin_write(patient());
                          }),
                          "holds a write transaction");
  engine.reset();
}

TEST(CheckedEngine, CatchesACommitInAnotherThread) {
  static std::unique_ptr<Engine> engine;
  engine = open_memory_with_rows();
  EXPECT_NONFATAL_FAILURE_ON_ALL_THREADS(
      {
        const auto transaction = engine->begin_write(patient());
        std::thread([&] { try_to([&] { transaction->commit(Durability::relaxed); }); }).join();
      },
      "another thread");
  engine.reset();
}

TEST(CheckedEngine, CatchesAReaderThatOutlivesItsEngine) {
  static std::unique_ptr<Engine> engine;
  engine = open_memory_with_rows();
  // Never destroyed, for the engine behind the wrapper is gone by then.
  [[maybe_unused]] static const Snapshot* volatile kept = nullptr;
  kept = engine->snapshot().release();
  EXPECT_NONFATAL_FAILURE(engine.reset(), "outlived its engine");
}

}  // namespace
}  // namespace strata::engine
