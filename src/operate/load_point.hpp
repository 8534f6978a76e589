// Where a load stands: kept in the store with each batch, so that a load of the same dump that was stopped can be
// repeated, and what others wrote is not taken for it.
#pragma once

#include <optional>
#include <string>

#include "codec/hash.hpp"
#include "strata/engine.hpp"

namespace strata::operate {

/// Under which the point lies in the state space.
inline constexpr bytes_view load_point_key = "load";

struct LoadPoint {
  std::string dump;            ///< Tells the dump from others.
  bool fresh = false;          ///< The store was empty when the load began,
  bool had_events = false;     ///< or had these.
  bool had_documents = false;  ///< Chunks, that is.
  codec::Hash128 digest;       ///< Of the store as the load last left it.
};

Bytes encode_load_point(const LoadPoint& point);
/// `corruption` when damaged.
LoadPoint decode_load_point(bytes_view row);

}  // namespace strata::operate
