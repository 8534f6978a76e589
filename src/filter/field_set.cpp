#include "filter/field_set.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

#include "codec/ordered.hpp"
#include "filter/evaluation.hpp"

namespace strata::filter {
namespace {

Bytes encoded(ValueView value) {
  Bytes out;
  codec::append_ordered(out, value);
  return out;
}

Bytes encoded(Time time) {
  Bytes out;
  codec::append_ordered(out, time);
  return out;
}

/// Ends compare as if the empty one were above all.
bool end_before(const Bytes& a, const Bytes& b) { return !a.empty() && (b.empty() || a < b); }

bool is_empty(const FieldInterval& interval) { return !interval.end.empty() && interval.end <= interval.begin; }

/// Sorts and merges; two values that touch stay two values.
void normalise(std::vector<FieldInterval>& intervals) {
  std::erase_if(intervals, is_empty);
  std::sort(intervals.begin(), intervals.end(),
            [](const FieldInterval& a, const FieldInterval& b) { return a.begin < b.begin; });
  std::vector<FieldInterval> merged;
  for (FieldInterval& next : intervals) {
    FieldInterval* last = merged.empty() ? nullptr : &merged.back();
    const bool overlap = last && (last->end.empty() || next.begin < last->end);
    const bool touch = last && next.begin == last->end && !(last->is_value && next.is_value);
    if (!overlap && !touch) {
      merged.push_back(std::move(next));
      continue;
    }
    last->is_value = last->is_value && next.is_value && last->begin == next.begin && last->end == next.end;
    if (end_before(last->end, next.end)) last->end = std::move(next.end);
  }
  intervals = std::move(merged);
}

bool begins_with_digit(std::string_view text) { return !text.empty() && text.front() >= '0' && text.front() <= '9'; }

bool is_below(Comparison comparison) { return comparison == Comparison::less || comparison == Comparison::less_equal; }

}  // namespace

bool FieldSet::is_values() const {
  return std::all_of(intervals.begin(), intervals.end(), [](const FieldInterval& one) { return one.is_value; });
}

FieldSet united(FieldSet a, FieldSet b) {
  FieldSet out{std::move(a.intervals), std::max(a.narrowing, b.narrowing), a.exact && b.exact};
  std::move(b.intervals.begin(), b.intervals.end(), std::back_inserter(out.intervals));
  normalise(out.intervals);
  return out;
}

FieldSet intersected(const FieldSet& a, const FieldSet& b) {
  FieldSet out{{}, std::min(a.narrowing, b.narrowing), a.exact && b.exact};
  if (a.narrowing == Narrowing::half && b.narrowing == Narrowing::half) out.narrowing = Narrowing::interval;
  for (std::size_t i = 0, j = 0; i < a.intervals.size() && j < b.intervals.size();) {
    const FieldInterval& left = a.intervals[i];
    const FieldInterval& right = b.intervals[j];
    const bool left_ends_first = end_before(left.end, right.end);
    FieldInterval common{std::max(left.begin, right.begin), left_ends_first ? left.end : right.end,
                         left.is_value || right.is_value};
    if (!is_empty(common)) out.intervals.push_back(std::move(common));
    ++(left_ends_first ? i : j);
  }
  return out;
}

FieldAnalysis::FieldAnalysis(const IndexedField& field)
    : path_(Path::parse_index_field(field.path)),
      time_(field.time || !path_.in_body()),
      may_hold_array_(field.may_hold_array && path_.in_body()),
      may_hold_text_(field.may_hold_text && path_.in_body()) {}

FieldAnalysis FieldAnalysis::of_key() {
  FieldAnalysis analysis;
  analysis.path_ = Path(PathRoot::key, {});
  analysis.may_hold_array_ = false;
  analysis.plain_key_ = true;
  return analysis;
}

FieldSet FieldAnalysis::of(const Condition& condition) const {
  return std::visit([&](const auto& form) { return of_form(form); }, condition.form);
}

FieldSet FieldAnalysis::of_all(const std::vector<ConditionPointer>& conditions, std::vector<bool>* used) const {
  if (used) used->assign(conditions.size(), false);
  FieldSet narrowest = FieldSet::all(true);
  std::size_t chosen = conditions.size();
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    FieldSet set = of(*conditions[i]);
    if (!may_hold_array_) {
      if (used) (*used)[i] = set.exact;
      narrowest = intersected(narrowest, set);
      continue;
    }
    // Different elements of one array may meet different conditions, so only one of them can narrow.
    const auto rank = [](const FieldSet& s) { return std::pair(s.narrowing, s.is_values() ? s.intervals.size() : 0); };
    if (chosen == conditions.size() || rank(set) < rank(narrowest)) {
      narrowest = std::move(set);
      chosen = i;
    }
  }
  if (!may_hold_array_) return narrowest;
  if (used && chosen < conditions.size()) (*used)[chosen] = narrowest.exact;
  narrowest.exact = narrowest.exact && conditions.size() <= 1;
  return narrowest;
}

