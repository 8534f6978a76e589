// The bounds of engine.hpp on keys and values, checked the same way by every engine.
#pragma once

#include "strata/engine.hpp"

namespace strata::engine {

/// `invalid_argument` for an empty key, a key longer than key_bytes_max, and a space of no group.
void check_key(const Key& key);
/// As check_key, and `limit_exceeded` for a value longer than value_bytes_max.
void check_row(const Key& key, bytes_view value);
/// `invalid_argument` for a space of no group. Bounds of a range may be empty, and longer than a key may be.
void check_range(const KeyRange& range);

}  // namespace strata::engine
