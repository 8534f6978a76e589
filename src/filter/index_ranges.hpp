// What a filter asks of an index: the ranges of entries that hold everything it can match.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "filter/expression.hpp"
#include "strata/types.hpp"

namespace strata::filter {

/// A field of an index, and how its values became entries. The ranges rely on this:
/// - Each field of an entry is append_ordered() of the value at the path. A record has at least one entry, also when
///   the value is null or missing.
/// - A non-empty array gives an entry for each element, an empty one an entry of itself.
/// - In a time field, text and integers that stand for a time (time_of()) are entered as Time, other values as they
///   are. `created` and `updated` are Times.
/// - With several fields there is an entry for each combination.
struct IndexedField {
  std::string path;   ///< As in ValueView::at, or `created` / `updated`, the record's own times.
  bool time = false;  ///< Set by itself for `created` and `updated`.
  /// Known to hold no array in any record: then two conditions on it narrow each other.
  bool may_hold_array = true;
  /// Known to hold no text outside of arrays in any record: then `contains 'x'` needs only the entries of 'x'.
  bool may_hold_text = true;
};

using IndexShape = std::vector<IndexedField>;

/// Indexed parts from `begin` to before `end`; an empty `end` is above all.
struct IndexRange {
  Bytes begin;
  Bytes end;
  friend bool operator==(const IndexRange&, const IndexRange&) = default;
};

/// What is left open by the narrowest condition on a field.
enum class Narrowing {
  values,    ///< Some values.
  interval,  ///< Between two bounds, or a text's prefix.
  half,      ///< One bound.
  present,   ///< Not null, or of some type.
  none,
};

struct IndexRanges {
  /// Ascending, disjoint. A record that matches has an entry in one of them; one may have several. Empty: nothing
  /// can match.
  std::vector<IndexRange> ranges;
  std::size_t fields_equal = 0;      ///< Leading fields that are fixed to values.
  std::size_t fields_single = 0;     ///< Leading fields that are fixed to one value each: entries are in the order
                                     ///< of the fields after these.
  Narrowing next = Narrowing::none;  ///< How the field after these is narrowed.
  bool exact = false;                ///< Every record with an entry in the ranges matches: none need be rechecked.

  /// Whether the index is of any use for finding (it may still be for ordering).
  bool narrows() const { return ranges.empty() || fields_equal > 0 || next != Narrowing::none; }
};

/// Beyond, ranges are merged or a field is left out.
inline constexpr std::size_t index_ranges_max = 1000;

IndexRanges index_ranges(const ConditionPointer& condition, const IndexShape& shape);
/// Likewise over the records' keys, as they are.
IndexRanges key_ranges(const ConditionPointer& condition);

}  // namespace strata::filter