bool FieldAnalysis::is_about(const Operand& operand) const {
  return operand.kind == Operand::Kind::path && operand.path == path_;
}

bool FieldAnalysis::is_about_elements(const Operand& operand) const {
  if (operand.kind != Operand::Kind::path || !operand.path.in_body() || !operand.path.ends_in_every()) return false;
  const auto& steps = operand.path.steps();
  return path_.in_body() && std::equal(steps.begin(), steps.end() - 1, path_.steps().begin(), path_.steps().end());
}

FieldSet FieldAnalysis::of_form(const Constant& constant) const {
  return constant.truth ? FieldSet::all(true) : FieldSet::nothing();
}

FieldSet FieldAnalysis::of_form(const All& all) const { return of_all(all.parts); }

FieldSet FieldAnalysis::of_form(const Any& any) const {
  FieldSet set = FieldSet::nothing();
  for (const ConditionPointer& part : any.parts) {
    FieldSet next = of(*part);
    if (next.narrowing == Narrowing::none) return FieldSet::all(set.exact && next.exact);
    set.narrowing = std::max(set.narrowing, next.narrowing);
    set.exact = set.exact && next.exact;
    std::move(next.intervals.begin(), next.intervals.end(), std::back_inserter(set.intervals));
  }
  normalise(set.intervals);
  return set;
}

FieldSet FieldAnalysis::of_form(const Not&) const { return FieldSet::all(false); }

template <class Form>
FieldSet FieldAnalysis::about(const Form& form, bool by_constants,
                              FieldSet (FieldAnalysis::*positive)(const Form&) const) const {
  const bool elements = is_about_elements(form.left);
  if (!elements && !is_about(form.left)) return FieldSet::all(false);
  if (form.negated) return elements ? FieldSet::all(false) : not_null();
  if (!by_constants) return elements ? FieldSet::all(false) : not_null();
  FieldSet set = (this->*positive)(form);
  if (elements) set.exact = false;
  return set;
}

FieldSet FieldAnalysis::of_form(const Compare& compare) const {
  return about(compare, compare.right.is_constant(), &FieldAnalysis::compared_with_constant);
}

FieldSet FieldAnalysis::of_form(const Between& between) const {
  return about(between, between.low.is_constant() && between.high.is_constant(), &FieldAnalysis::between_constants);
}

FieldSet FieldAnalysis::of_form(const In& in) const { return about(in, true, &FieldAnalysis::listed); }

FieldSet FieldAnalysis::of_form(const Like& like) const { return about(like, true, &FieldAnalysis::like_pattern); }

FieldSet FieldAnalysis::of_form(const Contains& contains) const {
  if (!is_about(contains.left)) return FieldSet::all(false);
  if (contains.negated || !contains.right.is_constant()) return not_null();
  FieldSet set = compared(Comparison::equal, contains.right);
  set.exact = false;
  if (contains.right.type() != StaticType::text || !may_hold_text_) return set;
  set = united(std::move(set), band(Band::texts));
  return time_ ? united(std::move(set), band(Band::times)) : set;
}

FieldSet FieldAnalysis::of_form(const Presence& presence) const {
  if (!is_about(presence.left)) return FieldSet::all(false);
  if (plain_key_) return presence.negated ? FieldSet::nothing() : FieldSet::all(true);
  const Bytes missing = encoded(ValueView());
  const Bytes null = encoded(Value(nullptr).view());
  if (!presence.negated) {
    if (!presence.or_null) return not_null();
    return {{{after(missing), {}, false}}, Narrowing::present, true};
  }
  FieldSet set = single(missing);
  // An array of nulls is no null, but its entries are those of one.
  if (!presence.or_null) set = united(std::move(set), single(null));
  set.exact = presence.or_null || !may_hold_array_;
  return set;
}

FieldSet FieldAnalysis::compared_with_constant(const Compare& compare) const {
  return compared(compare.comparison, compare.right);
}

