#include "view/vector/graph_layout.hpp"

#include <algorithm>
#include <string>

#include "strata/error.hpp"
#include "view/vector/vector_rows.hpp"

namespace strata::view {
namespace {

constexpr std::uint64_t magic = 0x4850'4152'4741'5453;  // "STAGRAPH"
constexpr std::uint32_t format = 1;
constexpr std::uint32_t connections_min = 4;
constexpr std::uint32_t connections_max = 64;

/// The fields of the header, one after the other.
template <typename Layout, typename Field>
void each_field(Layout& layout, const Field& field) {
  field(layout.connections);
  field(layout.rows);
  field(layout.entry);
  field(layout.levels);
  field(layout.groups);
  field(layout.twins);
  for (auto& nodes : layout.nodes) field(nodes);
}

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::corruption, "a vector graph " + what + ": it is damaged, and is to be built again");
}

bool is_sound(const GraphLayout& layout) {
  if (layout.connections < connections_min || layout.connections > connections_max) return false;
  if (layout.rows > rows_max || layout.levels > graph_levels_max) return false;
  if (layout.rows > 0 && layout.entry >= layout.rows) return false;
  if (layout.groups > layout.rows || layout.twins > layout.rows) return false;
  std::uint64_t below = layout.rows;
  for (std::uint32_t level = 0; level < graph_levels_max; ++level) {
    const std::uint64_t nodes = layout.nodes[level];
    if (nodes > below || (level < layout.levels) != (nodes > 0)) return false;
    below = nodes;
  }
  return true;
}

}  // namespace

void GraphLayout::place() {
  constexpr std::size_t number = sizeof(std::uint32_t);
  std::size_t at = links_of(rows);
  const auto take = [&at](std::size_t numbers) {
    const std::size_t begin = at;
    at += numbers * number;
    return begin;
  };
  upper_rows = take(nodes[0]);
  for (std::size_t level = 0; level < levels; ++level)
    upper_links[level] = take(std::size_t{nodes[level]} * connections);
  group_rows = take(groups);
  group_starts = take(std::size_t{groups} + 1);
  group_members = take(twins);
  bytes = at;
}

void GraphLayout::write_header(std::byte* out) const {
  std::memset(out, 0, header_bytes);
  const auto write = [&out](auto value) {
    std::memcpy(out, &value, sizeof value);
    out += sizeof value;
  };
  write(magic);
  write(format);
  each_field(*this, write);
}

GraphLayout GraphLayout::read(std::span<const std::byte> bytes) {
  if (bytes.size() < header_bytes) refuse("has " + std::to_string(bytes.size()) + " bytes, too few for its header");
  const std::byte* in = bytes.data();
  const auto read = [&in](auto& value) {
    std::memcpy(&value, in, sizeof value);
    in += sizeof value;
  };
  std::uint64_t magic_read = 0;
  std::uint32_t format_read = 0;
  read(magic_read);
  read(format_read);
  if (magic_read != magic) refuse("does not begin with its mark");
  if (format_read != format) refuse("is of format " + std::to_string(format_read) + ", not " + std::to_string(format));
  GraphLayout layout;
  each_field(layout, read);
  if (!is_sound(layout)) refuse("has a header that contradicts itself");
  layout.place();
  if (layout.bytes != bytes.size()) {
    refuse("has " + std::to_string(bytes.size()) + " bytes where its header tells of " + std::to_string(layout.bytes));
  }
  return layout;
}

}  // namespace strata::view
