// The epoch in the head: who opened the store before it was raised may not use it any more.
#pragma once

#include <cstdint>

#include "codec/head.hpp"
#include "strata/error.hpp"

namespace strata::commit {

/// Stands in the head while a copy into the store goes on. What is there is no consistent state yet: only the copy may
/// read or write it.
inline constexpr std::uint64_t filling_epoch = 0;

/// What anybody else is told.
Error unfinished_copy();

/// `unsupported` while a copy into the store is unfinished, `closed` when the store has moved to another engine.
void check_epoch(const codec::Head& head, std::uint64_t expected);

}  // namespace strata::commit