FieldSet FieldAnalysis::between_constants(const Between& between) const {
  const bool digit = between.low.type() == StaticType::text && begins_with_digit(between.low.value.as_string());
  return intersected(compared(Comparison::greater_equal, between.low),
                     compared(Comparison::less_equal, between.high, digit));
}

FieldSet FieldAnalysis::listed(const In& in) const {
  FieldSet set = FieldSet::nothing();
  const auto add = [&](FieldSet next) {
    set.narrowing = std::max(set.narrowing, next.narrowing);
    set.exact = set.exact && next.exact;
    std::move(next.intervals.begin(), next.intervals.end(), std::back_inserter(set.intervals));
  };
  for (const Value& value : in.values) add(compared(Comparison::equal, value.view(), false));
  for (const Time time : in.times) add(compared(Comparison::equal, time));
  normalise(set.intervals);
  return set;
}

FieldSet FieldAnalysis::like_pattern(const Like& like) const {
  const TextPattern& pattern = like.pattern;
  const Value prefix(pattern.prefix());
  if (pattern.is_literal()) return compared(Comparison::equal, prefix.view(), false);
  Bytes begin = plain_key_ ? Bytes(pattern.prefix()) : encoded(prefix.view());
  // The empty text is encoded as what begins a text, one byte, and what ends it.
  if (!plain_key_) begin.resize(begin.size() - (encoded(Value("").view()).size() - 1));
  const bool open = pattern.prefix().empty();
  FieldSet set{
      {{begin, codec::prefix_end(begin), false}}, open ? Narrowing::present : Narrowing::interval, pattern.is_prefix()};
  if (open) set.intervals = band(Band::texts).intervals;
  if (!time_) return set;
  set = united(std::move(set), band(Band::times));
  set.exact = false;
  return set;
}

FieldSet FieldAnalysis::compared(Comparison comparison, const Operand& constant, bool text_begins_with_digit) const {
  if (constant.kind == Operand::Kind::time) return compared(comparison, constant.time);
  return compared(comparison, constant.value.view(), text_begins_with_digit);
}

FieldSet FieldAnalysis::compared(Comparison comparison, Time time) const {
  if (!path_.in_body()) return within(Band::times, comparison, encoded(time));
  const Value micros(static_cast<long long>(time.micros));
  FieldSet set = within(Band::numbers, comparison, encoded(micros.view()));
  if (time_) return united(std::move(set), within(Band::times, comparison, encoded(time)));
  // The order of texts is not the order of the moments that they stand for.
  set = united(std::move(set), band(Band::texts));
  set.exact = false;
  return set;
}

FieldSet FieldAnalysis::compared(Comparison comparison, ValueView value, bool text_begins_with_digit) const {
  switch (value.type()) {
    case ValueType::missing:
    case ValueType::null:
      return FieldSet::nothing();
    case ValueType::boolean:
      return within(Band::booleans, comparison, encoded(value));
    case ValueType::integer:
    case ValueType::number: {
      FieldSet set = within(Band::numbers, comparison, encoded(value));
      if (!time_) return set;
      set = united(std::move(set), times_of_numbers(comparison, value));
      set.exact = false;
      return set;
    }
    case ValueType::string: {
      const Bytes text = plain_key_ ? Bytes(value.as_string()) : encoded(value);
      FieldSet set = within(Band::texts, comparison, text);
      if (!time_) return set;
      set = united(std::move(set), times_of_texts(comparison, value.as_string(), text_begins_with_digit));
      set.exact = false;
      return set;
    }
    case ValueType::array:
    case ValueType::object:
      return equal_to_composite(value);
  }
  return FieldSet::all(false);
}

FieldSet FieldAnalysis::equal_to_composite(ValueView value) const {
  FieldSet set = single(entered(value));
  if (value.type() == ValueType::array && value.size() > 0) {
    set = united(std::move(set), single(entered(value[std::size_t{0}])));
  }
  set.exact = false;
  return set;
}

FieldSet FieldAnalysis::times_of_numbers(Comparison comparison, ValueView value) const {
  if (const auto time = time_of(value)) return within(Band::times, comparison, encoded(*time));
  constexpr double micros_end = 9'223'372'036'854'775'808.0;
  const double number = value.as_double();
  const bool fits = value.type() == ValueType::number && number >= -micros_end && number < micros_end;
  if (!fits) return comparison == Comparison::equal ? FieldSet::nothing() : band(Band::times);
  // Rounded towards zero, an integer on the asked side of the number is on that side of the rounded one, or is it.
  const auto whole = static_cast<std::int64_t>(number);
  if (comparison == Comparison::equal) return within(Band::times, comparison, encoded(Time{whole}));
  return within(Band::times, is_below(comparison) ? Comparison::less_equal : Comparison::greater_equal,
                encoded(Time{whole}));
}

