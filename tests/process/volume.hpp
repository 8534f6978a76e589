// How much the long tests do, and with which luck.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace strata {

/// STRATA_SOAK=1 asks for the full volumes.
inline bool soaking() {
  const char* asked = std::getenv("STRATA_SOAK");
  return asked != nullptr && std::string(asked) == "1";
}

inline std::size_t volume(std::size_t usual, std::size_t soak) { return soaking() ? soak : usual; }

/// How much longer than promised something may take where machines are shared: the promise itself is measured by a
/// soak, which has the machine for itself; short runs look for what hangs.
inline std::chrono::milliseconds leniently(std::chrono::milliseconds promised) {
  return soaking() ? promised : 10 * promised;
}

/// STRATA_TEST_SEED, or a fresh one.
inline std::uint64_t test_seed() {
  const char* given = std::getenv("STRATA_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::uint64_t{std::random_device()()};
}

/// How to run the current test again with this seed; for SCOPED_TRACE.
inline std::string replay_command(std::uint64_t seed) {
  const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
  return std::string("replay with: ") + (soaking() ? "STRATA_SOAK=1 " : "") +
         "STRATA_TEST_SEED=" + std::to_string(seed) + " ctest -R '" + test->test_suite_name() + "." + test->name() +
         "'";
}

}  // namespace strata
