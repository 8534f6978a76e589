#include "tests/contract/engines.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <stdexcept>

#include "engine/memory/memory_engine.hpp"
#include "platform/file.hpp"
#include "platform/random.hpp"
#include "tests/contract/checked_engine.hpp"
#ifdef STRATA_TEST_LMDB
#include "engine/lmdb/lmdb_engine.hpp"
#endif
#ifdef STRATA_TEST_SQLITE
#include "engine/sqlite/sqlite_engine.hpp"
#endif
#ifdef STRATA_TEST_ROCKSDB
#include "engine/rocksdb/rocksdb_engine.hpp"
#endif
#ifdef STRATA_TEST_DUCKDB
#include "engine/duckdb/duckdb_engine.hpp"
#endif

namespace strata::engine {
namespace {

std::vector<std::string> schemes_with(bool Capabilities::*capability) {
  std::vector<std::string> chosen;
  for (const std::string& scheme : schemes_under_test()) {
    const EngineSite site(scheme);
    if (site.open_bare()->capabilities().*capability) chosen.push_back(scheme);
  }
  return chosen;
}

}  // namespace

const std::vector<std::string>& schemes_under_test() {
  static const std::vector<std::string> schemes = [] {
    register_memory_engine();
#ifdef STRATA_TEST_LMDB
    register_lmdb_engine();
#endif
#ifdef STRATA_TEST_SQLITE
    register_sqlite_engine();
#endif
#ifdef STRATA_TEST_ROCKSDB
    register_rocksdb_engine();
#endif
#ifdef STRATA_TEST_DUCKDB
    register_duckdb_engine();
#endif
    return engine_schemes();
  }();
  return schemes;
}

std::vector<std::string> shared_schemes() { return schemes_with(&Capabilities::many_processes); }
std::vector<std::string> persistent_schemes() { return schemes_with(&Capabilities::persistent); }

ScratchDirectory::ScratchDirectory() {
  std::string pattern = testing::TempDir() + "strata-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a scratch directory " + pattern);
  path_ = pattern;
}

ScratchDirectory::~ScratchDirectory() {
  try {
    platform::remove_tree(path_);
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
}

OpenRequest request_in(const std::string& scheme, const std::string& store_directory) {
  OpenRequest request;
  if (scheme == "memory") return request;
  request.store_directory = store_directory;
  request.directory = platform::join(platform::join(store_directory, "engine"), "1");
  request.location = store_directory;
  platform::make_directories(request.directory);
  return request;
}

std::unique_ptr<Engine> EngineSite::open() const { return make_checked(open_bare()); }

Deadline patient() { return std::chrono::steady_clock::now() + std::chrono::minutes(2); }
Deadline impatient() { return std::chrono::steady_clock::now() + std::chrono::milliseconds(50); }

std::uint64_t test_seed() {
  const char* given = ::getenv("STRATA_TEST_SEED");
  return given != nullptr ? std::stoull(given) : platform::random_u64();
}

std::string replay_command(std::uint64_t seed) {
  const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
  return "replay with: STRATA_TEST_SEED=" + std::to_string(seed) + " ctest -R '" + test->test_suite_name() + "." +
         test->name() + "'";
}

}  // namespace strata::engine
