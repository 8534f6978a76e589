#include "filter/evaluation.hpp"

#include <algorithm>
#include <compare>
#include <functional>
#include <limits>

namespace strata::filter {
namespace {

/// One value in the shape in which values are compared: texts and times apart from what is stored as MessagePack.
struct Datum {
  enum class Kind { null, boolean, number, text, time, composite };
  Kind kind = Kind::null;
  ValueView value;  ///< Of a boolean, number or composite.
  std::string_view text;
  Time time;

  static Datum of(ValueView value) {
    Datum datum;
    datum.value = value;
    switch (value.type()) {
      case ValueType::missing:
      case ValueType::null:
        break;
      case ValueType::boolean:
        datum.kind = Kind::boolean;
        break;
      case ValueType::integer:
      case ValueType::number:
        datum.kind = Kind::number;
        break;
      case ValueType::string:
        datum.kind = Kind::text;
        datum.text = value.as_string();
        break;
      case ValueType::array:
      case ValueType::object:
        datum.kind = Kind::composite;
        break;
    }
    return datum;
  }

  static Datum of(std::string_view text) {
    Datum datum;
    datum.kind = Kind::text;
    datum.text = text;
    return datum;
  }

  static Datum of(Time time) {
    Datum datum;
    datum.kind = Kind::time;
    datum.time = time;
    return datum;
  }

