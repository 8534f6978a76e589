// What the log says has changed since a point, for one who wants to know the last state of each key.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "codec/log_entry.hpp"
#include "commit/source.hpp"
#include "strata/subscription.hpp"

namespace strata::follow {

struct TailChange {
  engine::Space space;
  Bytes key;
  codec::Operation operation = codec::Operation::put;  ///< `put` where the row was but touched.
  Position position;                                   ///< Of the entry.
  std::uint64_t ordinal = 0;                           ///< Of the change in its entry, from 0.
};

/// How a change is wanted.
enum class Wanted {
  no,
  last,   ///< The last one of a key alone.
  every,  ///< Each, in its place.
};

struct Wish {
  Wish(Wanted wanted) : how(wanted) {}  // NOLINT(google-explicit-constructor): most wish for nothing else
  /// The change touches the row under the same key of that space, which what is changed belongs to, and counts as the
  /// last change of that row. What touches a row that has been erased is no change.
  static Wish touch(engine::Space space) {
    Wish wish(Wanted::last);
    wish.touched = space;
    return wish;
  }

  Wanted how;
  std::optional<engine::Space> touched;
};

struct Tail {
  std::vector<TailChange> changes;  ///< In commit order. One that a later one of its key supersedes is left out.
  Position reached;                 ///< Every entry up to this one has been looked at.
  bool whole = false;               ///< That is all there is in the state of the source.
};

/// Reads the entries after `from` until about `changes_max` changes are wanted; an entry is never cut. A key that
/// changes again beyond that comes again later. `gap` when the log was trimmed beyond `from`.
Tail read_tail(commit::Source& source, const ResumePoint& from, const std::function<Wish(const codec::Change&)>& wanted,
               std::size_t changes_max);

/// The chain hash after the entry at `position`; nothing when the log no longer holds that entry.
std::optional<codec::Hash128> chain_at(commit::Source& source, Position position);

}  // namespace strata::follow
