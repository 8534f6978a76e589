// Keys whose byte order is the order of values (strata::compare): for index entries.
//
// An index entry's key is: the encoded values of its fields, one after the other (the indexed part), the primary key,
// and one byte with the length of the primary key. An indexed part of 224 bytes or more is cut to its first 208 bytes
// and followed by a 16-byte hash of the whole: 224 bytes say that it was cut. Such an entry sorts by what is left of
// it, and must be rechecked on the record.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "strata/types.hpp"
#include "strata/value.hpp"

namespace strata::codec {

inline constexpr std::size_t indexed_part_bytes_max = 224;
inline constexpr std::size_t indexed_part_bytes_kept = 208;

/// Appends the value so that bytewise order of outputs is the order of compare(), also when more values follow.
/// Missing, null, booleans, numbers (int64, uint64 and double in one exact order), strings (zero bytes escaped,
/// terminated), arrays and objects (element by element, terminated).
void append_ordered(Bytes& out, ValueView value);
void append_ordered(Bytes& out, Time time);  // sorts as its own type, after numbers
/// Reads one value back, equal by compare(), though an integer may come back for a double and the other way round;
/// missing comes back as null and a time as its microseconds. What follows stays in `in`. `corruption` when malformed.
Value take_ordered(bytes_view& in);

/// The indexed part as stored: as it is, or cut and hashed. `was_cut` is set accordingly when given.
Bytes stored_indexed_part(bytes_view whole, bool* was_cut = nullptr);
/// The key of the index entry.
Bytes index_entry_key(bytes_view stored_part, bytes_view primary_key);

struct IndexEntry {
  bytes_view stored_part;
  bytes_view primary_key;
  bool was_cut;
};
/// Takes an index entry's key apart; `corruption` when malformed. The views point into `key`.
IndexEntry split_index_entry(bytes_view key);

/// The smallest key that is greater than all keys beginning with `prefix`; empty when there is none.
Bytes prefix_end(bytes_view prefix);

}  // namespace strata::codec
