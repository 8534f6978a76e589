// Where a store lies on a PostgreSQL server, and how to get there: `postgres://user@host:port/db?store=NAME`.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "strata/engine.hpp"

namespace strata::engine::postgres {

struct Target {
  std::vector<std::pair<std::string, std::string>> keywords;  ///< As libpq wants them, the password among them.
  std::string schema;                                         ///< One for each store.
  std::string place;                   ///< For messages: `PostgreSQL store notes at host:5432/db`, without secrets.
  std::uint64_t snapshots_max;         ///< Connections for reading, each for one snapshot at a time.
  std::chrono::milliseconds fence;     ///< A writer that stands still for longer loses its turn.
  std::chrono::milliseconds patience;  ///< How long a call waits for a server that does not answer.
  bool has_turns;                      ///< As Layout says; known once the store is open.
  bool read_only;
  bool create;

  /// A table of the schema, quoted.
  std::string table(std::string_view name) const { return '"' + schema + "\".\"" + std::string(name) + '"'; }
};

/// `invalid_argument` for a URL or parameter that cannot be.
Target parse_target(const OpenRequest& request);

}  // namespace strata::engine::postgres
