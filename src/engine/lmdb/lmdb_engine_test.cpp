// What lmdb: must honour beyond the contract that all engines share.
#include "engine/lmdb/lmdb_engine.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "platform/file.hpp"
#include "platform/process.hpp"
#include "strata/error.hpp"
#include "tests/contract/child_process.hpp"
#include "tests/contract/contract_fixture.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STRATA_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STRATA_SANITIZED 1
#endif
#endif

namespace strata::engine {
namespace {

using Parameters = std::map<std::string, std::string>;

class LmdbEngineTest : public testing::Test {
 protected:
  LmdbEngineTest() { schemes_under_test(); }

  OpenRequest request(Parameters parameters = {}) const {
    OpenRequest request = site_.request();
    request.parameters = std::move(parameters);
    return request;
  }
  std::unique_ptr<Engine> open(Parameters parameters = {}) const { return open_engine("lmdb", request(parameters)); }

  /// Runs `act` in a forked child; true when it returned true there.
  template <typename Act>
  static bool in_fork(Act act) {
    return run_in_fork([](void* context) { return (*static_cast<Act*>(context))(); }, &act) == 0;
  }

  static std::uint64_t map_bytes(Engine& engine) { return std::stoull(engine.statistics().details.at("map bytes")); }

  EngineSite site_{"lmdb"};
};

std::map<Bytes, Bytes> many_rows(std::size_t count, std::size_t value_bytes) {
  std::map<Bytes, Bytes> rows;
  for (std::size_t i = 0; i < count; ++i) rows.emplace(std::to_string(1'000'000 + i), Bytes(value_bytes, 'v'));
  return rows;
}

TEST_F(LmdbEngineTest, ReservesOneTebibyteOfAddresses) { EXPECT_EQ(map_bytes(*open()), std::uint64_t{1} << 40); }

TEST_F(LmdbEngineTest, ReservesLessWhereAddressSpaceIsLimited) {
#ifdef STRATA_SANITIZED
  GTEST_SKIP() << "sanitizers need unlimited address space";
#endif
  EXPECT_TRUE(in_fork([&] {
    const rlimit limit{std::uint64_t{4} << 30, std::uint64_t{4} << 30};
    if (::setrlimit(RLIMIT_AS, &limit) != 0) return false;
    const auto engine = open();
    write(*engine, {{"a", "1"}});
    const std::uint64_t reserved = map_bytes(*engine);
    return read(*engine->snapshot(), "a") == "1" && reserved >= (64u << 20) && reserved <= limit.rlim_cur / 2;
  }));
}

TEST_F(LmdbEngineTest, AFullMapIsALimitAndHarmsNothing) {
  const auto engine = open({{"map_bytes", "1M"}});
  write(*engine, {{"a", "1"}});
  EXPECT_EQ(code_of([&] { write(*engine, many_rows(300, 10'000)); }), ErrorCode::limit_exceeded);
  EXPECT_EQ(read_all(*engine->snapshot(), {records, {}, {}}), (Rows{{"a", "1"}}));
  write(*engine, {{"b", "2"}});
  EXPECT_EQ(read(*engine->snapshot(), "b"), "2");
}

TEST_F(LmdbEngineTest, ATransactionWithAFailedWriteCannotCommit) {
  const auto engine = open({{"map_bytes", "1M"}});
  const auto transaction = engine->begin_write(patient());
  EXPECT_EQ(code_of([&] {
              for (const auto& [key, value] : many_rows(300, 10'000)) transaction->put({records, key}, value);
            }),
            ErrorCode::limit_exceeded);
  EXPECT_EQ(code_of([&] { transaction->commit(Durability::sync); }), ErrorCode::limit_exceeded);
  EXPECT_EQ(read_all(*engine->snapshot(), {records, {}, {}}), Rows());
}

TEST_F(LmdbEngineTest, AMapThatAnotherProcessOutgrewIsRenewedWhenNoTransactionLives) {
  const auto engine = open({{"map_bytes", "1M"}});
  write(*engine, {{"a", "1"}});
  auto held = engine->snapshot();
  EXPECT_TRUE(in_fork([&] {
    write(*open(), many_rows(500, 10'000));
    return true;
  }));
  EXPECT_EQ(code_of([&] { engine->snapshot(); }), ErrorCode::busy);
  EXPECT_EQ(code_of([&] { engine->begin_write(patient()); }), ErrorCode::busy);
  EXPECT_EQ(read_all(*held, {records, {}, {}}), (Rows{{"a", "1"}}));
  held.reset();
  EXPECT_EQ(read_all(*engine->snapshot(), {records, "1", "2"}).size(), 500u);
  EXPECT_EQ(read(*engine->begin_write(patient()), "a"), "1");
}

TEST_F(LmdbEngineTest, RefusesAnotherPidNamespaceWhileItIsInUse) {
  const auto open_in_another_namespace = [&](std::optional<ErrorCode> expected) {
    return in_fork([&, expected] {
      if (::unshare(CLONE_NEWPID) != 0) return false;
      return in_fork([&, expected] { return code_of([&] { open(); }) == expected; });
    });
  };
  if (!in_fork([] { return ::unshare(CLONE_NEWPID) == 0; })) GTEST_SKIP() << "no right to make a pid namespace";
  auto engine = open();
  EXPECT_TRUE(open_in_another_namespace(ErrorCode::unsupported));
  engine.reset();
  EXPECT_TRUE(open_in_another_namespace(std::nullopt)) << "a namespace that is gone still counts";
  EXPECT_NO_THROW(open());
}

TEST_F(LmdbEngineTest, RefusesASecondCopyOfTheLibraryInOneProcess) {
  void* copy = ::dlopen(STRATA_SECOND_COPY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(copy, nullptr) << ::dlerror();
  using Open = const char* (*)(const char*, const char*);
  const auto open_through_copy = reinterpret_cast<Open>(::dlsym(copy, "open_through_second_copy"));
  ASSERT_NE(open_through_copy, nullptr);
  const OpenRequest place = request();
  auto engine = open();
  write(*engine, {{"a", "1"}});
  const std::string refusal = open_through_copy(place.directory.c_str(), place.store_directory.c_str());
  EXPECT_NE(refusal.find("another copy"), std::string::npos) << refusal;
  engine.reset();
  EXPECT_STREQ(open_through_copy(place.directory.c_str(), place.store_directory.c_str()), "");
}

TEST_F(LmdbEngineTest, OneDirectoryUnderTwoNamesIsOneEnvironment) {
  const ScratchDirectory elsewhere;
  OpenRequest linked = request();
  linked.directory = platform::join(elsewhere.path(), "link");
  std::filesystem::create_symlink(request().directory, linked.directory);
  const auto engine = open();
  const auto other = open_engine("lmdb", linked);
  const auto snapshot = engine->snapshot();
  write(*other, {{"a", "1"}});
  EXPECT_EQ(read(*engine->snapshot(), "a"), "1");
}

TEST_F(LmdbEngineTest, ADirectoryMadeAnewIsNotTheOneStillOpen) {
  const auto engine = open();
  write(*engine, {{"a", "old"}});
  platform::remove_tree(request().directory);
  const auto fresh = open();
  EXPECT_EQ(read(*fresh->snapshot(), "a"), std::nullopt);
  EXPECT_EQ(read(*engine->snapshot(), "a"), "old");
}

TEST_F(LmdbEngineTest, AForkedChildMayOpenTheStoreAnew) {
  const auto engine = open();
  write(*engine, {{"parent", "1"}});
  const auto snapshot = engine->snapshot();
  EXPECT_TRUE(in_fork([&] {
    const auto anew = open();
    write(*anew, {{"child", "1"}});
    return read(*anew->snapshot(), "parent") == "1";
  }));
  EXPECT_EQ(read(*engine->snapshot(), "child"), "1");
  EXPECT_EQ(read(*snapshot, "child"), std::nullopt);
  write(*engine, {{"parent", "2"}});
}

TEST_F(LmdbEngineTest, AFailureIsSharedByAllHandlesUntilTheLastIsClosed) {
  EXPECT_TRUE(in_fork([&] {
    auto engine = open();
    auto other = open();
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t before = std::exchange(limit.rlim_cur, 256 * 1024);
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const bool failed = code_of([&] { write(*engine, many_rows(100, 10'000)); }) == ErrorCode::io;
    limit.rlim_cur = before;
    ::setrlimit(RLIMIT_FSIZE, &limit);

    const bool shared = code_of([&] { other->snapshot(); }) == ErrorCode::io;
    engine.reset();
    const bool lasting = code_of([&] { open(); }) == ErrorCode::io;
    other.reset();
    write(*open(), {{"healed", "1"}});
    return failed && shared && lasting;
  }));
  EXPECT_EQ(read(*open()->snapshot(), "healed"), "1");
}

TEST_F(LmdbEngineTest, HoldsAtLeast1022SnapshotsAndIsBusyBeyond) {
  const auto engine = open();
  write(*engine, {{"a", "1"}});
  std::vector<std::unique_ptr<Snapshot>> held;
  for (int i = 0; i < 1022; ++i) held.push_back(engine->snapshot());
  EXPECT_EQ(code_of([&] { engine->snapshot(); }), ErrorCode::busy);
  EXPECT_EQ(read(*held.back(), "a"), "1");
  held.pop_back();
  EXPECT_EQ(read(*engine->snapshot(), "a"), "1");
}

TEST_F(LmdbEngineTest, StatisticsNameTheOldestReader) {
  const auto engine = open();
  write(*engine, {{"a", "1"}});
  EXPECT_EQ(engine->statistics().readers, 0u);
  const auto old = engine->snapshot();
  for (int i = 0; i < 5; ++i) write(*engine, {{"a", Bytes(5000, 'x')}});
  const auto young = engine->snapshot();
  const EngineStatistics statistics = engine->statistics();
  EXPECT_EQ(statistics.readers, 2u);
  EXPECT_EQ(statistics.oldest_reader_process, platform::process_id());
  EXPECT_EQ(statistics.oldest_reader_lag, 5u);
  EXPECT_GT(statistics.free_bytes, 0u);
  EXPECT_LE(statistics.live_bytes + statistics.free_bytes, statistics.file_bytes);
}

TEST_F(LmdbEngineTest, LogEntriesFillTheirPages) {
  const auto engine = open();
  const std::uint64_t before = engine->statistics().live_bytes;
  for (int commit = 0; commit < 20; ++commit) {
    const auto transaction = engine->begin_write(patient());
    for (int i = 0; i < 500; ++i) {
      transaction->put({Space::make(SpaceGroup::log, 0), std::to_string(1'000'000 + commit * 500 + i)},
                       Bytes(100, 'e'));
    }
    transaction->commit(Durability::relaxed);
  }
  // 100 bytes of value, 4 + 7 of key, and LMDB's 8 of header and 2 of offset; split pages would take twice that.
  const double row_bytes = static_cast<double>(engine->statistics().live_bytes - before) / 10'000;
  EXPECT_LT(row_bytes, 1.1 * (100 + 4 + 7 + 8 + 2));
}

TEST_F(LmdbEngineTest, ReadingAloneWantsAStoreThatIsThere) {
  OpenRequest reading = request();
  reading.read_only = true;
  EXPECT_EQ(code_of([&] { open_engine("lmdb", reading); }), ErrorCode::not_found);
  EXPECT_FALSE(platform::exists(platform::join(reading.directory, "data.mdb")));
}

TEST_F(LmdbEngineTest, AForeignFileIsCorruption) {
  std::ofstream(platform::join(request().directory, "data.mdb")) << Bytes(10'000, 'x');
  EXPECT_EQ(code_of([&] { open(); }), ErrorCode::corruption);
}

TEST_F(LmdbEngineTest, AMissingDirectoryIsAnError) {
  OpenRequest nowhere = request();
  nowhere.directory = platform::join(nowhere.directory, "absent");
  EXPECT_EQ(code_of([&] { open_engine("lmdb", nowhere); }), ErrorCode::io);
}

}  // namespace
}  // namespace strata::engine
