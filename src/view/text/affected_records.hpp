// Which records of a collection the log says may have changed.
#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "codec/hash.hpp"
#include "commit/source.hpp"

namespace strata::view::text {

struct AffectedRecords {
  std::set<Bytes> keys;
  struct Range {
    Bytes begin;
    Bytes end;  ///< Empty: to the end.
  };
  std::vector<Range> ranges;  ///< Every record in them.
  Position reached;           ///< Every entry up to this one has been looked at.
  codec::Hash128 chain;       ///< After the entry at `reached`, if one was looked at.
  bool none() const { return keys.empty() && ranges.empty(); }
};

/// Reads the entries after `from` and up to `until` (at most the state of the source), but stops behind the entry with
/// which there are `keys_max`. `gap` when the log was trimmed beyond `from`.
AffectedRecords affected_records(commit::Source& source, engine::Space records, Position from, Position until,
                                 std::size_t keys_max);

}  // namespace strata::view::text
