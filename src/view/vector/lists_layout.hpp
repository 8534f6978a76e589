// Where the parts of lists stand in their run of bytes. All numbers are little-endian.
//
//   header   u64 magic, u32 format, u32 lists, u64 rows; zeros up to 64
//   centres  one row for each list, in the shape of the rows
//   starts   u32[lists + 1]: where the members of each list begin, and the last ends
//   members  u32[rows]: row numbers, list after list, ascending in each
#pragma once

#include <cstddef>
#include <cstdint>

namespace strata::view {

struct ListsLayout {
  static constexpr std::size_t header_bytes = 64;

  std::uint32_t lists = 0;
  std::uint64_t rows = 0;
  // Made of the above by place().
  std::size_t starts = 0;
  std::size_t members = 0;
  std::size_t bytes = 0;

  void place(std::size_t row_size);
  void write_header(std::byte* out) const;
  /// False when it is none.
  bool read_header(const std::byte* in);
};

}  // namespace strata::view
