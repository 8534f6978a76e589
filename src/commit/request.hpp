// What a transaction asks of the write section, as plain data: what it read, and what it wants written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "commit/spaces.hpp"
#include "strata/options.hpp"
#include "strata/types.hpp"

namespace strata::commit {

/// A row that was read. The stamp of a record is its version, that of any other row a hash of its bytes; 0: absent.
struct ReadKey {
  Space space;
  Bytes key;
  std::uint64_t stamp = 0;
};

/// A range that was read, up to where the reader stopped, with a fingerprint of the keys and stamps found.
struct ReadRange {
  Space space;
  Space source;  ///< The record space that it follows from; itself for a record space.
  Bytes begin;
  Bytes end;
  bool reverse = false;
  std::uint64_t fingerprint = 0;
  std::uint64_t rows = 0;
};

struct Footprint {
  std::vector<ReadKey> keys;
  std::vector<ReadRange> ranges;
};

/// A change of a row in a record space. Versions, times, index entries and history follow from it in the write section.
struct Write {
  enum class Kind : std::uint8_t { put, erase, drop };  // drop: the whole space
  Kind kind = Kind::put;
  Space space;
  Bytes key;
  Bytes body;
  std::optional<std::chrono::microseconds> time_to_live;
  // For records that come from another store with their times.
  std::optional<Time> created;
  std::optional<Time> updated;
  std::optional<Time> expires;
};

/// A record that is put at the end of a sequence: the records of one space whose keys are a prefix and a version, 1, 2,
/// 3, ... Which version it gets, and which number among all records of the space, is only known in the write section,
/// so that appends do not get into each other's way.
struct Append {
  Space space;
  Bytes prefix;                     ///< Of the sequence's keys, and of no others.
  Bytes body;                       ///< An object. Its first member will be the number.
  Bytes number_field;               ///< That member's name.
  Space number_index;               ///< The index on it.
  std::uint64_t version_floor = 0;  ///< Versions and numbers up to here were given to records that are gone.
  std::uint64_t number_floor = 0;
};

/// A change of a row that is neither logged nor digested.
struct LocalWrite {
  Space space;
  Bytes key;
  std::optional<Bytes> value;  ///< Nothing: erase.
};

struct Request {
  Uuid id;
  bool id_may_exist = false;  ///< The id may have been committed before: look first.
  std::string origin;
  Durability durability = Durability::sync;
  Position seen;              ///< The footprint was true at this position
  std::uint64_t lineage = 0;  ///< in this lineage of the engine.
  Footprint footprint;
  std::vector<Write> writes;
  std::vector<Append> appends;
  std::vector<LocalWrite> local_writes;
  Bytes call;               ///< Call::arguments(), for another process, instead of all these. Else empty.
  std::uint64_t bytes = 0;  ///< About: keys and bodies of the writes.

  bool writes_nothing() const { return writes.empty() && appends.empty() && local_writes.empty(); }
};

/// The stamp of a row as a footprint keeps it.
std::uint64_t stamp_of(Space space, bytes_view row);
/// The fingerprint of a range after one more row.
std::uint64_t fingerprint_after(std::uint64_t before, Space space, bytes_view key, bytes_view row);

}  // namespace strata::commit
