#include "filter/index_ranges.hpp"

#include <algorithm>
#include <utility>

#include "codec/ordered.hpp"
#include "filter/field_set.hpp"

namespace strata::filter {
namespace {

std::vector<ConditionPointer> conjuncts(const ConditionPointer& condition) {
  if (const auto* all = std::get_if<All>(&condition->form)) return all->parts;
  const auto* constant = std::get_if<Constant>(&condition->form);
  return constant && constant->truth ? std::vector<ConditionPointer>() : std::vector{condition};
}

IndexRange with_prefix(const Bytes& prefix, const FieldInterval& interval) {
  return {prefix + interval.begin, interval.end.empty() ? codec::prefix_end(prefix) : prefix + interval.end};
}

/// Each prefix followed by each interval: ascending and disjoint when both are.
std::vector<IndexRange> product(const std::vector<Bytes>& prefixes, const std::vector<FieldInterval>& intervals) {
  std::vector<IndexRange> ranges;
  ranges.reserve(prefixes.size() * intervals.size());
  for (const Bytes& prefix : prefixes) {
    for (const FieldInterval& interval : intervals) ranges.push_back(with_prefix(prefix, interval));
  }
  return ranges;
}

/// Bounds beyond the bytes that a cut entry keeps would miss entries that were cut. Returns whether one had to move.
bool widen_to_kept_bytes(std::vector<IndexRange>& ranges) {
  bool moved = false;
  for (IndexRange& range : ranges) {
    if (range.begin.size() > codec::indexed_part_bytes_kept) {
      range.begin.resize(codec::indexed_part_bytes_kept);
      moved = true;
    }
    if (range.end.size() > codec::indexed_part_bytes_kept) {
      range.end = codec::prefix_end(range.end.substr(0, codec::indexed_part_bytes_kept));
      moved = true;
    }
  }
  if (!moved) return false;
  std::vector<IndexRange> merged;
  for (IndexRange& next : ranges) {
    if (merged.empty() || (!merged.back().end.empty() && merged.back().end < next.begin)) {
      merged.push_back(std::move(next));
    } else if (!merged.back().end.empty() && (next.end.empty() || merged.back().end < next.end)) {
      merged.back().end = std::move(next.end);
    }
  }
  ranges = std::move(merged);
  return true;
}

class RangeBuilder {
 public:
  explicit RangeBuilder(const ConditionPointer& condition)
      : conjuncts_(conjuncts(condition)), expressed_(conjuncts_.size(), false) {}

  /// Adds the next field. Returns false when no further field can narrow the ranges.
  bool add(const FieldAnalysis& field) {
    std::vector<bool> used;
    FieldSet set = field.of_all(conjuncts_, &used);
    if (set.intervals.empty()) {
      // Not even one value of this field is left, so no record is.
      result_ = IndexRanges{{}, result_.fields_equal, result_.fields_single, Narrowing::values, true};
      decided_ = true;
      return false;
    }
    if (set.narrowing == Narrowing::none) return false;
    if (prefixes_.size() * set.intervals.size() > index_ranges_max) {
      if (prefixes_.size() > 1) return false;
      const FieldInterval hull{set.intervals.front().begin, set.intervals.back().end, false};
      set.intervals = {hull};
      set.narrowing = std::max(set.narrowing, Narrowing::interval);
      used.assign(used.size(), false);
    }
    for (std::size_t i = 0; i < used.size(); ++i) expressed_[i] = expressed_[i] || used[i];
    if (!set.is_values()) {
      result_.ranges = product(prefixes_, set.intervals);
      result_.next = set.narrowing;
      return false;
    }
    const bool all_single = result_.fields_single == result_.fields_equal;
    if (all_single && set.intervals.size() == 1) ++result_.fields_single;
    ++result_.fields_equal;
    std::vector<Bytes> longer;
    for (const IndexRange& range : product(prefixes_, set.intervals)) longer.push_back(range.begin);
    prefixes_ = std::move(longer);
    return true;
  }

  IndexRanges finish() && {
    if (decided_) return std::move(result_);
    if (result_.ranges.empty()) {
      for (const Bytes& prefix : prefixes_) result_.ranges.push_back({prefix, codec::prefix_end(prefix)});
    }
    result_.exact = std::all_of(expressed_.begin(), expressed_.end(), [](bool one) { return one; });
    return std::move(result_);
  }

 private:
  std::vector<ConditionPointer> conjuncts_;
  std::vector<bool> expressed_;
  std::vector<Bytes> prefixes_{Bytes()};
  IndexRanges result_;
  bool decided_ = false;
};

}  // namespace

IndexRanges index_ranges(const ConditionPointer& condition, const IndexShape& shape) {
  RangeBuilder builder(condition);
  for (const IndexedField& field : shape) {
    if (!builder.add(FieldAnalysis(field))) break;
  }
  IndexRanges result = std::move(builder).finish();
  if (widen_to_kept_bytes(result.ranges)) result.exact = false;
  return result;
}

IndexRanges key_ranges(const ConditionPointer& condition) {
  const FieldSet set = FieldAnalysis::of_key().of_all(conjuncts(condition));
  IndexRanges result;
  result.next = set.narrowing;
  result.exact = set.exact;
  if (set.intervals.size() > index_ranges_max) {
    result.ranges = {{set.intervals.front().begin, set.intervals.back().end}};
    result.next = Narrowing::interval;
    result.exact = false;
    return result;
  }
  for (const FieldInterval& interval : set.intervals) result.ranges.push_back({interval.begin, interval.end});
  result.fields_equal = !set.intervals.empty() && set.is_values() ? 1 : 0;
  result.fields_single = result.fields_equal == 1 && set.intervals.size() == 1 ? 1 : 0;
  if (result.fields_equal == 1) result.next = Narrowing::none;
  return result;
}

}  // namespace strata::filter
