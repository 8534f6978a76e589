// How engines that know only bytes store a pair (space, bytes): the space id in 4 bytes, big-endian, then the bytes.
#pragma once

#include <array>
#include <cstring>

#include "engine/row_limits.hpp"

namespace strata::engine {

inline constexpr std::size_t space_prefix_bytes = 4;

inline void write_space_prefix(Space space, char* out) {
  for (std::size_t i = 0; i < space_prefix_bytes; ++i) out[i] = static_cast<char>(space.id >> (24 - 8 * i));
}

/// A stored key, built without an allocation.
class StoredKey {
 public:
  /// Throws as check_key does.
  explicit StoredKey(const Key& key) {
    check_key(key);
    write_space_prefix(key.space, buffer_.data());
    std::memcpy(buffer_.data() + space_prefix_bytes, key.bytes.data(), key.bytes.size());
    size_ = space_prefix_bytes + key.bytes.size();
  }
  bytes_view view() const { return {buffer_.data(), size_}; }

 private:
  std::array<char, space_prefix_bytes + key_bytes_max> buffer_;
  std::size_t size_;
};

/// The bounds of a range as stored keys; `end` is never empty. Bounds may be longer than a key.
struct StoredRange {
  Bytes begin;
  Bytes end;

  /// Throws as check_range does.
  explicit StoredRange(const KeyRange& range) {
    check_range(range);
    const bool open = range.end.empty();
    begin = bound(range.space, range.begin);
    end = open ? bound({range.space.id + 1}, {}) : bound(range.space, range.end);
  }

 private:
  static Bytes bound(Space space, bytes_view bytes) {
    Bytes stored(space_prefix_bytes, '\0');
    write_space_prefix(space, stored.data());
    return stored.append(bytes);
  }
};

/// The key without its space.
inline bytes_view without_space(bytes_view stored) { return stored.substr(space_prefix_bytes); }

}  // namespace strata::engine
