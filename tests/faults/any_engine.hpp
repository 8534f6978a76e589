// For tests that hold for every engine with files: one store in a directory of its own.
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"

namespace strata::faults {

inline std::vector<std::string> engines_with_files() {
  std::vector<std::string> engines;
  std::istringstream words(STRATA_TEST_ENGINES);
  for (std::string word; words >> word;) engines.push_back(word);
  return engines;
}

/// Whether a second process is turned away while one has the store open.
inline bool serves_one_process(const std::string& engine) { return engine == "rocksdb" || engine == "duckdb"; }

class AnyEngine : public testing::TestWithParam<std::string> {
 protected:
  std::string place() const { return directory_ / "store"; }
  std::string url() const { return GetParam() + ":" + place(); }
  Store open(const OpenOptions& options = {}) const { return Store::open(url(), options); }
  /// A store with one record, closed again.
  void make_store() const { open().collection("notes").put("a", 1); }

  platform::ScratchDirectory directory_;
};

#define STRATA_ON_EVERY_ENGINE(suite)                                               \
  INSTANTIATE_TEST_SUITE_P(Engines, suite, testing::ValuesIn(engines_with_files()), \
                           [](const auto& engine) { return engine.param; })

/// What a call that must fail has thrown; the test fails when it threw nothing, or nothing of Strata's.
template <class Call>
Error error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos) << error.what();
    return error;
  } catch (const std::exception& other) {
    ADD_FAILURE() << "no strata::Error: " << other.what();
    return Error(ErrorCode::internal, "");
  }
  ADD_FAILURE() << "the call did not fail";
  return Error(ErrorCode::internal, "");
}

/// Whether it has the code, and words that its message must hold.
inline testing::AssertionResult says(const Error& error, ErrorCode code, const std::vector<std::string>& words) {
  if (error.code() != code)
    return testing::AssertionFailure() << to_string(error.code()) << " instead of " << to_string(code) << ": "
                                       << error.what();
  for (const std::string& word : words) {
    if (std::string_view(error.what()).find(word) == std::string_view::npos)
      return testing::AssertionFailure() << "`" << word << "` is not in: " << error.what();
  }
  return testing::AssertionSuccess();
}

}  // namespace strata::faults
