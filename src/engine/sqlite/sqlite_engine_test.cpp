#include "engine/sqlite/sqlite_engine.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <thread>

#include "platform/file.hpp"
#include "strata/engine.hpp"
#include "strata/error.hpp"

namespace strata::engine {
namespace {

constexpr Space records = Space::make(SpaceGroup::record, 1);

Deadline patient() { return std::chrono::steady_clock::now() + std::chrono::minutes(2); }

class SqliteEngine : public testing::Test {
 protected:
  SqliteEngine() {
    register_sqlite_engine();
    platform::remove_tree(root_);
    platform::make_directories(request().directory);
  }
  ~SqliteEngine() override { platform::remove_tree(root_); }

  OpenRequest request() const {
    OpenRequest request;
    request.store_directory = root_;
    request.directory = platform::join(root_, "engine");
    request.location = root_;
    return request;
  }
  std::unique_ptr<Engine> open() const { return open_engine("sqlite", request()); }
  std::string database() const { return platform::join(request().directory, "strata.sqlite3"); }
  std::uint64_t log_bytes() const { return platform::File(database() + "-wal", platform::File::Mode::read).size(); }

  const std::string root_ = testing::TempDir() + "sqlite_engine_test";
};

void put(Engine& engine, const std::string& key, const std::string& value,
         Durability durability = Durability::relaxed) {
  const auto transaction = engine.begin_write(patient());
  transaction->put({records, key}, value);
  transaction->commit(durability);
}

std::optional<std::string> get(Engine& engine, const std::string& key) {
  const auto snapshot = engine.snapshot();
  const auto value = snapshot->get({records, key});
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

template <typename Act>
std::optional<ErrorCode> code_of(Act act, std::string* message = nullptr) {
  try {
    act();
  } catch (const Error& error) {
    if (message != nullptr) *message = error.what();
    return error.code();
  }
  return std::nullopt;
}

/// Adds one to a number, `times` times, each in a transaction of its own.
void count(Engine& engine, int times) {
  for (int i = 0; i < times; ++i) {
    const auto transaction = engine.begin_write(patient());
    const auto before = transaction->get({records, "count"});
    const int number = before ? std::stoi(std::string(*before)) : 0;
    transaction->put({records, "count"}, std::to_string(number + 1));
    transaction->commit(Durability::relaxed);
  }
}

/// Makes SQLite's writes fail with `error` from the n-th on.
class FailingWrites {
 public:
  FailingWrites(int nth, int error) {
    left_ = nth;
    error_ = error;
    replace(&failing_pwrite);
  }
  ~FailingWrites() { replace(nullptr); }
  FailingWrites(const FailingWrites&) = delete;
  FailingWrites& operator=(const FailingWrites&) = delete;
  bool reached() const { return left_ <= 0; }

 private:
  using Pwrite = ssize_t (*)(int, const void*, size_t, off_t);

  static ssize_t failing_pwrite(int descriptor, const void* data, size_t size, off_t offset) {
    if (--left_ > 0) return ::pwrite(descriptor, data, size, offset);
    errno = error_;
    return -1;
  }
  static void replace(Pwrite call) {
    sqlite3_vfs* system = sqlite3_vfs_find(nullptr);
    ASSERT_EQ(system->xSetSystemCall(system, "pwrite", reinterpret_cast<sqlite3_syscall_ptr>(call)), SQLITE_OK);
  }

  static inline std::atomic<int> left_;
  static inline std::atomic<int> error_;
};

TEST_F(SqliteEngine, TheLogStaysBoundedWithoutUpkeep) {
  OpenRequest small = request();
  small.parameters = {{"wal_bytes", "256K"}};
  const auto engine = open_engine("sqlite", small);
  std::uint64_t most = 0;
  for (int i = 0; i < 3000; ++i) {
    put(*engine, std::to_string(i * 7919 % 3000), std::string(900, 'v'));
    most = std::max(most, log_bytes());
  }
  EXPECT_LT(most, 1u << 20);
}

TEST_F(SqliteEngine, TheLogStartsAnewAlthoughReadersComeAndGo) {
  OpenRequest small = request();
  small.parameters = {{"wal_bytes", "256K"}};
  const auto engine = open_engine("sqlite", small);
  put(*engine, "0", "first");
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) get(*engine, "0");
    });
  }
  constexpr std::uint64_t commits = 3000;
  for (std::uint64_t i = 0; i < commits; ++i) put(*engine, std::to_string(i), std::string(3000, 'v'));
  done = true;
  for (std::thread& reader : readers) reader.join();
  constexpr std::uint64_t page_bytes = 4096;
  EXPECT_LT(log_bytes(), commits * page_bytes) << "each commit adds two pages at least";
}

TEST_F(SqliteEngine, AFailedWriteStopsEveryHandleUntilTheLastIsClosed) {
  auto engine = open();
  auto other = open();
  put(*engine, "before", "1", Durability::sync);
  {
    const auto snapshot = other->snapshot();
    FailingWrites failing(1, EIO);
    EXPECT_EQ(code_of([&] { put(*engine, "lost", "2", Durability::sync); }), ErrorCode::io);
    EXPECT_EQ(code_of([&] { snapshot->get({records, "before"}); }), ErrorCode::io);
  }
  EXPECT_EQ(code_of([&] { get(*other, "before"); }), ErrorCode::io);
  EXPECT_EQ(code_of([&] { other->begin_write(patient()); }), ErrorCode::io);
  EXPECT_EQ(code_of([&] { other->maintain(); }), ErrorCode::io);
  engine.reset();
  EXPECT_EQ(code_of([&] { open()->snapshot(); }), ErrorCode::io);
  other.reset();
  engine = open();
  EXPECT_EQ(get(*engine, "before"), "1");
  put(*engine, "after", "3");
  EXPECT_EQ(get(*engine, "after"), "3");
}

