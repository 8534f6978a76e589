// Where a store lies during a test, on any engine: a directory, or a schema of the PostgreSQL server for the tests.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platform/file.hpp"
#ifdef STRATA_TEST_POSTGRES
#include "tests/postgres/shared_server.hpp"
#endif

namespace strata {

/// The engines, and those of this build that live on a server.
inline std::vector<std::string> with_remote(std::vector<std::string> engines) {
#ifdef STRATA_TEST_POSTGRES
  engines.emplace_back("postgres");
#endif
  return engines;
}

class StoreSite {
 public:
  /// `directory`: where a store with files goes.
  StoreSite(std::string engine, std::string directory) : engine_(std::move(engine)), directory_(std::move(directory)) {
#ifdef STRATA_TEST_POSTGRES
    if (engine_ == "postgres") remote_.emplace();
#endif
  }

  std::string url() const {
    if (engine_ == "memory") return "memory:";
#ifdef STRATA_TEST_POSTGRES
    if (remote_) return remote_->url();
#endif
    return engine_ + ":" + directory_;
  }
  /// Whether somebody has begun to make the store.
  bool begun() const {
#ifdef STRATA_TEST_POSTGRES
    if (remote_) return remote_->begun();
#endif
    return platform::exists(platform::join(directory_, "lock"));
  }
  void remove() const {
#ifdef STRATA_TEST_POSTGRES
    if (remote_) return remote_->drop();
#endif
    platform::remove_tree(directory_);
  }

 private:
  std::string engine_;
  std::string directory_;
#ifdef STRATA_TEST_POSTGRES
  std::optional<outside::PostgresStore> remote_;
#endif
};

}  // namespace strata
