// Leases: who has which queue item. Rows of a local space, so that they belong to one copy of the store alone.
//
//   key    that of the item; or 0x1f, the queue's name, 0x1f, 8 bytes of hash: which item of an order key is in flight
//   value  of the former: token (16 digits; empty: given back), boot, end on that boot's uptime, end by the wall clock,
//          attempts, consumer; of the latter: the item's key; behind either XXH3-64 over key and value
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "strata/types.hpp"

namespace strata::model {

struct LeaseRow {
  std::string token{};
  Uuid boot{};
  std::chrono::microseconds uptime_until{};
  Time until{};
  std::uint64_t attempts = 0;  ///< Takings of the item since it was put or revived, this one included.
  std::string consumer{};
};

Bytes encode_lease(bytes_view key, const LeaseRow& row);
/// `corruption` when the checksum or the form is wrong.
LeaseRow decode_lease(bytes_view key, bytes_view value);

Bytes in_flight_key(std::string_view queue, std::int64_t order_hash);
Bytes encode_in_flight(bytes_view key, bytes_view item_key);
/// The item's key; `corruption` when the checksum is wrong.
Bytes decode_in_flight(bytes_view key, bytes_view value);
bool is_in_flight_key(bytes_view key);

/// The clock that leases are measured by: uptime where all consumers share it, else the wall clock.
struct LeaseClock {
  bool by_wall = false;
  Time now{};
  std::chrono::microseconds uptime{};
  Uuid boot{};

  static LeaseClock read(bool by_wall);
  bool is_live(const LeaseRow& row) const;
  /// Requires: is_live(row).
  std::chrono::microseconds left(const LeaseRow& row) const;
  void set_end(LeaseRow& row, std::chrono::microseconds from_now) const;
};

}  // namespace strata::model
