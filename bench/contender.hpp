// Who is measured: Strata on one of its engines, a raw engine without Strata, or PostgreSQL; one interface to write
// the same rows durably into each.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/row.hpp"

namespace strata::bench {

/// One writer; used by one thread.
class Writer {
 public:
  virtual ~Writer() = default;
  /// Commits the rows as one transaction. On return they survive a power failure.
  virtual void commit(std::span<const Row> rows) = 0;
};

class Contender {
 public:
  virtual ~Contender() = default;
  virtual std::unique_ptr<Writer> writer() = 0;
  struct Counts {
    std::uint64_t commits = 0;
    std::uint64_t syncs = 0;
  };
  /// Since it was opened in this process; syncs 0: it does not tell.
  virtual Counts counts() { return {}; }
};

struct ContenderPlace {
  std::string name;   ///< `strata lmdb`, `strata sqlite`, `strata rocksdb`, `lmdb`, `sqlite`, `rocksdb`, `postgres`
  std::string where;  ///< A directory of its own; for `postgres` the connection parameters.
  KeyOrder order = KeyOrder::ordered;
};

/// Opens it, and makes it when it is not there yet.
std::unique_ptr<Contender> open_contender(const ContenderPlace& place);

/// Those of this build that keep records, without PostgreSQL.
std::vector<std::string> embedded_contenders();
/// Schemes of Strata's persistent engines in this build.
std::vector<std::string> strata_engines();
inline bool is_strata(std::string_view name) { return name.starts_with("strata "); }
/// Whether a contender lies on the PostgreSQL server of the run.
inline bool on_server(std::string_view name) { return name == "postgres" || name == "strata postgres"; }
inline bool many_processes(std::string_view name) { return name.find("rocksdb") == std::string_view::npos; }

/// Where a Strata contender's store is, as a URL.
std::string store_url(const ContenderPlace& place);

}  // namespace strata::bench
