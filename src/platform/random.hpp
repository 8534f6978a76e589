// Randomness from the operating system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "strata/types.hpp"

namespace strata::platform {

/// Fills from getrandom(2).
void fill_random(std::span<std::byte> out);
std::uint64_t random_u64();

/// A version 7 UUID (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then 12 bits of counter and 62 random bits.
/// Ids made by one process sort in the order of their making, also within a millisecond and when the clock goes back.
/// Thread-safe; after fork the child draws fresh randomness.
Uuid make_uuid();
/// The milliseconds in a version 7 UUID.
Time time_of(const Uuid& id);

}  // namespace strata::platform
