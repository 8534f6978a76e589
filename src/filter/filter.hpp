// The filter expression: what `--where` and Query::where say about records.
//
//   kind = 'note' and score >= 0.5 and tags contains 'x' and updated > ago('7d')
//
// Conditions   a = b  != (<>)  <  <=  >  >=   a [not] in (1, 2)   a [not] in :list   a [not] between 1 and 5
//              a [not] like 'x%'   a [not] contains 'x'   a is [not] null   a [not] exists   exists(a)
//              joined by and, or, not and parentheses; `not` binds closest, then `and`. Keywords: any case.
// Fields       a.b[0].c   a[*].b (every element)   "a b".c   $ (the whole body)   $.created (the body's own `created`)
// Properties   created updated (also _created _updated) _expires: times;   _key: text;   _version: a number
// Values       'text' ('' is a quote)   5  -0.5  1e3   true  false   :parameter
// Functions    now()   ago('7d')   time(x): text or microseconds as a time   lower(x): ASCII letters   length(x):
//              characters, elements or members
// like         % any characters, _ one character, \ before one that is meant literally; case matters
//
// Logic is two-valued: every condition is true or false of every record.
// - A comparison is false where the field is missing or null, or of another type than the value. So are `!=` and the
//   forms with `not` before in, between, like and contains where it is missing or null; elsewhere they are the
//   opposite. `not (...)` is always the exact opposite: `not (a = 1)` holds where `a` is missing, `a != 1` does not.
// - `is null` holds for null and missing, `exists` for null and all else that is present.
// - A comparison of a field that is an array holds if it does for any element; `between` needs one element that meets
//   both bounds; `!=` holds if no element is equal. After [*] it looks at the elements named, and not into them.
// - `contains`: an array has that element, or a text has that part.
// - Numbers compare exactly, integers with doubles too; text by its bytes; false before true. Arrays and objects, from
//   parameters, only by = and !=.
// - A time compared with a field takes the field's text as ISO 8601, and a number as microseconds since 1970; text that
//   is no time never matches. Text compared with `created`, `updated`, `_expires` or a function's time is read once,
//   and refused if it is no time. Text compared with a body field is compared as text: write time('...') for a moment.
// - On the right of a comparison with a field, another body field is written with `$.`: a bare name there is refused,
//   for it nearly always is a text that lacks its quotes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filter/evaluation.hpp"
#include "filter/expression.hpp"
#include "filter/index_ranges.hpp"
#include "filter/parser.hpp"

namespace strata::filter {

/// Immutable; copies share; use from any thread.
class Filter {
 public:
  /// Matches everything.
  Filter();

  /// Reads an expression; empty text matches everything. `now` is what now() and ago() mean. Each parameter must be
  /// used, each `:name` must be given. `invalid_argument`, or `limit_exceeded` for expression_bytes_max,
  /// expression_depth_max, list_items_max, path_steps_max and pattern_bytes_max; messages are one line with the column.
  static Filter parse(std::string_view text, Time now, const Parameters& parameters = {});

  bool matches(const RecordView& record) const { return filter::matches(*condition_, record); }

  /// This, and updated >= since, and updated < until.
  Filter updated_between(std::optional<Time> since, std::optional<Time> until) const;

  /// In one canonical form, parameters and times filled in. parse() reads it back, unless a parameter was an array or
  /// object outside of `in`.
  std::string to_string() const { return filter::to_string(*condition_); }
  /// Matches everything.
  bool is_trivial() const;
  /// The fields and properties that it looks at, each once, in order.
  std::vector<std::string> paths() const;

  /// The ranges of the index that hold all matches; see there for what they rely on.
  IndexRanges ranges_for(const IndexShape& shape) const { return index_ranges(condition_, shape); }
  /// Likewise of the records by their keys: a range here is one of user keys.
  IndexRanges ranges_of_keys() const { return key_ranges(condition_); }

 private:
  explicit Filter(ConditionPointer condition) : condition_(std::move(condition)) {}

  ConditionPointer condition_;
};

}  // namespace strata::filter
