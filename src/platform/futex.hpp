// Waiting on a 32-bit word that other processes may change.
#pragma once

#include <atomic>
#include <cstdint>

#include "platform/clock.hpp"

namespace strata::platform {

/// Sleeps while *word == seen, until woken or the deadline; may return early for no reason. Works across processes when
/// the word lies in a shared mapping.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t seen, SteadyTime deadline);
/// Wakes up to `count` waiters.
void futex_wake(std::atomic<std::uint32_t>& word, int count) noexcept;
inline constexpr int futex_all = 0x7FFFFFFF;

}  // namespace strata::platform