  bool is_array() const { return kind == Kind::composite && value.type() == ValueType::array; }
};

using Visitor = std::function<bool(const Datum&)>;

std::partial_ordering compare_with_time(Time time, const Datum& other) {
  switch (other.kind) {
    case Datum::Kind::time:
      return time <=> other.time;
    case Datum::Kind::number:
      return compare(Value(static_cast<long long>(time.micros)).view(), other.value);
    case Datum::Kind::text:
      if (const auto parsed = Time::parse(other.text)) return time <=> *parsed;
      return std::partial_ordering::unordered;
    default:
      return std::partial_ordering::unordered;
  }
}

/// Unordered: the two do not compare, so every comparison of them is false.
std::partial_ordering compare_data(const Datum& a, const Datum& b) {
  if (a.kind == Datum::Kind::time) return compare_with_time(a.time, b);
  if (b.kind == Datum::Kind::time) return 0 <=> compare_with_time(b.time, a);
  if (a.kind != b.kind || a.kind == Datum::Kind::null) return std::partial_ordering::unordered;
  if (a.kind == Datum::Kind::text) return a.text <=> b.text;
  const std::partial_ordering order = compare(a.value, b.value);
  if (a.kind == Datum::Kind::composite && order != 0) return std::partial_ordering::unordered;
  return order;
}

bool holds(const Datum& a, Comparison comparison, const Datum& b) {
  const std::partial_ordering order = compare_data(a, b);
  switch (comparison) {
    case Comparison::equal:
      return order == 0;
    case Comparison::less:
      return order < 0;
    case Comparison::less_equal:
      return order <= 0;
    case Comparison::greater:
      return order > 0;
    case Comparison::greater_equal:
      return order >= 0;
  }
  return false;
}

bool any_of_function(const Operand& operand, const RecordView& record, const Visitor& visit);

bool visit_property(const Path& path, const RecordView& record, const Visitor& visit) {
  switch (path.root()) {
    case PathRoot::key:
      return visit(Datum::of(record.key));
    case PathRoot::version: {
      const Value version(static_cast<unsigned long long>(record.version.value));
      return visit(Datum::of(version.view()));
    }
    case PathRoot::created:
      return visit(Datum::of(record.created));
    case PathRoot::updated:
      return visit(Datum::of(record.updated));
    case PathRoot::expires:
      return record.expires && visit(Datum::of(*record.expires));
    case PathRoot::body:
      break;
  }
  return false;
}

/// Calls `visit` with each value that the operand has in this record, until it returns true; returns whether it did.
template <class Visit>
bool any_value(const Operand& operand, const RecordView& record, const Visit& visit) {
  switch (operand.kind) {
    case Operand::Kind::value:
      return visit(Datum::of(operand.value.view()));
    case Operand::Kind::time:
      return visit(Datum::of(operand.time));
    case Operand::Kind::path:
      if (!operand.path.in_body()) return visit_property(operand.path, record, std::cref(visit));
      return operand.path.any(record.body, [&](ValueView value) { return visit(Datum::of(value)); });
    default:
      return any_of_function(operand, record, std::cref(visit));
  }
}

/// Likewise, and with each element of the values that are arrays: these are what a comparison looks at.
template <class Visit>
bool any_element(const Operand& operand, const RecordView& record, const Visit& visit) {
  const bool deeper = operand.kind != Operand::Kind::path || !operand.path.ends_in_every();
  return any_value(operand, record, [&](const Datum& datum) {
    if (visit(datum)) return true;
    if (!deeper || operand.is_constant() || !datum.is_array()) return false;
    for (const auto& member : datum.value) {
      if (visit(Datum::of(member.value))) return true;
    }
    return false;
  });
}

bool visit_lowered(const Datum& datum, const Visitor& visit) {
  if (datum.kind == Datum::Kind::text) return visit(Datum::of(std::string_view(lowered(datum.text))));
  if (!datum.is_array()) return false;
  std::vector<Value> elements;
  for (const auto& member : datum.value) {
    const bool is_text = member.value.type() == ValueType::string;
    elements.push_back(is_text ? Value(lowered(member.value.as_string())) : Value(member.value));
  }
  const Value array = Value::array(elements);
  return visit(Datum::of(array.view()));
}

bool visit_length(const Datum& datum, const Visitor& visit) {
  std::optional<std::size_t> length;
  if (datum.kind == Datum::Kind::text) {
    length = static_cast<std::size_t>(std::count_if(
        datum.text.begin(), datum.text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  } else if (datum.kind == Datum::Kind::composite) {
    length = datum.value.size();
  }
  if (!length) return false;
  const Value value(static_cast<unsigned long long>(*length));
  return visit(Datum::of(value.view()));
}

bool visit_time(const Datum& datum, const Visitor& visit) {
  if (datum.kind == Datum::Kind::time) return visit(datum);
  const auto time = datum.kind == Datum::Kind::text ? Time::parse(datum.text) : time_of(datum.value);
  return time && visit(Datum::of(*time));
}

bool any_of_function(const Operand& operand, const RecordView& record, const Visitor& visit) {
  const Operand& argument = *operand.argument;
  switch (operand.kind) {
    case Operand::Kind::lower:
      return any_value(argument, record, [&](const Datum& datum) { return visit_lowered(datum, visit); });
    case Operand::Kind::length:
      return any_value(argument, record, [&](const Datum& datum) { return visit_length(datum, visit); });
    case Operand::Kind::to_time:
      return any_element(argument, record, [&](const Datum& datum) { return visit_time(datum, visit); });
    default:
      return false;
  }
}

bool is_there(const Operand& operand, const RecordView& record) {
  return any_value(operand, record, [](const Datum& datum) { return datum.kind != Datum::Kind::null; });
}

/// The reading of `negated` that all conditions share.
bool settled(const Operand& left, bool negated, bool outcome, const RecordView& record) {
  return negated ? !outcome && is_there(left, record) : outcome;
}

bool listed(const In& in, const Datum& datum) {
  const auto has_time = [&](Time time) { return std::binary_search(in.times.begin(), in.times.end(), time); };
  const auto has_value = [&](auto before_datum, auto datum_before) {
    const auto found = std::partition_point(in.values.begin(), in.values.end(), before_datum);
    return found != in.values.end() && !datum_before(*found);
  };
  switch (datum.kind) {
    case Datum::Kind::null:
      return false;
    case Datum::Kind::time:
      return has_time(datum.time);
    case Datum::Kind::text: {
      const auto order = [&](const Value& value) -> std::strong_ordering {
        if (value.type() == ValueType::string) return value.as_string() <=> datum.text;
        return value.type() < ValueType::string ? std::strong_ordering::less : std::strong_ordering::greater;
      };
      if (has_value([&](const Value& value) { return order(value) < 0; },
                    [&](const Value& value) { return order(value) > 0; })) {
        return true;
      }
      if (in.times.empty()) return false;
      const auto time = Time::parse(datum.text);
      return time && has_time(*time);
    }
    default: {
      const auto order = [&](const Value& value) { return compare(value.view(), datum.value); };
      if (has_value([&](const Value& value) { return order(value) < 0; },
                    [&](const Value& value) { return order(value) > 0; })) {
        return true;
      }
      return std::any_of(in.times.begin(), in.times.end(),
                         [&](Time time) { return compare_with_time(time, datum) == 0; });
    }
  }
}

struct Evaluator {
  const RecordView& record;

  bool operator()(const Constant& constant) const { return constant.truth; }

  bool operator()(const All& all) const {
    return std::all_of(all.parts.begin(), all.parts.end(),
                       [&](const ConditionPointer& part) { return matches(*part, record); });
  }

  bool operator()(const Any& any) const {
    return std::any_of(any.parts.begin(), any.parts.end(),
                       [&](const ConditionPointer& part) { return matches(*part, record); });
  }

  bool operator()(const Not& inverse) const { return !matches(*inverse.part, record); }

  bool operator()(const Compare& compare) const {
    const bool outcome = any_element(compare.left, record, [&](const Datum& left) {
      return any_element(compare.right, record,
                         [&](const Datum& right) { return holds(left, compare.comparison, right); });
    });
    if (compare.negated && !compare.right.is_constant() && !is_there(compare.right, record)) return false;
    return settled(compare.left, compare.negated, outcome, record);
  }

  bool operator()(const Between& between) const {
    const bool outcome = any_element(between.left, record, [&](const Datum& left) {
      return any_element(between.low, record,
                         [&](const Datum& low) { return holds(left, Comparison::greater_equal, low); }) &&
             any_element(between.high, record,
                         [&](const Datum& high) { return holds(left, Comparison::less_equal, high); });
    });
    return settled(between.left, between.negated, outcome, record);
  }

  bool operator()(const In& in) const {
    const bool outcome = any_element(in.left, record, [&](const Datum& left) { return listed(in, left); });
    return settled(in.left, in.negated, outcome, record);
  }

  bool operator()(const Like& like) const {
    const bool outcome = any_element(like.left, record, [&](const Datum& left) {
      return left.kind == Datum::Kind::text && like.pattern.matches(left.text);
    });
    return settled(like.left, like.negated, outcome, record);
  }

  bool operator()(const Contains& contains) const {
    const bool outcome = any_value(contains.left, record, [&](const Datum& left) {
      return any_value(contains.right, record, [&](const Datum& right) { return contained(left, right); });
    });
    return settled(contains.left, contains.negated, outcome, record);
  }

  bool operator()(const Presence& presence) const {
    const bool there = any_value(
        presence.left, record, [&](const Datum& datum) { return presence.or_null || datum.kind != Datum::Kind::null; });
    return there != presence.negated;
  }

  static bool contained(const Datum& whole, const Datum& part) {
    if (whole.kind == Datum::Kind::text) {
      return part.kind == Datum::Kind::text && whole.text.find(part.text) != std::string_view::npos;
    }
    if (!whole.is_array()) return false;
    return std::any_of(whole.value.begin(), whole.value.end(), [&](const ValueView::Member& member) {
      return holds(Datum::of(member.value), Comparison::equal, part);
    });
  }
};

}  // namespace

bool matches(const Condition& condition, const RecordView& record) {
  return std::visit(Evaluator{record}, condition.form);
}

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::optional<std::size_t> length_of(ValueView value) {
  std::optional<std::size_t> length;
  visit_length(Datum::of(value), [&](const Datum& datum) {
    length = static_cast<std::size_t>(datum.value.as_uint());
    return true;
  });
  return length;
}

std::optional<Time> time_of(ValueView value) {
  if (value.type() == ValueType::string) return Time::parse(value.as_string());
  if (value.type() != ValueType::integer) return std::nullopt;
  if (compare(value, Value(std::numeric_limits<long long>::max()).view()) > 0) return std::nullopt;
  return Time{value.as_int()};
}

}  // namespace strata::filter
