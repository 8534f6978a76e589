// The records that the commit, read and scan benches write: 200 bytes under a key of 32 to 36 characters.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "strata/types.hpp"

namespace strata::bench {

inline constexpr std::size_t row_bytes = 200;

struct Row {
  std::string key;
  Bytes value;             ///< An encoded value of row_bytes; the rivals store the same bytes.
  std::uint64_t rank = 0;  ///< The field of that name, which the index covers.
};

/// `ordered`: keys are UUIDv7, as Strata makes them. `random`: keys anywhere, and an index on `rank` beside.
enum class KeyOrder : std::uint8_t { ordered, random };

/// Makes rows without end. Values come from a pool that is prepared once, so that making them costs every contender the
/// same little.
class RowSource {
 public:
  RowSource(KeyOrder order, std::uint64_t seed);
  void fill(std::vector<Row>& rows);

 private:
  KeyOrder order_;
  std::mt19937_64 random_;
  std::size_t next_;
};

/// Key number `number` of a data set that readers and writers agree on without sharing it.
std::string numbered_key(std::uint64_t number);

}  // namespace strata::bench
