// Opening, closing, reopening; what an engine says of itself; wake-ups.
#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/contract/checked_engine.hpp"
#include "tests/contract/contract_fixture.hpp"

namespace strata::engine {
namespace {

class Lifecycle : public EngineFixture {};
class PersistentLifecycle : public EngineFixture {};
class SharedLifecycle : public EngineFixture {};

/// Counts the steps of a job, and stops it when told to.
class CountedProgress : public Progress {
 public:
  bool advance(std::string_view, std::uint64_t done, std::uint64_t total) override {
    EXPECT_LE(done, total);
    ++steps;
    return !stop;
  }
  int steps = 0;
  bool stop = false;
};

TEST_P(Lifecycle, CapabilitiesNameTheEngineAndItsVersion) {
  EXPECT_EQ(engine_->capabilities().name, GetParam());
  EXPECT_FALSE(engine_->capabilities().version.empty());
}

TEST_P(Lifecycle, CapabilitiesAreThoseByWhichSuitesChooseEngines) {
  const auto is_among = [](const std::vector<std::string>& schemes) {
    return std::find(schemes.begin(), schemes.end(), GetParam()) != schemes.end();
  };
  const Capabilities& capabilities = engine_->capabilities();
  EXPECT_EQ(capabilities.many_processes, is_among(shared_schemes()));
  EXPECT_EQ(capabilities.persistent, is_among(persistent_schemes()));
  EXPECT_EQ(capabilities.persistent && !capabilities.remote, is_among(schemes_with_files()));
}

TEST_P(Lifecycle, AnUnknownParameterIsRefused) {
  const EngineSite site(GetParam());
  OpenRequest request = site.request();
  request.parameters = {{"no_such_parameter", "1"}};
  EXPECT_EQ(code_of([&] { open_engine(GetParam(), request); }), ErrorCode::invalid_argument);
}

TEST_P(Lifecycle, AnEngineOpenForReadingAloneRefusesToWrite) {
  write(*engine_, {{"a", "1"}});
  engine_.reset();
  OpenRequest request = site_.request();
  request.read_only = true;
  const auto reading = make_checked(open_engine(GetParam(), request));
  EXPECT_EQ(code_of([&] { reading->begin_write(patient()); }), ErrorCode::unsupported);
  const auto snapshot = reading->snapshot();
  EXPECT_EQ(read_all(*snapshot, {records, {}, {}}).size(), reading->capabilities().persistent ? 1u : 0u);
}

TEST_P(Lifecycle, UpkeepChangesNoState) {
  for (int i = 0; i < 200; ++i) write(*engine_, {{std::to_string(i % 20), Bytes(1000, 'v')}});
  const auto held = engine_->snapshot();
  const Rows before = read_all(*held, {records, {}, {}});
  write(*engine_, {{"after", "the snapshot"}});
  CountedProgress progress;
  for (int i = 0; i < 3; ++i) engine_->maintain();
  engine_->compact(progress);
  EXPECT_EQ(read_all(*held, {records, {}, {}}), before);
  EXPECT_EQ(read_all(*engine_->snapshot(), {records, {}, {}}).size(), before.size() + 1);
  EXPECT_EQ(read(*engine_->snapshot(), "after"), "the snapshot");
}

TEST_P(Lifecycle, CompactionMayBeStopped) {
  for (int i = 0; i < 50; ++i) write(*engine_, {{std::to_string(i), Bytes(1000, 'v')}});
  CountedProgress progress;
  progress.stop = true;
  engine_->compact(progress);
  EXPECT_LE(progress.steps, 1);
  EXPECT_EQ(read_all(*engine_->snapshot(), {records, {}, {}}).size(), 50u);
}

TEST_P(Lifecycle, StatisticsTellOfFilesAndReaders) {
  write(*engine_, {{"a", Bytes(100'000, 'v')}});
  const auto snapshot = engine_->snapshot();
  EXPECT_EQ(read(*snapshot, "a"), Bytes(100'000, 'v'));
  const EngineStatistics statistics = engine_->statistics();
  EXPECT_TRUE(!persistent() || statistics.file_bytes >= 1000);
  EXPECT_TRUE(statistics.live_bytes == 0 || statistics.live_bytes >= 1000);
  EXPECT_TRUE(statistics.readers != 0 || statistics.oldest_reader_lag == 0);
}

TEST_P(Lifecycle, TheWakeWordChangesAtANotification) {
  Wake& wake = engine_->wake();
  const std::uint32_t before = wake.current();
  EXPECT_EQ(wake.current(), before);
  wake.notify();
  EXPECT_NE(wake.current(), before);
  EXPECT_NE(wake.wait(before, patient()), before);
}

TEST_P(Lifecycle, AWaitEndsAtItsDeadline) {
  Wake& wake = engine_->wake();
  const std::uint32_t seen = wake.current();
  const Deadline deadline = impatient();
  while (std::chrono::steady_clock::now() < deadline) EXPECT_EQ(wake.wait(seen, deadline), seen);
}

TEST_P(Lifecycle, ANotificationWakesAllWaiters) {
  Wake& wake = engine_->wake();
  const std::uint32_t seen = wake.current();
  std::vector<std::thread> waiters;
  std::atomic<int> woken{0};
  for (int i = 0; i < 3; ++i) {
    waiters.emplace_back([&] {
      const Deadline deadline = patient();
      while (wake.wait(seen, deadline) == seen && std::chrono::steady_clock::now() < deadline) continue;
      if (wake.current() != seen) ++woken;
    });
  }
  wake.notify();
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(woken, 3);
}

TEST_P(PersistentLifecycle, CommitsOutliveTheHandleAndAbandonedWritesDoNot) {
  write(*engine_, {{"synced", "1"}}, Durability::sync);
  write(*engine_, {{"relaxed", "2"}}, Durability::relaxed);
  {
    const auto transaction = engine_->begin_write(patient());
    transaction->put({records, "abandoned"}, "3");
  }
  reopen();
  EXPECT_EQ(read_all(*engine_->snapshot(), {records, {}, {}}), (Rows{{"relaxed", "2"}, {"synced", "1"}}));
}

TEST_P(PersistentLifecycle, ReadingAloneDoesNotMakeAStore) {
  const EngineSite empty(GetParam());
  OpenRequest request = empty.request();
  request.read_only = true;
  EXPECT_NE(code_of([&] { open_engine(GetParam(), request); }), std::nullopt);
}

TEST_P(PersistentLifecycle, AnEngineClosesAndOpensManyTimes) {
  for (int i = 0; i < 20; ++i) {
    write(*engine_, {{std::to_string(i), "x"}});
    reopen();
  }
  EXPECT_EQ(read_all(*engine_->snapshot(), {records, {}, {}}).size(), 20u);
}

TEST_P(SharedLifecycle, TwoHandlesInOneProcessAreOneStore) {
  const auto other = site_.open();
  write(*engine_, {{"a", "1"}});
  EXPECT_EQ(read(*other->snapshot(), "a"), "1");
  write(*other, {{"a", "2"}});
  EXPECT_EQ(read(*engine_->snapshot(), "a"), "2");

  const auto transaction = engine_->begin_write(patient());
  std::optional<ErrorCode> refusal;
  std::thread([&] { refusal = code_of([&] { other->begin_write(impatient()); }); }).join();
  EXPECT_EQ(refusal, ErrorCode::busy);
}

TEST_P(SharedLifecycle, OneHandleMayCloseWhileTheOtherReads) {
  write(*engine_, {{"a", "1"}});
  auto other = site_.open();
  const auto snapshot = engine_->snapshot();
  write(*other, {{"a", "2"}});
  other.reset();
  for (int i = 0; i < 30; ++i) write(*engine_, {{"a", Bytes(2000, 'x')}});
  EXPECT_EQ(read(*snapshot, "a"), "1");
}

TEST_P(SharedLifecycle, AHandleForReadingAndOneForWritingShareAProcess) {
  write(*engine_, {{"a", "1"}});
  OpenRequest request = site_.request();
  request.read_only = true;
  const auto reading = make_checked(open_engine(GetParam(), request));
  EXPECT_EQ(code_of([&] { reading->begin_write(patient()); }), ErrorCode::unsupported);
  write(*engine_, {{"a", "2"}});
  EXPECT_EQ(read(*reading->snapshot(), "a"), "2");
}

INSTANTIATE_TEST_SUITE_P(Engines, Lifecycle, testing::ValuesIn(schemes_under_test()), scheme_name);
INSTANTIATE_TEST_SUITE_P(Engines, PersistentLifecycle, testing::ValuesIn(persistent_schemes()), scheme_name);
INSTANTIATE_TEST_SUITE_P(Engines, SharedLifecycle, testing::ValuesIn(shared_schemes()), scheme_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PersistentLifecycle);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SharedLifecycle);

}  // namespace
}  // namespace strata::engine
