#include "strata/value.hpp"

#include <cmath>
#include <limits>
#include <span>

#include "codec/json.hpp"
#include "codec/message_pack.hpp"
#include "codec/value_path.hpp"
#include "codec/value_utf8.hpp"
#include "strata/error.hpp"

namespace strata {
namespace {

using codec::Number;

constexpr double two_to_63 = 9223372036854775808.0;
constexpr double two_to_64 = 18446744073709551616.0;

[[noreturn]] void fail_type(ValueView value, std::string_view wanted) {
  throw Error(ErrorCode::invalid_argument, "the value is of type " + std::string(to_string(value.type())) + ", not " +
                                               std::string(wanted) + "; ask type() first, or read it with a default");
}

bool is_numeric(ValueView value) {
  const ValueType type = value.type();
  return type == ValueType::integer || type == ValueType::number;
}

std::optional<std::int64_t> whole_int(ValueView value) {
  if (!is_numeric(value)) return std::nullopt;
  const Number number = codec::read_number(value.encoded());
  if (number.kind == Number::Kind::negative) return number.negative;
  if (number.kind == Number::Kind::natural) {
    if (number.natural > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(number.natural);
  }
  if (!(number.real >= -two_to_63 && number.real < two_to_63) || std::trunc(number.real) != number.real) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(number.real);
}

std::optional<std::uint64_t> whole_uint(ValueView value) {
  if (!is_numeric(value)) return std::nullopt;
  const Number number = codec::read_number(value.encoded());
  if (number.kind == Number::Kind::natural) return number.natural;
  if (number.kind == Number::Kind::negative) return std::nullopt;
  if (!(number.real >= 0 && number.real < two_to_64) || std::trunc(number.real) != number.real) return std::nullopt;
  return static_cast<std::uint64_t>(number.real);
}

std::strong_ordering compare_reals(double a, double b) {
  if (a < b) return std::strong_ordering::less;
  return a > b ? std::strong_ordering::greater : std::strong_ordering::equal;
}

// Exact: the double is split into its whole part, compared as an integer, and the rest.
std::strong_ordering compare_with_real(const Number& integer, double real) {
  const double whole = std::trunc(real);
  std::strong_ordering order = std::strong_ordering::equal;
  if (integer.kind == Number::Kind::natural) {
    if (real < 0) return std::strong_ordering::greater;
    if (real >= two_to_64) return std::strong_ordering::less;
    order = integer.natural <=> static_cast<std::uint64_t>(whole);
  } else {
    if (real >= 0) return std::strong_ordering::less;
    if (real < -two_to_63) return std::strong_ordering::greater;
    order = integer.negative <=> static_cast<std::int64_t>(whole);
  }
  return order != 0 ? order : compare_reals(whole, real);
}

std::strong_ordering compare_numbers(const Number& a, const Number& b) {
  const bool a_real = a.kind == Number::Kind::real;
  const bool b_real = b.kind == Number::Kind::real;
  if (a_real && b_real) return compare_reals(a.real, b.real);
  if (b_real) return compare_with_real(a, b.real);
  if (a_real) return 0 <=> compare_with_real(b, a.real);
  if (a.kind != b.kind)
    return a.kind == Number::Kind::negative ? std::strong_ordering::less : std::strong_ordering::greater;
  return a.kind == Number::Kind::natural ? a.natural <=> b.natural : a.negative <=> b.negative;
}

std::strong_ordering compare_text(std::string_view a, std::string_view b) { return a.compare(b) <=> 0; }

// Integers and doubles are one rank.
int rank(ValueType type) {
  return type == ValueType::number ? static_cast<int>(ValueType::integer) : static_cast<int>(type);
}

std::strong_ordering compare_values(ValueView a, ValueView b, std::size_t level) {
  const ValueType type = a.type();
  if (const auto order = rank(type) <=> rank(b.type()); order != 0) return order;
  switch (type) {
    case ValueType::missing:
    case ValueType::null:
      return std::strong_ordering::equal;
    case ValueType::boolean:
      return a.as_bool() <=> b.as_bool();
    case ValueType::integer:
    case ValueType::number:
      return compare_numbers(codec::read_number(a.encoded()), codec::read_number(b.encoded()));
    case ValueType::string:
      return compare_text(a.as_string(), b.as_string());
    case ValueType::array:
    case ValueType::object:
      break;
  }
  if (level == value_depth_max) codec::fail_encoded("it nests too deep");
  auto in_a = a.begin();
  auto in_b = b.begin();
  for (; in_a != a.end() && in_b != b.end(); ++in_a, ++in_b) {
    if (const auto order = compare_text(in_a->name, in_b->name); order != 0) return order;
    if (const auto order = compare_values(in_a->value, in_b->value, level + 1); order != 0) return order;
  }
  return a.size() <=> b.size();
}

void check_text(std::string_view text) {
  if (!codec::is_utf8(text)) {
    throw Error(ErrorCode::invalid_argument, "a string is not valid UTF-8; convert it, or store bytes as a document");
  }
}

void check_depth(std::size_t depth) {
  if (depth <= value_depth_max) return;
  throw Error(ErrorCode::invalid_argument,
              "a value nests deeper than " + std::to_string(value_depth_max) + " levels; flatten it");
}

template <typename Elements>
Bytes encode_array(const Elements& elements) {
  Bytes out;
  codec::append_array_head(out, elements.size());
  for (const Value& element : elements) {
    check_depth(1 + codec::value_depth(element.encoded()));
    out += element.encoded();
  }
  return out;
}

template <typename Members>
Bytes encode_object(const Members& members) {
  Bytes out;
  std::vector<std::string_view> names;
  names.reserve(members.size());
  codec::append_object_head(out, members.size());
  for (const auto& [name, value] : members) {
    check_text(name);
    check_depth(1 + codec::value_depth(value.encoded()));
    codec::append_string(out, name);
    out += value.encoded();
    names.push_back(name);
  }
  if (const std::string_view repeated = codec::repeated_name(names); repeated.data() != nullptr) {
    throw Error(ErrorCode::invalid_argument,
                "the name \"" + std::string(repeated) + "\" is given twice in one object; drop one");
  }
  return out;
}

[[noreturn]] void fail_change(std::string_view path, const char* reason) {
  throw Error(ErrorCode::invalid_argument, "the path `" + std::string(path) + "` cannot be changed: " + reason +
                                               "; replace the whole member above it");
}

// Where a change by path applies: the innermost object that is there, and the member that was asked for in it.
struct Place {
  bytes_view object;
  bytes_view member;       // name and value; empty when absent
  bytes_view value;        // empty when absent
  std::size_t levels = 0;  // objects around the value, `object` included
};

// Leaves `steps` behind the step whose name is `step`: at the end, or at what has to be made below an absent member.
Place find_place(bytes_view root, std::string_view path, codec::PathReader& steps, codec::PathStep& step) {
  Place place{root, {}, {}, 0};
  steps.next(step);
  for (;;) {
    if (step.is_index) fail_change(path, "it goes through an index");
    if (ValueView(place.object).type() != ValueType::object)
      fail_change(path, "it goes through a value that is no object");
    ++place.levels;
    bytes_view rest = place.object;
    const codec::Token head = codec::read_token(rest);
    rest.remove_prefix(head.head_bytes);
    place.member = place.value = {};
    for (std::uint64_t left = head.length; left != 0 && place.value.empty(); --left) {
      const char* start = rest.data();
      const bool found = codec::take_string(rest) == step.name;
      const bytes_view value = codec::take_value(rest);
      if (!found) continue;
      place.member = {start, static_cast<std::size_t>(rest.data() - start)};
      place.value = value;
    }
    if (place.value.empty() || steps.at_end()) return place;
    place.object = place.value;
    steps.next(step);
  }
}

// `root` with the part `old` of it, which lies in `object`, replaced, and `members` members in `object`.
Bytes replace_member(bytes_view root, bytes_view object, bytes_view old, bytes_view fresh, std::size_t members) {
  const auto object_start = static_cast<std::size_t>(object.data() - root.data());
  const auto old_start = static_cast<std::size_t>(old.data() - root.data());
  const std::size_t body_start = object_start + codec::read_token(object).head_bytes;
  Bytes out;
  out.reserve(root.size() + fresh.size() + 4);
  out += root.substr(0, object_start);
  codec::append_object_head(out, members);
  out += root.substr(body_start, old_start - body_start);
  out += fresh;
  out += root.substr(old_start + old.size());
  return out;
}

}  // namespace

std::string_view to_string(ValueType type) {
  switch (type) {
    case ValueType::missing:
      return "missing";
    case ValueType::null:
      return "null";
    case ValueType::boolean:
      return "boolean";
    case ValueType::integer:
      return "integer";
    case ValueType::number:
      return "number";
    case ValueType::string:
      return "string";
    case ValueType::array:
      return "array";
    case ValueType::object:
      return "object";
  }
  return "missing";
}

ValueType ValueView::type() const {
  if (bytes_.empty()) return ValueType::missing;
  const ValueType type = codec::shape_of(bytes_[0]).type;
  if (type == ValueType::missing) codec::fail_encoded("no value begins like this");
  return type;
}

bool ValueView::as_bool() const {
  if (type() != ValueType::boolean) fail_type(*this, "boolean");
  return bytes_[0] == '\xc3';
}

std::int64_t ValueView::as_int() const {
  const auto content = whole_int(*this);
  if (!content) fail_type(*this, is_numeric(*this) ? "a whole number of 64 bits with sign" : "integer");
  return *content;
}

std::uint64_t ValueView::as_uint() const {
  const auto content = whole_uint(*this);
  if (!content) fail_type(*this, is_numeric(*this) ? "a whole number of 64 bits without sign" : "integer");
  return *content;
}

double ValueView::as_double() const {
  if (!is_numeric(*this)) fail_type(*this, "number");
  return codec::read_number(bytes_).as_double();
}

std::string_view ValueView::as_string() const {
  if (type() != ValueType::string) fail_type(*this, "string");
  bytes_view rest = bytes_;
  return codec::take_string(rest);
}

bool ValueView::bool_or(bool otherwise) const { return type() == ValueType::boolean ? as_bool() : otherwise; }
std::int64_t ValueView::int_or(std::int64_t otherwise) const { return whole_int(*this).value_or(otherwise); }
double ValueView::double_or(double otherwise) const { return is_numeric(*this) ? as_double() : otherwise; }
std::string_view ValueView::string_or(std::string_view otherwise) const {
  return type() == ValueType::string ? as_string() : otherwise;
}

std::size_t ValueView::size() const {
  const ValueType own = type();
  return own == ValueType::array || own == ValueType::object ? codec::read_token(bytes_).length : 0;
}

ValueView ValueView::operator[](std::string_view name) const {
  const bytes_view found = codec::find_member(bytes_, name);
  return found.empty() ? ValueView() : ValueView(found.substr(0, codec::value_bytes(found)));
}

ValueView ValueView::operator[](std::size_t index) const {
  const bytes_view found = codec::find_element(bytes_, index);
  return found.empty() ? ValueView() : ValueView(found.substr(0, codec::value_bytes(found)));
}

ValueView ValueView::at(std::string_view path) const {
  codec::PathReader steps(path);
  codec::PathStep step;
  bytes_view found = bytes_;
  while (steps.next(step)) {
    found = step.is_index ? codec::find_element(found, step.index) : codec::find_member(found, step.name);
  }
  return found.empty() ? ValueView() : ValueView(found.substr(0, codec::value_bytes(found)));
}

ValueView::Iterator ValueView::begin() const {
  Iterator start;
  start.left_ = size();
  if (start.left_ == 0) return start;
  start.rest_ = bytes_.substr(codec::read_token(bytes_).head_bytes);
  start.named_ = type() == ValueType::object;
  start.load();
  return start;
}

ValueView::Iterator ValueView::end() const { return {}; }

ValueView::Iterator& ValueView::Iterator::operator++() {
  if (--left_ != 0) load();
  return *this;
}

void ValueView::Iterator::load() {
  if (named_) member_.name = codec::take_string(rest_);
  member_.value = ValueView(codec::take_value(rest_));
}

std::string ValueView::to_json() const {
  std::string out;
  to_json(out);
  return out;
}

void ValueView::to_json(std::string& out) const { codec::append_json(out, *this); }

std::string ValueView::to_pretty_json() const {
  std::string out;
  codec::append_pretty_json(out, *this);
  return out;
}

std::strong_ordering compare(ValueView a, ValueView b) {
  if (a.encoded() == b.encoded()) return std::strong_ordering::equal;
  return compare_values(a, b, 0);
}

Value::Value() : bytes_(codec::encoded_null) {}
Value::Value(std::nullptr_t) : Value() {}
Value::Value(bool content) { codec::append_bool(bytes_, content); }
Value::Value(int content) { codec::append_int(bytes_, content); }
Value::Value(long content) { codec::append_int(bytes_, content); }
Value::Value(long long content) { codec::append_int(bytes_, content); }
Value::Value(unsigned content) { codec::append_uint(bytes_, content); }
Value::Value(unsigned long content) { codec::append_uint(bytes_, content); }
Value::Value(unsigned long long content) { codec::append_uint(bytes_, content); }

Value::Value(double content) {
  if (!std::isfinite(content)) {
    throw Error(ErrorCode::invalid_argument, "NaN and infinity cannot be stored as a value; use null instead");
  }
  codec::append_double(bytes_, content);
}

Value::Value(const char* content) : Value(std::string_view(content)) {}
Value::Value(const std::string& content) : Value(std::string_view(content)) {}

Value::Value(std::string_view content) {
  check_text(content);
  codec::append_string(bytes_, content);
}

Value::Value(ValueView content) : bytes_(content.is_missing() ? codec::encoded_null : content.encoded()) {}

Value Value::array(std::initializer_list<Value> elements) {
  Value value;
  value.bytes_ = encode_array(elements);
  return value;
}

Value Value::array(const std::vector<Value>& elements) {
  Value value;
  value.bytes_ = encode_array(elements);
  return value;
}

Value Value::object(std::initializer_list<std::pair<std::string_view, Value>> members) {
  Value value;
  value.bytes_ = encode_object(members);
  return value;
}

Value Value::object(const std::vector<std::pair<std::string, Value>>& members) {
  Value value;
  value.bytes_ = encode_object(members);
  return value;
}

Value Value::from_json(std::string_view json) {
  Value value;
  value.bytes_ = codec::encode_json(json);
  return value;
}

Value Value::from_encoded(bytes_view encoded) {
  Value value;
  value.bytes_ = codec::check_encoded(encoded) ? Bytes(encoded) : codec::rewrite_encoded(encoded);
  return value;
}

Value& Value::set(std::string_view path, ValueView content) {
  codec::PathReader steps(path);
  codec::PathStep step;
  const Place place = find_place(bytes_, path, steps, step);
  const bytes_view value = content.is_missing() ? codec::encoded_null : content.encoded();
  const std::size_t members = ValueView(place.object).size();
  if (!place.value.empty()) {
    check_depth(place.levels + codec::value_depth(value));
    bytes_ = replace_member(bytes_, place.object, place.value, value, members);
    return *this;
  }
  Bytes member;
  std::size_t levels = place.levels;
  check_text(step.name);
  codec::append_string(member, step.name);
  while (steps.next(step)) {
    if (step.is_index) fail_change(path, "it goes through an index");
    check_text(step.name);
    codec::append_object_head(member, 1);
    codec::append_string(member, step.name);
    ++levels;
  }
  check_depth(levels + codec::value_depth(value));
  member += value;
  const bytes_view end = place.object.substr(place.object.size());
  bytes_ = replace_member(bytes_, place.object, end, member, members + 1);
  return *this;
}

Value& Value::erase(std::string_view path) {
  codec::PathReader steps(path);
  codec::PathStep step;
  const Place place = find_place(bytes_, path, steps, step);
  if (!place.value.empty()) {
    bytes_ = replace_member(bytes_, place.object, place.member, {}, ValueView(place.object).size() - 1);
  }
  return *this;
}

}  // namespace strata
