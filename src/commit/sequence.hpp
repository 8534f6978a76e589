// Sequences: records of one space whose keys are a prefix and a version, dense from the first that is kept to the last,
// each with a number among all records of the space.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "commit/spaces.hpp"
#include "strata/engine.hpp"

namespace strata::commit {

/// The prefix and the version as 16 lower-case hexadecimal digits.
Bytes sequence_key(bytes_view prefix, std::uint64_t version);
/// The version that such a key ends with; nothing when it is none.
std::optional<std::uint64_t> sequence_version(bytes_view key);

/// Of what is stored; 0 when the sequence is empty. `corruption` when a key is malformed.
std::uint64_t last_version(engine::Reader& reader, Space space, bytes_view prefix);
/// The highest number in an index on numbers; 0 when it is empty.
std::uint64_t last_number(engine::Reader& reader, Space index);

/// The object with one member more, in front of the others.
Bytes with_number(bytes_view object, bytes_view field, std::uint64_t number);

/// The last versions of sequences and the last numbers, as far as they are known.
class SequenceEnds {
 public:
  using Find = std::function<std::uint64_t()>;
  /// What is known; else what `find` says, which is known from then on.
  std::uint64_t& version(Space space, bytes_view prefix, const Find& find);
  std::uint64_t& number(Space index, const Find& find);
  /// Takes over what the other knows.
  void take(const SequenceEnds& other);
  /// Records of the space have been written otherwise.
  void forget(Space space);

 private:
  std::map<std::pair<std::uint32_t, Bytes>, std::uint64_t> versions_;
  std::unordered_map<std::uint32_t, std::uint64_t> numbers_;
};

}  // namespace strata::commit
