// The raw engines, as a careful program would use them without Strata.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bench/contender.hpp"

namespace strata::bench {

std::unique_ptr<Contender> open_lmdb_rival(const std::string& directory, KeyOrder order);
std::unique_ptr<Contender> open_sqlite_rival(const std::string& directory, KeyOrder order);
std::unique_ptr<Contender> open_rocksdb_rival(const std::string& directory, KeyOrder order);
std::unique_ptr<Contender> open_postgres_rival(const std::string& connection, KeyOrder order);

/// Reads what PostgreSQL's rival has written; used by one thread.
class ServerReader {
 public:
  virtual ~ServerReader() = default;
  /// The size of the value; 0 when there is none.
  virtual std::size_t get(const std::string& key) = 0;
  /// How many values of a row's size there are, in the order of their keys.
  virtual std::uint64_t scan() = 0;
};
std::unique_ptr<ServerReader> open_postgres_reader(const std::string& connection);

}  // namespace strata::bench
