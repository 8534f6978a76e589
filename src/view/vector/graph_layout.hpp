// Where the parts of a graph stand in its run of bytes. All numbers are little-endian.
//
//   header       u64 magic, u32 format, u32 M, u64 rows, u32 entry row, u32 upper levels, u32 groups of equal rows,
//                u32 rows in them (but the first of each), u32[16] nodes on each upper level; zeros up to 128
//   level 0      u32[rows][2M]  rows next to each row; a number that is no row ends the list
//   upper nodes  u32[nodes of level 1]  their rows; those of the higher levels come first, so a level is a prefix
//   upper levels u32[nodes of the level][M] for each, from level 1 on: nodes next to each node
//   equal rows   u32[groups] the first row of each, ascending; u32[groups + 1] where its others begin; u32[] the others
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace strata::view {

inline constexpr std::size_t graph_levels_max = 16;
inline constexpr std::uint32_t no_node = 0xffff'ffff;

/// Numbers may lie at any address.
inline std::uint32_t load_u32(const std::byte* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

struct GraphLayout {
  static constexpr std::size_t header_bytes = 128;

  std::uint64_t rows = 0;
  std::uint32_t connections = 0;
  std::uint32_t entry = 0;
  std::uint32_t levels = 0;  ///< Above the lowest.
  std::uint32_t groups = 0;
  std::uint32_t twins = 0;
  std::array<std::uint32_t, graph_levels_max> nodes{};  ///< nodes[0] is of level 1.

  // Made of the above by place().
  std::size_t upper_rows = 0;
  std::array<std::size_t, graph_levels_max> upper_links{};
  std::size_t group_rows = 0;
  std::size_t group_starts = 0;
  std::size_t group_members = 0;
  std::size_t bytes = 0;

  std::size_t links_of(std::size_t row) const { return header_bytes + row * list_bytes(); }
  std::size_t list_bytes() const { return std::size_t{8} * connections; }
  /// `level` from 1.
  std::size_t upper_links_of(std::size_t level, std::size_t node) const {
    return upper_links[level - 1] + node * 4 * connections;
  }

  void place();
  void write_header(std::byte* out) const;
  /// Throws: corruption when the bytes do not begin with a header, or their number is not what it says.
  static GraphLayout read(std::span<const std::byte> bytes);
};

}  // namespace strata::view
