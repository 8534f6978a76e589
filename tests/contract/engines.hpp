// The engines that this build holds, and a place on disk for each test to open one in.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "strata/engine.hpp"

namespace strata::engine {

/// Schemes of all engines that are built in, registered. Suites are instantiated over it.
const std::vector<std::string>& schemes_under_test();
/// Those whose engines several processes may open, and those that outlive their process.
std::vector<std::string> shared_schemes();
std::vector<std::string> persistent_schemes();

/// A directory of its own, removed at the end.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The request that opens `scheme` in a store directory, as the store makes it. Makes the engine's directory.
OpenRequest request_in(const std::string& scheme, const std::string& store_directory);

/// Where one engine lives during a test.
class EngineSite {
 public:
  explicit EngineSite(std::string scheme) : scheme_(std::move(scheme)) {}
  const std::string& scheme() const { return scheme_; }
  const std::string& store_directory() const { return scratch_.path(); }
  OpenRequest request() const { return request_in(scheme_, scratch_.path()); }
  /// The engine as it is.
  std::unique_ptr<Engine> open_bare() const { return open_engine(scheme_, request()); }
  /// The engine behind the checking wrapper.
  std::unique_ptr<Engine> open() const;

 private:
  std::string scheme_;
  ScratchDirectory scratch_;
};

/// A deadline that only a hanging test meets.
Deadline patient();
/// A deadline that has come at once when someone else writes.
Deadline impatient();

/// STRATA_TEST_SEED, or a fresh one.
std::uint64_t test_seed();
/// How to run the current test again with this seed; for SCOPED_TRACE.
std::string replay_command(std::uint64_t seed);

}  // namespace strata::engine
