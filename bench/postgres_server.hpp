// A PostgreSQL server of our own: data in a scratch directory, reachable by a unix socket there alone, stopped at the
// end. Its settings are PostgreSQL's defaults, but for the number of connections.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bench/process.hpp"

namespace strata::bench {

class PostgresServer {
 public:
  /// Where the server's programs are: $STRATA_BENCH_POSTGRES, else the newest below /usr/lib/postgresql, else $PATH.
  static std::optional<std::string> find_programs();

  PostgresServer(const std::string& programs, const std::string& directory);
  ~PostgresServer();

  /// Makes a database; the connection parameters that lead to it.
  std::string make_database(const std::string& name);
  /// `PostgreSQL 15.14`
  const std::string& version() const { return version_; }

 private:
  std::string parameters_of(const std::string& database) const;

  std::string directory_;
  std::string user_;
  std::string version_;
  std::unique_ptr<Program> server_;
};

}  // namespace strata::bench
