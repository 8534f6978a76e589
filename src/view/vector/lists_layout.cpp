#include "view/vector/lists_layout.hpp"

#include <cstring>

namespace strata::view {
namespace {

constexpr std::uint64_t magic = 0x5453'494c'4156'5453;  // "STVALIST"
constexpr std::uint32_t format = 1;
constexpr std::size_t format_at = 8;
constexpr std::size_t lists_at = 12;
constexpr std::size_t rows_at = 16;

}  // namespace

void ListsLayout::place(std::size_t row_size) {
  constexpr std::size_t number = sizeof(std::uint32_t);
  starts = header_bytes + lists * row_size;
  members = starts + (std::size_t{lists} + 1) * number;
  bytes = members + rows * number;
}

void ListsLayout::write_header(std::byte* out) const {
  std::memset(out, 0, header_bytes);
  std::memcpy(out, &magic, sizeof magic);
  std::memcpy(out + format_at, &format, sizeof format);
  std::memcpy(out + lists_at, &lists, sizeof lists);
  std::memcpy(out + rows_at, &rows, sizeof rows);
}

bool ListsLayout::read_header(const std::byte* in) {
  std::uint64_t magic_read = 0;
  std::uint32_t format_read = 0;
  std::memcpy(&magic_read, in, sizeof magic_read);
  std::memcpy(&format_read, in + format_at, sizeof format_read);
  std::memcpy(&lists, in + lists_at, sizeof lists);
  std::memcpy(&rows, in + rows_at, sizeof rows);
  return magic_read == magic && format_read == format;
}

}  // namespace strata::view
