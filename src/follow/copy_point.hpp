// Where a copy stands: a follower's point, stored in the target with the effect that it stands for.
#pragma once

#include <cstdint>

#include "codec/hash.hpp"
#include "strata/engine.hpp"
#include "strata/types.hpp"

namespace strata::follow {

/// Under which the point lies in the state space of the target.
inline constexpr bytes_view copy_point_key = "copy";

struct CopyPoint {
  enum class Phase : std::uint8_t {
    fill,      ///< Ranges of keys, from the cursor on.
    catch_up,  ///< What the log says changed after `position`.
    check,     ///< The state is that of `head`; from the cursor on it is read back, and entered into indexes.
  };
  Phase phase = Phase::fill;
  std::uint64_t epoch = 0;        ///< The target's own, which its head gets back.
  std::uint64_t incarnation = 0;  ///< Of the source.
  Position start;                 ///< The source's position when the fill began.
  Position position;              ///< All changes of the source up to here are in the target.
  codec::Hash128 chain;           ///< Of the source at that position.
  engine::Space space;            ///< The cursor: what comes next
  Bytes key;                      ///< is the first row of the space that is not before this key.
  std::uint64_t rows = 0;         ///< Done in this phase.
  codec::Hash128 digest;          ///< Of what has been read back.
  Bytes head;                     ///< The source's at `position`, encoded, once that is the one to stop at.
};

Bytes encode_copy_point(const CopyPoint& point);
/// `corruption` when damaged, `unsupported` when of another format.
CopyPoint decode_copy_point(bytes_view row);

}  // namespace strata::follow