TEST_F(SqliteEngine, AFullDiskIsNamed) {
  const auto engine = open();
  put(*engine, "before", "1");
  std::string message;
  FailingWrites failing(1, ENOSPC);
  EXPECT_EQ(code_of([&] { put(*engine, "lost", "2"); }, &message), ErrorCode::io);
  EXPECT_NE(message.find("disk is full"), std::string::npos) << message;
}

TEST_F(SqliteEngine, WhicheverWriteFailsTheStateIsThatOfBeforeOrAfter) {
  for (int nth = 1;; ++nth) {
    SCOPED_TRACE("failing write " + std::to_string(nth));
    const std::string key = std::to_string(nth);
    bool reached = false;
    bool acknowledged = false;
    {
      auto engine = open();
      FailingWrites failing(nth, EIO);
      acknowledged = !code_of([&] {
        const auto transaction = engine->begin_write(patient());
        transaction->put({records, key + "a"}, std::string(10'000, 'a'));
        transaction->put({records, key + "b"}, std::string(10'000, 'b'));
        transaction->commit(Durability::sync);
      });
      reached = failing.reached();
    }
    const auto engine = open();
    EXPECT_EQ(get(*engine, key + "a").has_value(), get(*engine, key + "b").has_value());
    if (acknowledged) {
      EXPECT_TRUE(get(*engine, key + "a").has_value());
    }
    EXPECT_TRUE(acknowledged || reached);
    if (!reached) break;
    ASSERT_LT(nth, 100);
  }
}

TEST_F(SqliteEngine, AnEmptySyncedCommitMakesRelaxedOnesDurable) {
  const auto engine = open();
  put(*engine, "a", "1", Durability::sync);
  put(*engine, "a", "2", Durability::relaxed);
  const std::string before = engine->statistics().details.at("syncs");
  engine->begin_write(patient())->commit(Durability::sync);
  const std::string after = engine->statistics().details.at("syncs");
  EXPECT_NE(before, after);
  engine->begin_write(patient())->commit(Durability::sync);
  EXPECT_EQ(engine->statistics().details.at("syncs"), after);
}

TEST_F(SqliteEngine, TokensTellStatesApartFromTheFirstSnapshotAfterOpen) {
  put(*open(), "a", "1");
  const auto engine = open();
  const std::uint64_t first = engine->snapshot()->token();
  EXPECT_NE(first, 0u);
  EXPECT_EQ(engine->snapshot()->token(), first);
  put(*engine, "a", "2");
  EXPECT_NE(engine->snapshot()->token(), first);
}

TEST_F(SqliteEngine, CompactionMakesTheFilesSmaller) {
  class Onward : public Progress {
    bool advance(std::string_view, std::uint64_t, std::uint64_t) override { return true; }
  } onward;
  const auto engine = open();
  for (int i = 0; i < 300; ++i) put(*engine, std::to_string(i), std::string(20'000, 'v'));
  {
    const auto transaction = engine->begin_write(patient());
    transaction->erase_range({records, {}, "9"});
    transaction->commit(Durability::sync);
  }
  const std::uint64_t before = engine->statistics().file_bytes;
  engine->compact(onward);
  EXPECT_LT(engine->statistics().file_bytes, before / 2);
  EXPECT_EQ(get(*engine, "99"), std::string(20'000, 'v'));
}

TEST_F(SqliteEngine, ADamagedFileIsCorruptionAndAnotherProgramsDatabaseUnsupported) {
  platform::replace_file(database(), std::string(8192, 'x'));
  EXPECT_EQ(code_of([&] { open(); }), ErrorCode::corruption);
  platform::remove_file(database());
  sqlite3* foreign = nullptr;
  ASSERT_EQ(sqlite3_open(database().c_str(), &foreign), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(foreign, "CREATE TABLE notes(text)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(foreign);
  EXPECT_EQ(code_of([&] { open(); }), ErrorCode::unsupported);
}

TEST_F(SqliteEngine, AForkedChildMayOpenTheStoreAnewWhileItsParentUsesIt) {
  const auto engine = open();
  count(*engine, 10);
  const auto held = engine->snapshot();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    bool counted = false;
    try {
      count(*open(), 200);
      counted = true;
    } catch (const std::exception& error) {
      static_cast<void>(::write(STDERR_FILENO, error.what(), std::string(error.what()).size()));
    }
    ::_exit(counted ? 0 : 1);
  }
  count(*engine, 200);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(get(*engine, "count"), "410");
  EXPECT_EQ(held->get({records, "count"}), "10");
}

TEST_F(SqliteEngine, ProcessesOfDifferentPidNamespacesShareTheStore) {
  constexpr int not_permitted = 77;
  const auto engine = open();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::unshare(CLONE_NEWPID) != 0) ::_exit(not_permitted);
    const pid_t inner = ::fork();
    if (inner == 0) {
      const bool first_of_its_namespace = ::getpid() == 1;
      if (first_of_its_namespace) count(*open(), 200);
      ::_exit(first_of_its_namespace ? 0 : 1);
    }
    int status = 0;
    const bool waited = ::waitpid(inner, &status, 0) == inner;
    ::_exit(waited && WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  }
  count(*engine, 200);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == not_permitted) GTEST_SKIP() << "this user may not make a pid namespace";
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(get(*engine, "count"), "400");
}

}  // namespace
}  // namespace strata::engine
