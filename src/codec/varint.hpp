// Integers as bytes: varints (7 bits a byte, low bits first), zigzag, and fixed big-endian words, whose byte order is
// their numeric order.
#pragma once

#include <cstddef>
#include <cstdint>

#include "strata/error.hpp"
#include "strata/types.hpp"

namespace strata::codec {

inline constexpr std::size_t varint_bytes_max = 10;

inline void append_varint(Bytes& out, std::uint64_t number) {
  char buffer[varint_bytes_max];
  std::size_t size = 0;
  while (number >= 0x80) {
    buffer[size++] = static_cast<char>(static_cast<unsigned char>(number | 0x80));
    number >>= 7;
  }
  buffer[size++] = static_cast<char>(number);
  out.append(buffer, size);
}

/// Takes one varint from the front of `in`. `corruption` when it is cut off or does not fit 64 bits.
inline std::uint64_t take_varint(bytes_view& in) {
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < in.size() && at < varint_bytes_max; ++at) {
    const auto byte = static_cast<unsigned char>(in[at]);
    if (at + 1 == varint_bytes_max && byte > 1) break;
    number |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * at);
    if (byte < 0x80) {
      in.remove_prefix(at + 1);
      return number;
    }
  }
  throw Error(ErrorCode::corruption, "a variable-length integer is cut off or exceeds 64 bits; run `strata verify`");
}

/// Small magnitudes of either sign become small unsigned numbers: 0, -1, 1, -2, ...
constexpr std::uint64_t zigzag(std::int64_t number) {
  return (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t number) {
  return static_cast<std::int64_t>((number >> 1) ^ (0 - (number & 1)));
}

// Unaligned big-endian words. Requires: as many bytes at the pointer as the word has.

inline std::uint64_t read_be(const char* at, std::size_t bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) number = number << 8 | static_cast<unsigned char>(at[i]);
  return number;
}
inline std::uint16_t read_be16(const char* at) { return static_cast<std::uint16_t>(read_be(at, 2)); }
inline std::uint32_t read_be32(const char* at) { return static_cast<std::uint32_t>(read_be(at, 4)); }
inline std::uint64_t read_be64(const char* at) { return read_be(at, 8); }

inline void write_be(char* at, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) at[i] = static_cast<char>(number >> (8 * (bytes - 1 - i)));
}
inline void append_be(Bytes& out, std::uint64_t number, std::size_t bytes) {
  char buffer[8];
  write_be(buffer, number, bytes);
  out.append(buffer, bytes);
}
inline void append_be16(Bytes& out, std::uint16_t number) { append_be(out, number, 2); }
inline void append_be32(Bytes& out, std::uint32_t number) { append_be(out, number, 4); }
inline void append_be64(Bytes& out, std::uint64_t number) { append_be(out, number, 8); }

/// Takes a fixed word from the front of `in`. `corruption` when fewer bytes are left.
inline std::uint64_t take_be(bytes_view& in, std::size_t bytes) {
  if (in.size() < bytes) {
    throw Error(ErrorCode::corruption, "a fixed-size integer is cut off; run `strata verify`");
  }
  const std::uint64_t number = read_be(in.data(), bytes);
  in.remove_prefix(bytes);
  return number;
}
inline std::uint16_t take_be16(bytes_view& in) { return static_cast<std::uint16_t>(take_be(in, 2)); }
inline std::uint32_t take_be32(bytes_view& in) { return static_cast<std::uint32_t>(take_be(in, 4)); }
inline std::uint64_t take_be64(bytes_view& in) { return take_be(in, 8); }

}  // namespace strata::codec
