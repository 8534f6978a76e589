#include "engine/duckdb/duckdb_engine.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <memory>

#include "platform/child_process.hpp"
#include "platform/file.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/engine.hpp"
#include "strata/error.hpp"

namespace strata::engine {
namespace {

constexpr Space records = Space::make(SpaceGroup::record, 1);

Deadline patient() { return std::chrono::steady_clock::now() + std::chrono::minutes(2); }

class DuckdbEngine : public testing::Test {
 protected:
  DuckdbEngine() {
    register_duckdb_engine();
    platform::make_directories(request().directory);
  }

  OpenRequest request() const {
    OpenRequest request;
    request.store_directory = root_.path();
    request.directory = root_ / "engine";
    request.location = root_.path();
    return request;
  }
  std::unique_ptr<Engine> open() const { return open_engine("duckdb", request()); }

  const platform::ScratchDirectory root_;
};

void put(Engine& engine, const std::string& key, const std::string& value) {
  const auto transaction = engine.begin_write(patient());
  transaction->put({records, key}, value);
  transaction->commit(Durability::sync);
}

std::optional<std::string> get(Reader& reader, const std::string& key) {
  const auto value = reader.get({records, key});
  return value ? std::optional<std::string>(*value) : std::nullopt;
}
std::optional<std::string> get(Engine& engine, const std::string& key) { return get(*engine.snapshot(), key); }

std::vector<std::string> keys(Reader& reader, bool reverse) {
  std::vector<std::string> keys;
  const auto cursor = reader.scan({records, {}, {}}, {.reverse = reverse});
  while (cursor->next()) keys.emplace_back(cursor->key());
  return keys;
}

template <typename Act>
std::optional<Error> error_of(Act act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}
template <typename Act>
std::optional<ErrorCode> code_of(Act act) {
  const auto error = error_of(act);
  return error ? std::optional(error->code()) : std::nullopt;
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

class Onward : public Progress {
  bool advance(std::string_view, std::uint64_t, std::uint64_t) override { return true; }
};

TEST_F(DuckdbEngine, TwoHandlesInOneProcessAreOneStore) {
  auto engine = open();
  const auto other = open();
  put(*engine, "a", "1");
  EXPECT_EQ(get(*other, "a"), "1");
  engine.reset();
  EXPECT_EQ(get(*other, "a"), "1");
}

TEST_F(DuckdbEngine, AHandleForReadingAloneKeepsWritersOutOfItsProcess) {
  put(*open(), "a", "1");
  OpenRequest reading = request();
  reading.read_only = true;
  auto engine = open_engine("duckdb", reading);
  EXPECT_EQ(get(*engine, "a"), "1");
  EXPECT_EQ(code_of([&] { open(); }), ErrorCode::unsupported);
  engine.reset();
  put(*open(), "a", "2");
}

TEST_F(DuckdbEngine, AnOlderSnapshotReadsItsOwnRowsThroughCommitsAndCompaction) {
  OpenRequest small = request();
  small.parameters["cache_bytes"] = "1M";
  const auto engine = open_engine("duckdb", small);
  constexpr int rows = 3000;
  const auto write_all = [&](const std::string& mark) {
    const auto transaction = engine->begin_write(patient());
    for (int i = 0; i < rows; ++i) transaction->put({records, std::to_string(i)}, mark + std::string(1000, 'v'));
    transaction->commit(Durability::sync);
  };
  write_all("first");
  const auto older = engine->snapshot();
  write_all("second");
  for (int i = 0; i < 200; ++i) put(*engine, "more" + std::to_string(i % 20), "x");
  Onward onward;
  engine->compact(onward);
  const auto newer = engine->snapshot();
  for (int i = 0; i < rows; i += 7) {
    ASSERT_EQ(get(*older, std::to_string(i))->substr(0, 5), "first") << i;
    ASSERT_EQ(get(*newer, std::to_string(i))->substr(0, 6), "second") << i;
  }
  std::vector<std::string> forward = keys(*older, false);
  EXPECT_EQ(forward.size(), static_cast<std::size_t>(rows));
  EXPECT_TRUE(std::is_sorted(forward.begin(), forward.end()));
  std::vector<std::string> backward = keys(*older, true);
  std::reverse(backward.begin(), backward.end());
  EXPECT_EQ(backward, forward);
}

TEST_F(DuckdbEngine, RowsOfEverySizeShareTheStore) {
  auto engine = open();
  std::map<std::string, std::string> expected;
  const std::size_t sizes[] = {0, 1, 100, 4000, 8000, 8192, 9000, 100'000, value_bytes_max};
  for (int i = 0; i < 60; ++i) {
    const std::string key = std::to_string(i * 7919 % 60);
    expected[key] = std::string(sizes[static_cast<std::size_t>(i) % std::size(sizes)], static_cast<char>('a' + i % 26));
    put(*engine, key, expected[key]);
  }
  engine.reset();
  engine = open();
  for (const auto& [key, value] : expected) EXPECT_EQ(get(*engine, key), value) << key;
  const auto snapshot = engine->snapshot();
  EXPECT_EQ(keys(*snapshot, false).size(), expected.size());
}

TEST_F(DuckdbEngine, AFailedWriteStopsEveryHandleUntilTheLastIsClosed) {
  auto engine = open();
  auto other = open();
  put(*engine, "before", "1");
  std::optional<ErrorCode> failure;
  {
    const FileSizeLimit limit(64 << 10);
    for (int i = 0; i < 20 && !failure; ++i) {
      failure = code_of([&] { put(*engine, std::to_string(i), std::string(100'000, 'v')); });
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

TEST_F(DuckdbEngine, CompactionMakesTheFilesSmaller) {
  Onward onward;
  const auto engine = open();
  for (int i = 0; i < 60; ++i) {
    const auto transaction = engine->begin_write(patient());
    for (int j = 0; j < 50; ++j) {
      std::string value(10'000, 'v');
      for (std::size_t at = 0; at < value.size(); ++at) value[at] = static_cast<char>(at * at * 31 + at * (i + j));
      transaction->put({records, std::to_string(50 * i + j)}, value);
    }
    transaction->commit(Durability::sync);
  }
  engine->compact(onward);
  const std::uint64_t before = engine->statistics().file_bytes;
  {
    const auto transaction = engine->begin_write(patient());
    transaction->erase_range({records, {}, "9"});
    transaction->commit(Durability::sync);
  }
  engine->compact(onward);
  EXPECT_LT(engine->statistics().file_bytes, before / 2);
  EXPECT_NE(get(*engine, "99"), std::nullopt);
}

TEST_F(DuckdbEngine, ADatabaseOfAnotherProgramIsRefused) {
  open();
  platform::rename_file(root_ / "engine/strata.duckdb", root_ / "engine/strata.duckdb.new");
  platform::File(root_ / "engine/strata.duckdb", platform::File::Mode::create).write_at(0, std::string(20'000, 'x'));
  const auto error = error_of([&] { open(); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::corruption) << error->what();
}

TEST_F(DuckdbEngine, AForkedChildIsRefusedAHandleOfItsOwn) {
  const auto engine = open();
  platform::ChildProcess child([&] { return code_of([&] { open(); }) == ErrorCode::unsupported ? 0 : 1; });
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
}  // namespace strata::engine
