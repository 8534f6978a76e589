#include "engine/postgres/memory.hpp"

namespace strata::engine::postgres {
namespace {

/// So many rows of a space in a row must have been absent.
constexpr std::uint32_t run_needed = 8;
constexpr std::uint32_t no_row = 0xFFFFFFFF;

void append_be(Bytes& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

/// Takes from the front, or nothing when there is too little.
std::optional<bytes_view> take(bytes_view& bytes, std::size_t size) {
  if (bytes.size() < size) return std::nullopt;
  const bytes_view front = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return front;
}

std::optional<std::uint64_t> take_be(bytes_view& bytes, std::size_t size) {
  const auto front = take(bytes, size);
  if (!front) return std::nullopt;
  std::uint64_t value = 0;
  for (const char byte : *front) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

}  // namespace

Bytes Memory::encode() const {
  Bytes out;
  append_be(out, static_cast<std::uint64_t>(state), 8);
  for (const auto& [key, value] : rows) {
    append_be(out, key.size(), 4);
    append_be(out, value ? value->size() : no_row, 4);
    out += key;
    if (value) out += *value;
  }
  return out;
}

std::optional<Memory> Memory::decode(bytes_view bytes) {
  const auto state = take_be(bytes, 8);
  if (!state) return std::nullopt;
  Memory memory;
  memory.state = static_cast<std::int64_t>(*state);
  while (!bytes.empty()) {
    const auto key_size = take_be(bytes, 4);
    const auto value_size = take_be(bytes, 4);
    if (!key_size || !value_size) return std::nullopt;
    const auto key = take(bytes, *key_size);
    const auto value = *value_size == no_row ? std::optional<bytes_view>(bytes_view()) : take(bytes, *value_size);
    if (!key || !value) return std::nullopt;
    memory.rows.emplace(*key, *value_size == no_row ? std::nullopt : std::optional<Bytes>(*value));
  }
  return memory;
}

void AbsenceGuess::note(Space space, bool absent) {
  std::uint32_t& run = runs_[space.id];
  run = absent ? run + 1 : 0;
}

bool AbsenceGuess::expects_absence(Space space) const {
  const auto found = runs_.find(space.id);
  return found != runs_.end() && found->second >= run_needed;
}

}  // namespace strata::engine::postgres
