// Sets of the values that an index entry's field may have, as ranges of their ordered encodings.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "filter/expression.hpp"
#include "filter/index_ranges.hpp"
#include "strata/types.hpp"

namespace strata::filter {

/// Encodings from `begin` to before `end`; an empty `end` is above all.
struct FieldInterval {
  Bytes begin;
  Bytes end;
  bool is_value = false;  ///< Holds one value and no other.
};

struct FieldSet {
  std::vector<FieldInterval> intervals;  ///< Ascending, disjoint.
  Narrowing narrowing = Narrowing::none;
  bool exact = false;  ///< A record with a value in the set meets the condition.

  static FieldSet all(bool exact) { return {{{{}, {}, false}}, Narrowing::none, exact}; }
  static FieldSet nothing() { return {{}, Narrowing::values, true}; }
  /// Whether every interval is a single value.
  bool is_values() const;
};

FieldSet united(FieldSet a, FieldSet b);
FieldSet intersected(const FieldSet& a, const FieldSet& b);

/// Tells which values of one field a condition leaves.
class FieldAnalysis {
 public:
  explicit FieldAnalysis(const IndexedField& field);
  /// Of the records' keys, encoded as they are.
  static FieldAnalysis of_key();

  /// A record that meets the condition has a value of the set among its entries.
  FieldSet of(const Condition& condition) const;
  /// Likewise for all of the conditions together. `used` is set for those that the set stands for exactly.
  FieldSet of_all(const std::vector<ConditionPointer>& conditions, std::vector<bool>* used = nullptr) const;

 private:
  enum class Band { booleans, numbers, times, texts };

  FieldAnalysis() = default;

  bool is_about(const Operand& operand) const;
  /// `operand` is this field followed by [*].
  bool is_about_elements(const Operand& operand) const;

  FieldSet of_form(const Constant& constant) const;
  FieldSet of_form(const All& all) const;
  FieldSet of_form(const Any& any) const;
  FieldSet of_form(const Not& inverse) const;
  FieldSet of_form(const Compare& compare) const;
  FieldSet of_form(const Between& between) const;
  FieldSet of_form(const In& in) const;
  FieldSet of_form(const Like& like) const;
  FieldSet of_form(const Contains& contains) const;
  FieldSet of_form(const Presence& presence) const;

  template <class Form>
  FieldSet about(const Form& form, bool by_constants, FieldSet (FieldAnalysis::*positive)(const Form&) const) const;
  FieldSet between_constants(const Between& between) const;
  FieldSet compared_with_constant(const Compare& compare) const;
  FieldSet listed(const In& in) const;
  FieldSet like_pattern(const Like& like) const;

  FieldSet compared(Comparison comparison, const Operand& constant, bool text_begins_with_digit = false) const;
  FieldSet compared(Comparison comparison, Time time) const;
  FieldSet compared(Comparison comparison, ValueView value, bool text_begins_with_digit) const;
  FieldSet equal_to_composite(ValueView value) const;
  /// Integers that are entered as times.
  FieldSet times_of_numbers(Comparison comparison, ValueView value) const;
  /// Texts that are entered as times, of which only the order as texts is known.
  FieldSet times_of_texts(Comparison comparison, std::string_view text, bool text_begins_with_digit) const;
  FieldSet not_null() const;

  Bytes entered(ValueView value) const;
  Bytes after(const Bytes& encoded) const;
  Bytes band_begin(Band band) const;
  Bytes band_end(Band band) const;
  FieldSet single(Bytes encoded) const;
  FieldSet band(Band band) const;
  FieldSet within(Band band, Comparison comparison, const Bytes& encoded) const;

  Path path_;
  bool time_ = false;
  bool may_hold_array_ = true;
  bool may_hold_text_ = true;
  bool plain_key_ = false;
};

}  // namespace strata::filter
