// Rows of another store, taken over as they stand there: their totals, digest and expiry follow them, but nothing is
// logged, derived for indexes, or kept as history.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "commit/writer.hpp"
#include "strata/engine.hpp"

namespace strata::follow {

struct MirroredRow {
  engine::Space space;
  Bytes key;
  std::optional<Bytes> row;  ///< Nothing: it is not there.
};

/// A range of a space that is to be empty.
struct EmptyRange {
  engine::Space space;
  Bytes begin;
  Bytes end;
};

/// Works inside one write section.
class Mirror {
 public:
  explicit Mirror(commit::Writer& writer) : writer_(writer) {}

  /// Makes each row what it is in the source. Requires: each key at most once. `corruption` names the record.
  void apply(std::span<const MirroredRow> rows);
  /// Makes a range what it is in the source: `rows`, sorted, are all that it has there, `there` all that it has here.
  void replace(std::span<const MirroredRow> rows, std::span<const MirroredRow> there);
  void empty(const EmptyRange& range);
  /// Takes a space out of the totals; upkeep erases its rows later.
  void drop(engine::Space space);

 private:
  void set(engine::Space space, const Bytes& key, const std::optional<Bytes>& before, const std::optional<Bytes>& now);
  /// What a record adds to the digest, and when it expires.
  struct Effect;
  Effect effect_of(engine::Space space, const Bytes& key, bytes_view row, const char* whose) const;
  void set_expiry(engine::Space space, const Bytes& key, std::optional<Time> before, std::optional<Time> now);

  commit::Writer& writer_;
};

}  // namespace strata::follow
