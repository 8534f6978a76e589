#include "engine/row_limits.hpp"

#include "strata/error.hpp"

namespace strata::engine {
namespace {

void check_space(Space space) {
  if (static_cast<std::size_t>(space.group()) < space_groups) return;
  throw Error(ErrorCode::invalid_argument,
              "space " + std::to_string(space.id) + " belongs to no group; make it with " + "Space::make");
}

}  // namespace

void check_key(const Key& key) {
  check_space(key.space);
  if (!key.bytes.empty() && key.bytes.size() <= key_bytes_max) return;
  throw Error(ErrorCode::invalid_argument, "a key of " + std::to_string(key.bytes.size()) + " bytes in space " +
                                               std::to_string(key.space.id) + "; keys have 1 to " +
                                               std::to_string(key_bytes_max) + " bytes");
}

void check_row(const Key& key, bytes_view value) {
  check_key(key);
  if (value.size() <= value_bytes_max) return;
  throw Error(ErrorCode::limit_exceeded, "value_bytes_max: a value of " + std::to_string(value.size()) +
                                             " bytes in space " + std::to_string(key.space.id) + "; at most " +
                                             std::to_string(value_bytes_max) + " fit, so store it in parts");
}

void check_range(const KeyRange& range) { check_space(range.space); }

}  // namespace strata::engine
