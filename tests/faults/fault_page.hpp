// What a test, the program it starts and the interposed calls of that program share: a page of memory behind a file.
#pragma once

#include <atomic>
#include <cstdint>

namespace strata::faults {

/// Which calls are counted, and may fail.
enum class Fault : std::uint32_t {
  write_once,  ///< The n-th write, truncation or growth gives EIO.
  disk_full,   ///< So does the n-th and every later one, with ENOSPC; the first writes half of what it was given.
  sync_once,   ///< The n-th fsync, fdatasync or msync gives EIO.
  open_once,   ///< The n-th open, rename or mapping of a file gives EMFILE.
  allocation,  ///< The n-th allocation of memory gives nothing.
  death,       ///< The process is killed at the n-th of all these calls but allocations.
};

/// What became of one step of the program.
enum class Outcome : std::uint32_t { not_tried, tried, acknowledged, failed };

struct Step {
  std::atomic<Outcome> outcome;
  std::uint32_t code;     ///< strata::ErrorCode of the failure; `no_code` when it was no strata::Error.
  std::uint32_t session;  ///< Steps of one open store share a number.
  std::uint8_t id[16];    ///< Of the transaction.
  char message[400];
};

inline constexpr std::uint32_t no_code = 0xffffffff;
inline constexpr std::uint32_t steps_max = 64;
inline constexpr std::uint64_t never = ~std::uint64_t{0};

struct Page {
  std::atomic<bool> armed;
  Fault fault;
  std::uint64_t fail_at;  ///< 1 is the first.
  std::atomic<std::uint64_t> calls;
  std::atomic<std::uint64_t> failed;
  Step steps[steps_max];
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// The environment variable with the path of the page's file.
inline constexpr const char* page_variable = "STRATA_TEST_FAULT_PAGE";

}  // namespace strata::faults
