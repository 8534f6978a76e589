// The engines that this build holds, and a place on disk for each test to open one in.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "strata/engine.hpp"
#include "tests/postgres/store_site.hpp"

namespace strata::engine {

/// Schemes of all engines that are built in, registered. Suites are instantiated over it.
const std::vector<std::string>& schemes_under_test();
/// Those whose engines several processes may open, those that outlive their process, and of these the ones that keep
/// files of their own.
std::vector<std::string> shared_schemes();
std::vector<std::string> persistent_schemes();
std::vector<std::string> schemes_with_files();

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

/// The request that opens `scheme` at a place (EngineSite::place), as the store makes it. Makes the engine's directory.
OpenRequest request_at(const std::string& scheme, const std::string& place);

/// Where one engine lives during a test.
class EngineSite {
 public:
  explicit EngineSite(std::string scheme) : scheme_(std::move(scheme)), store_(scheme_, scratch_.path()) {}
  const std::string& scheme() const { return scheme_; }
  /// The store's directory, or its URL when it is on a server.
  std::string place() const;
  OpenRequest request() const { return request_at(scheme_, place()); }
  /// The engine as it is.
  std::unique_ptr<Engine> open_bare() const { return open_engine(scheme_, request()); }
  /// The engine behind the checking wrapper.
  std::unique_ptr<Engine> open() const;

 private:
  std::string scheme_;
  ScratchDirectory scratch_;
  StoreSite store_;
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
