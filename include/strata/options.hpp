// What can be chosen at open and at commit. Every default is safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "strata/engine.hpp"
#include "strata/types.hpp"

namespace strata {

using engine::Durability;

// Limits, the same on every engine, so that every store can move to every other. Beyond them: `limit_exceeded`.
inline constexpr std::size_t user_key_bytes_max = 240;
inline constexpr std::size_t record_bytes_max = std::size_t{1} << 20;
inline constexpr std::size_t transaction_bytes_max = std::size_t{64} << 20;
inline constexpr std::size_t transaction_changes_max = 100'000;
inline constexpr std::size_t footprint_keys_max = 100'000;

struct OpenOptions {
  bool create = true;                                  ///< Make the store when the place is empty; else `not_found`.
  bool read_only = false;                              ///< Every commit gives `unsupported`.
  Durability durability = Durability::sync;            ///< For commits that do not say otherwise.
  std::chrono::milliseconds commit_timeout{5000};      ///< How long a commit waits for its turn before `busy`.
  std::chrono::milliseconds snapshot_age_max{60'000};  ///< Older snapshots give `limit_exceeded` and are let go.
  std::chrono::seconds log_age_max{7 * 24 * 3600};     ///< Log entries older than this may be trimmed.
  std::uint64_t log_bytes_max = std::uint64_t{256} << 20;    ///< So may those beyond this size,
  std::uint64_t log_bytes_bound = std::uint64_t{1} << 30;    ///< and beyond this they are, whoever still needs them.
  std::uint64_t index_build_bytes = std::uint64_t{1} << 30;  ///< What building a vector index may take in memory.
  bool background = true;  ///< Allow one lazy thread for upkeep and commit_async. Without it, whoever commits does all.
  bool allow_network_file_system =
      false;                   ///< Locks over a network file system are not to be trusted: refused unless set.
  bool continue_copy = false;  ///< Open an unfinished copy too, for copy() to go on with; all else fails until then.
  std::string origin{};        ///< Written into log entries: who made the commit. At most 64 bytes.
};

struct CommitOptions {
  std::optional<Durability> durability{};              ///< Else the store's.
  std::optional<std::chrono::milliseconds> timeout{};  ///< Else the store's commit_timeout.
  /// The caller's own id for this transaction: giving it again within 24 hours returns the first answer instead of
  /// committing twice. A fresh one is made when it is nil.
  Uuid id{};
};

/// What a commit did.
struct CommitResult {
  Position position{};    ///< 0 when nothing was written.
  Time time{};            ///< The entry's time.
  Uuid id{};              ///< Under which store.outcome() answers for at least 24 hours.
  bool repeated = false;  ///< The id had been committed before; nothing was written now.
};

}  // namespace strata
