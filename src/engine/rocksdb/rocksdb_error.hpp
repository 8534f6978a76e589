// RocksDB's statuses as errors of Strata.
#pragma once

#include <rocksdb/status.h>

#include <string_view>

#include "strata/error.hpp"

namespace strata::engine::lsm {

/// The error for a status that is neither OK nor NotFound. `place` is the engine's URL, `operation` a verb phrase.
Error rocksdb_error(const rocksdb::Status& status, std::string_view place, std::string_view operation);

}  // namespace strata::engine::lsm
