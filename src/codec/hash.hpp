// XXH3 hashes (https://github.com/Cyan4973/xxHash), and sums of them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>

#include "strata/types.hpp"

namespace strata::codec {

/// 128 bits, little endian when written.
struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend auto operator<=>(const Hash128&, const Hash128&) = default;

  /// Sum modulo 2^128: the order of the parts does not matter, and a part can be taken out again.
  Hash128& operator+=(const Hash128& other);
  Hash128& operator-=(const Hash128& other);
  /// 32 hexadecimal digits, high half first.
  std::string to_string() const;
  static std::optional<Hash128> parse(std::string_view text);
};

std::uint64_t hash64(bytes_view data, std::uint64_t seed = 0);
/// Of the parts one after the other.
std::uint64_t hash64(std::initializer_list<bytes_view> parts, std::uint64_t seed = 0);
Hash128 hash128(bytes_view data, std::uint64_t seed = 0);
Hash128 hash128(std::initializer_list<bytes_view> parts, std::uint64_t seed = 0);

/// hash128() of bytes that come part by part.
class HashStream {
 public:
  HashStream();
  ~HashStream();
  HashStream(HashStream&&) noexcept;
  HashStream& operator=(HashStream&&) noexcept;

  void add(bytes_view part);
  Hash128 hash() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// 16 bytes, high half first, each big endian.
void append_hash(Bytes& out, const Hash128& hash);
/// `corruption` when fewer bytes are left.
Hash128 take_hash(bytes_view& in);

}  // namespace strata::codec
