// An entry of the log: what one transaction changed. It names keys and hashes, never values.
//
// Stored in chunks of at most 64 KiB under the key (position, chunk number), big endian. The first chunk holds format,
// time, transaction id, origin, chain hash and the number of changes and chunks; changes follow, none is split. A chunk
// that gains by it is compressed. Each ends with its XXH3-64.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "codec/hash.hpp"
#include "strata/engine.hpp"
#include "strata/types.hpp"

namespace strata::codec {

enum class Operation : std::uint8_t {
  put = 0,
  erase = 1,
  erase_range = 2,  ///< key is the begin, end_key the end; count and digest say what went
  drop = 3,         ///< the whole space
};

struct Change {
  Operation operation = Operation::put;
  engine::Space space;
  Bytes key;
  Bytes end_key;            ///< erase_range alone; empty: to the end of the space.
  Hash128 content;          ///< put: the content hash. erase_range and drop: the digest that went.
  std::uint64_t count = 0;  ///< erase_range and drop: the rows that went.
};

struct Entry {
  Position position;
  Time time;
  Uuid id;
  std::string origin;
  Hash128 chain;
  std::vector<Change> changes;
};

inline constexpr std::size_t log_chunk_bytes_max = 64 * 1024;

/// The chain hash after an entry: over the hash before it, the entry's own fields and the hashes of its changes.
Hash128 chain_after(const Hash128& before, const Entry& entry);

Bytes log_key(Position position, std::uint16_t chunk);
/// Position of a log row's key; `corruption` when malformed.
Position log_position(bytes_view key);
std::uint16_t log_chunk(bytes_view key);

/// The values of the entry's chunks, in order.
std::vector<Bytes> encode_entry(const Entry& entry);

/// Puts an entry together from its chunks. add() must see every chunk in order.
class EntryDecoder {
 public:
  /// True when the entry is complete, and then in `entry`. `corruption` when damaged or out of order.
  bool add(bytes_view key, bytes_view row);
  Entry entry;

 private:
  std::uint64_t changes_expected_ = 0;
  std::uint16_t next_chunk_ = 0;
  bool open_ = false;
};

}  // namespace strata::codec
