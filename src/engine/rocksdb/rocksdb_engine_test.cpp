#include "engine/rocksdb/rocksdb_engine.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>

#include "platform/file.hpp"
#include "strata/engine.hpp"
#include "strata/error.hpp"

namespace strata::engine {
namespace {

constexpr Space records = Space::make(SpaceGroup::record, 1);

Deadline patient() { return std::chrono::steady_clock::now() + std::chrono::minutes(2); }

class RocksdbEngine : public testing::Test {
 protected:
  RocksdbEngine() {
    register_rocksdb_engine();
    platform::remove_tree(root_);
    platform::make_directories(request().directory);
  }
  ~RocksdbEngine() override { platform::remove_tree(root_); }

  OpenRequest request() const {
    OpenRequest request;
    request.store_directory = root_;
    request.directory = platform::join(root_, "engine");
    request.location = root_;
    return request;
  }
  std::unique_ptr<Engine> open() const { return open_engine("rocksdb", request()); }

  const std::string root_ = testing::TempDir() + "rocksdb_engine_test";
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
std::optional<ErrorCode> code_of(Act act) {
  try {
    act();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

/// While it lives, no file of this process may grow beyond `bytes`.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    former_handler_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &former_);
    const struct rlimit limit = {bytes, former_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &former_);
    ::signal(SIGXFSZ, former_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  struct rlimit former_ = {};
  void (*former_handler_)(int) = nullptr;
};

TEST_F(RocksdbEngine, TwoHandlesInOneProcessAreOneStore) {
  auto engine = open();
  const auto other = open();
  put(*engine, "a", "1");
  EXPECT_EQ(get(*other, "a"), "1");
  engine.reset();
  EXPECT_EQ(get(*other, "a"), "1");
}

TEST_F(RocksdbEngine, AHandleForReadingAloneKeepsWritersOutOfItsProcess) {
  put(*open(), "a", "1");
  OpenRequest reading = request();
  reading.read_only = true;
  auto engine = open_engine("rocksdb", reading);
  EXPECT_EQ(get(*engine, "a"), "1");
  EXPECT_EQ(code_of([&] { open(); }), ErrorCode::unsupported);
  engine.reset();
  put(*open(), "a", "2");
}

TEST_F(RocksdbEngine, AFailedWriteStopsEveryHandleUntilTheLastIsClosed) {
  auto engine = open();
  auto other = open();
  put(*engine, "before", "1", Durability::sync);
  std::optional<ErrorCode> failure;
  {
    const FileSizeLimit limit(64 << 10);
    for (int i = 0; i < 20 && !failure; ++i) {
      failure = code_of([&] { put(*engine, std::to_string(i), std::string(100'000, 'v'), Durability::sync); });
    }
  }
  EXPECT_EQ(failure, ErrorCode::io);
  EXPECT_EQ(code_of([&] { get(*other, "before"); }), ErrorCode::io);
  EXPECT_EQ(code_of([&] { other->begin_write(patient()); }), ErrorCode::io);
  engine.reset();
  other.reset();
  engine = open();
  EXPECT_EQ(get(*engine, "before"), "1");
  put(*engine, "after", "2");
  EXPECT_EQ(get(*engine, "after"), "2");
}

TEST_F(RocksdbEngine, AnEmptySyncedCommitMakesRelaxedOnesDurable) {
  const auto engine = open();
  put(*engine, "a", "1", Durability::relaxed);
  const std::string before = engine->statistics().details.at("syncs");
  engine->begin_write(patient())->commit(Durability::sync);
  const std::string after = engine->statistics().details.at("syncs");
  EXPECT_NE(before, after);
  engine->begin_write(patient())->commit(Durability::sync);
  EXPECT_EQ(engine->statistics().details.at("syncs"), after);
}

TEST_F(RocksdbEngine, CompactionMakesTheFilesSmaller) {
  class Onward : public Progress {
    bool advance(std::string_view, std::uint64_t, std::uint64_t) override { return true; }
  } onward;
  const auto engine = open();
  for (int i = 0; i < 3000; ++i) {
    std::string value(10'000, 'v');
    for (std::size_t at = 0; at < value.size(); ++at) value[at] = static_cast<char>(at * at * 31 + at * i);
    put(*engine, std::to_string(i), value);
  }
  {
    const auto transaction = engine->begin_write(patient());
    transaction->erase_range({records, {}, "9"});
    transaction->commit(Durability::sync);
  }
  const std::uint64_t before = engine->statistics().file_bytes;
  engine->compact(onward);
  EXPECT_LT(engine->statistics().file_bytes, before / 2);
  EXPECT_NE(get(*engine, "99"), std::nullopt);
}

TEST_F(RocksdbEngine, AForkedChildIsRefusedAHandleOfItsOwn) {
  const auto engine = open();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(code_of([&] { open(); }) == ErrorCode::unsupported ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace strata::engine
