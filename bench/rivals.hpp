// The raw engines, as a careful program would use them without Strata.
#pragma once

#include <memory>
#include <string>

#include "bench/contender.hpp"

namespace strata::bench {

std::unique_ptr<Contender> open_lmdb_rival(const std::string& directory, KeyOrder order);
std::unique_ptr<Contender> open_sqlite_rival(const std::string& directory, KeyOrder order);
std::unique_ptr<Contender> open_rocksdb_rival(const std::string& directory, KeyOrder order);
std::unique_ptr<Contender> open_postgres_rival(const std::string& connection, KeyOrder order);

}  // namespace strata::bench
