// The tree of a filter expression: built once by the parser, never changed, shared by the copies of a Filter.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "filter/path.hpp"
#include "filter/text_pattern.hpp"
#include "strata/types.hpp"
#include "strata/value.hpp"

namespace strata::filter {

/// What is known of an operand before any record is seen. `any`: it depends on the record.
enum class StaticType { any, null, boolean, number, text, time, composite };

struct Operand {
  enum class Kind { value, time, path, lower, length, to_time };
  Kind kind = Kind::value;
  Value value;
  Time time;
  Path path;
  std::shared_ptr<const Operand> argument;  ///< Of a function.

  bool is_constant() const { return kind == Kind::value || kind == Kind::time; }
  StaticType type() const;
  std::string to_string(bool on_the_right = false) const;
};

struct Condition;
using ConditionPointer = std::shared_ptr<const Condition>;

struct Constant {
  bool truth = true;
};

struct All {
  std::vector<ConditionPointer> parts;
};

struct Any {
  std::vector<ConditionPointer> parts;
};

struct Not {
  ConditionPointer part;
};

enum class Comparison { equal, less, less_equal, greater, greater_equal };

// `negated`, in all that follow: the left side is there, and not null, and the condition without `not` is false.

struct Compare {
  Operand left;
  Comparison comparison = Comparison::equal;
  bool negated = false;  ///< Only of `equal`: this is `!=`.
  Operand right;
};

struct Between {
  Operand left;
  bool negated = false;
  Operand low;
  Operand high;
};

struct In {
  Operand left;
  bool negated = false;
  std::vector<Value> values;  ///< Ascending, none twice.
  std::vector<Time> times;    ///< Likewise.
};

struct Like {
  Operand left;
  bool negated = false;
  TextPattern pattern;
};

struct Contains {
  Operand left;
  bool negated = false;
  Operand right;
};

/// `exists`, or `is not null`; negated, its exact opposite.
struct Presence {
  Operand left;
  bool or_null = false;  ///< A null counts: this is `exists`.
  bool negated = false;
};

struct Condition {
  std::variant<Constant, All, Any, Not, Compare, Between, In, Like, Contains, Presence> form;
};

template <class Form>
ConditionPointer make_condition(Form form) {
  return std::make_shared<const Condition>(Condition{std::move(form)});
}

ConditionPointer make_all(std::vector<ConditionPointer> parts);
ConditionPointer make_any(std::vector<ConditionPointer> parts);
ConditionPointer make_not(ConditionPointer part);

std::string_view to_string(Comparison comparison);
/// The comparison with its sides exchanged.
Comparison mirrored(Comparison comparison);
/// Fit for a message: `a number`, `text`, ...
std::string_view to_string(StaticType type);
/// The expression that reads back as this one, except where a parameter was an array or object (there: JSON).
std::string to_string(const Condition& condition);
/// Calls `visit` with every path in the tree.
void for_each_path(const Condition& condition, const std::function<void(const Path&)>& visit);

}  // namespace strata::filter