FieldSet FieldAnalysis::times_of_texts(Comparison comparison, std::string_view text,
                                       bool text_begins_with_digit) const {
  if (comparison == Comparison::equal) {
    const auto time = Time::parse(text);
    return time ? single(encoded(*time)) : FieldSet::nothing();
  }
  // Text that begins with a digit has its date first, in four, two and two digits. Its zone moves it by less than a
  // day, and so does the time of day. Text with a sign first may be any time, and is below all digits.
  const bool dated = begins_with_digit(text) && (!is_below(comparison) || text_begins_with_digit);
  if (!dated) return band(Band::times);
  std::optional<Time> near;
  for (const std::string_view rest : {"", "-01", "-01-01"}) {
    if (!near) near = Time::parse(std::string(text) + std::string(rest));
  }
  if (!near) return band(Band::times);
  constexpr auto margin = std::chrono::hours(3 * 24);
  return is_below(comparison) ? within(Band::times, Comparison::less_equal, encoded(*near + margin))
                              : within(Band::times, Comparison::greater_equal, encoded(*near - margin));
}

FieldSet FieldAnalysis::not_null() const {
  if (plain_key_) return FieldSet::all(false);
  // An array that holds nulls has entries of null, and is none itself.
  const Bytes null = encoded(Value(nullptr).view());
  return {{{may_hold_array_ ? null : after(null), {}, false}}, Narrowing::present, false};
}

Bytes FieldAnalysis::entered(ValueView value) const {
  const auto time = time_ ? time_of(value) : std::nullopt;
  return time ? encoded(*time) : encoded(value);
}

Bytes FieldAnalysis::after(const Bytes& encoded_value) const {
  return plain_key_ ? encoded_value + '\0' : codec::prefix_end(encoded_value);
}

Bytes FieldAnalysis::band_begin(Band band) const {
  switch (band) {
    case Band::booleans:
      return encoded(Value(false).view());
    case Band::numbers:
      return encoded(Value(std::numeric_limits<double>::lowest()).view());
    case Band::times:
      return encoded(Time{std::numeric_limits<std::int64_t>::min()});
    case Band::texts:
      return plain_key_ ? Bytes() : encoded(Value("").view());
  }
  return {};
}

Bytes FieldAnalysis::band_end(Band band) const {
  switch (band) {
    case Band::booleans:
      return codec::prefix_end(encoded(Value(true).view()));
    case Band::numbers:
      return codec::prefix_end(encoded(Value(std::numeric_limits<double>::max()).view()));
    case Band::times:
      return codec::prefix_end(encoded(Time{std::numeric_limits<std::int64_t>::max()}));
    case Band::texts:
      // All texts begin with the same byte, and nothing else does.
      return plain_key_ ? Bytes() : codec::prefix_end(encoded(Value("").view()).substr(0, 1));
  }
  return {};
}

FieldSet FieldAnalysis::single(Bytes encoded_value) const {
  Bytes end = after(encoded_value);
  return {{{std::move(encoded_value), std::move(end), true}}, Narrowing::values, true};
}

FieldSet FieldAnalysis::band(Band band) const {
  return {{{band_begin(band), band_end(band), false}}, Narrowing::present, true};
}

FieldSet FieldAnalysis::within(Band band, Comparison comparison, const Bytes& encoded_value) const {
  FieldSet set{{{band_begin(band), band_end(band), false}}, Narrowing::half, true};
  FieldInterval& interval = set.intervals.front();
  switch (comparison) {
    case Comparison::equal:
      return single(encoded_value);
    case Comparison::less:
      // Only the empty key encodes to nothing, and an empty end would be above all.
      if (encoded_value.empty()) return FieldSet::nothing();
      interval.end = encoded_value;
      break;
    case Comparison::less_equal:
      interval.end = after(encoded_value);
      break;
    case Comparison::greater:
      interval.begin = after(encoded_value);
      break;
    case Comparison::greater_equal:
      interval.begin = encoded_value;
      break;
  }
  normalise(set.intervals);
  return set;
}

}  // namespace strata::filter
