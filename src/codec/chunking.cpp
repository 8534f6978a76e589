#include "codec/chunking.hpp"

#include <algorithm>
#include <array>

namespace strata::codec {
namespace {

/// splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014), begun at 0.
constexpr std::array<std::uint64_t, 256> make_gear() {
  std::array<std::uint64_t, 256> gear{};
  std::uint64_t state = 0;
  for (std::uint64_t& entry : gear) {
    state += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    entry = mixed ^ (mixed >> 31);
  }
  return gear;
}

constexpr std::array<std::uint64_t, 256> gear = make_gear();

/// The highest bits: those that the most bytes have gone into.
constexpr std::uint64_t mask(int bits) { return ~std::uint64_t{0} << (64 - bits); }

// The average is 2^15; two bits more before it, two less behind.
constexpr std::uint64_t mask_before_average = mask(17);
constexpr std::uint64_t mask_after_average = mask(13);

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

/// How many bytes a UTF-8 sequence that begins like this claims to have; 0: none begins so.
std::size_t sequence_bytes(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte >= 0xc2 && byte <= 0xdf) return 2;
  if (byte >= 0xe0 && byte <= 0xef) return 3;
  if (byte >= 0xf0 && byte <= 0xf4) return 4;
  return 0;
}

/// The cut, or the place before it where a sequence begins that it would tear.
std::size_t between_characters(bytes_view content, std::size_t cut) {
  if (cut == content.size() || !continues(content[cut])) return cut;
  for (std::size_t back = 1; back <= 3; ++back) {
    const char byte = content[cut - back];
    if (continues(byte)) continue;
    return sequence_bytes(byte) > back ? cut - back : cut;
  }
  return cut;
}

std::size_t hashed_cut(bytes_view content) {
  if (content.size() <= chunk_bytes_min) return content.size();
  const std::size_t end = std::min(content.size(), chunk_bytes_max);
  const std::size_t average = std::min(end, chunk_bytes_average);
  std::uint64_t hash = 0;
  std::size_t at = chunk_bytes_min;
  for (; at < average; ++at) {
    hash = (hash << 1) + gear[static_cast<unsigned char>(content[at])];
    if ((hash & mask_before_average) == 0) return at + 1;
  }
  for (; at < end; ++at) {
    hash = (hash << 1) + gear[static_cast<unsigned char>(content[at])];
    if ((hash & mask_after_average) == 0) return at + 1;
  }
  return end;
}

}  // namespace

std::size_t first_chunk(bytes_view content) { return between_characters(content, hashed_cut(content)); }

bool ends_list(const Hash128& hash, std::size_t entries) {
  if (entries < list_entries_min) return false;
  return entries >= list_entries_max || hash.low % 48 == 0;
}

}  // namespace strata::codec
