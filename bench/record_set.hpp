// The same 200-byte records in Strata and in the raw engines, for what only reads them.
#pragma once

#include <cstdint>
#include <string>

#include "bench/run.hpp"

namespace strata::bench {

/// Writes records 0 to `count` (row.hpp, numbered_key) in transactions of 1,000, all durable; the times of those.
Run fill_records(Contender& contender, std::uint64_t count);

/// All keys of such a set, shuffled.
std::vector<std::string> shuffled_keys(std::uint64_t count, std::uint64_t seed);

}  // namespace strata::bench
