#include "tests/contract/engines.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <iterator>
#include <sstream>
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
#ifdef STRATA_TEST_POSTGRES
#include "engine/postgres/postgres_engine.hpp"
#endif

namespace strata::engine {
namespace {

// Suites are made of these before any test runs, in every process: no engine is opened for it. What engines say of
// themselves is compared with it by a test.
bool is_remote(const std::string& scheme) { return scheme == "postgres"; }
bool is_shared(const std::string& scheme) { return scheme == "lmdb" || scheme == "sqlite" || is_remote(scheme); }
bool is_persistent(const std::string& scheme) { return scheme != "memory"; }

std::vector<std::string> schemes_that(bool (*fit)(const std::string& scheme)) {
  std::vector<std::string> chosen;
  std::copy_if(schemes_under_test().begin(), schemes_under_test().end(), std::back_inserter(chosen), fit);
  return chosen;
}

/// Of a URL in which nothing is written in percents.
OpenRequest request_of(const std::string& url) {
  OpenRequest request;
  const std::size_t question = url.find('?');
  const std::size_t begin = url.find(':') + 1;
  request.location = url.substr(begin, question - begin);
  std::istringstream parameters(question == std::string::npos ? "" : url.substr(question + 1));
  for (std::string one; std::getline(parameters, one, '&');) {
    const std::size_t equals = one.find('=');
    request.parameters[one.substr(0, equals)] = one.substr(equals + 1);
  }
  return request;
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
#ifdef STRATA_TEST_POSTGRES
    register_postgres_engine();
#endif
    return engine_schemes();
  }();
  return schemes;
}

std::vector<std::string> shared_schemes() { return schemes_that(is_shared); }
std::vector<std::string> persistent_schemes() { return schemes_that(is_persistent); }
std::vector<std::string> schemes_with_files() {
  return schemes_that([](const std::string& scheme) { return is_persistent(scheme) && !is_remote(scheme); });
}

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

OpenRequest request_at(const std::string& scheme, const std::string& place) {
  OpenRequest request;
  if (scheme == "memory") return request;
  if (is_remote(scheme)) return request_of(place);
  request.store_directory = place;
  request.directory = platform::join(platform::join(place, "engine"), "1");
  request.location = place;
  platform::make_directories(request.directory);
  return request;
}

std::string EngineSite::place() const { return is_remote(scheme_) ? store_.url() : scratch_.path(); }

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
