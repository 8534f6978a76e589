// Values: what a record holds. A JSON value, kept as MessagePack
// (https://github.com/msgpack/msgpack/blob/master/spec.md) in one run of bytes, and read in place: reaching a field
// neither parses the rest nor allocates.
//
// Value owns its bytes. ValueView looks into bytes that someone else owns, and lives no longer than they do.
// Both are plain values: copy freely; const use from several threads is safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "strata/types.hpp"

namespace strata {

/// `missing` is what reading an absent field gives; it is never stored. An integer is a whole number of 64 bits, signed
/// or unsigned; a number is a double (`1.0` stays one). The two compare as numbers.
enum class ValueType : std::uint8_t { missing, null, boolean, integer, number, string, array, object };

std::string_view to_string(ValueType type);

/// Deepest nesting of arrays and objects that a value may have.
inline constexpr std::size_t value_depth_max = 100;

class Value;

class ValueView {
 public:
  ValueView() = default;
  /// Requires: `encoded` holds exactly one well-formed value (see Value::from_encoded for bytes of doubtful origin).
  explicit ValueView(bytes_view encoded) : bytes_(encoded) {}

  ValueType type() const;
  bool is_missing() const { return bytes_.empty(); }
  explicit operator bool() const { return !is_missing(); }

  // The content. Another type: `invalid_argument` naming both types.
  bool as_bool() const;
  std::int64_t as_int() const;    // also a number that is whole and fits
  std::uint64_t as_uint() const;  // likewise
  double as_double() const;       // also an integer, rounded to the nearest double
  std::string_view as_string() const;

  // The content, or `otherwise` when it is missing, null or of another type.
  bool bool_or(bool otherwise) const;
  std::int64_t int_or(std::int64_t otherwise) const;
  double double_or(double otherwise) const;
  std::string_view string_or(std::string_view otherwise) const;

  /// Number of elements or members; 0 for what is neither array nor object.
  std::size_t size() const;
  /// The member of that name; missing when absent or when this is no object.
  ValueView operator[](std::string_view name) const;
  /// The element at that index; missing when out of range or when this is no array. Costs a walk over those before it.
  ValueView operator[](std::size_t index) const;
  /// What a path such as `a.b[0].c` leads to. A name with other characters than letters, digits, `_`, `-`, `$` and
  /// non-ASCII stands in double quotes: `a."b.c"`. Missing when it leads nowhere; `invalid_argument` when malformed.
  ValueView at(std::string_view path) const;

  struct Member;
  /// Walks an array's elements or an object's members, in stored order. Empty for other types.
  class Iterator;
  Iterator begin() const;
  Iterator end() const;

  bytes_view encoded() const { return bytes_; }
  /// Compact JSON. Integers and doubles read back as what they are (`1.0`, shortest form that round-trips).
  std::string to_json() const;
  void to_json(std::string& out) const;
  /// JSON with line breaks and two spaces of indentation a level.
  std::string to_pretty_json() const;

 private:
  bytes_view bytes_;
};

struct ValueView::Member {
  std::string_view name;  ///< Empty in an array.
  ValueView value;
};

class ValueView::Iterator {
 public:
  using value_type = Member;
  using difference_type = std::ptrdiff_t;
  using iterator_category = std::forward_iterator_tag;

  Iterator() = default;
  const Member& operator*() const { return member_; }
  const Member* operator->() const { return &member_; }
  Iterator& operator++();
  Iterator operator++(int) {
    Iterator old = *this;
    ++*this;
    return old;
  }
  bool operator==(const Iterator& other) const { return left_ == other.left_; }

 private:
  friend class ValueView;
  void load();
  bytes_view rest_;
  std::size_t left_ = 0;
  bool named_ = false;
  Member member_;
};

/// Order over all values: missing < null < false < true < numbers < strings (by UTF-8 bytes) < arrays < objects.
/// Integers and doubles are compared exactly, also beyond 2^53.
std::strong_ordering compare(ValueView a, ValueView b);

class Value {
 public:
  Value();  // null
  Value(std::nullptr_t);
  Value(bool content);
  Value(int content);
  Value(long content);
  Value(long long content);
  Value(unsigned content);
  Value(unsigned long content);
  Value(unsigned long long content);
  Value(double content);  // NaN and infinity: `invalid_argument`
  Value(const char* content);
  Value(std::string_view content);  // must be UTF-8: `invalid_argument`
  Value(const std::string& content);
  explicit Value(ValueView content);  // a copy; missing becomes null

  static Value array(std::initializer_list<Value> elements = {});
  static Value array(const std::vector<Value>& elements);
  /// Members keep their order. A name given twice: `invalid_argument`.
  static Value object(std::initializer_list<std::pair<std::string_view, Value>> members = {});
  static Value object(const std::vector<std::pair<std::string, Value>>& members);

  /// `invalid_argument` with line, column and reason: malformed text, invalid UTF-8, a name twice, nesting deeper than
  /// value_depth_max, an integer beyond 64 bits is read as a double.
  static Value from_json(std::string_view json);
  /// Checks that `encoded` is one well-formed value: `corruption` if not.
  static Value from_encoded(bytes_view encoded);

  ValueView view() const { return ValueView(bytes_); }
  operator ValueView() const { return view(); }

  // Reading, as on ValueView.
  ValueType type() const { return view().type(); }
  bool as_bool() const { return view().as_bool(); }
  std::int64_t as_int() const { return view().as_int(); }
  double as_double() const { return view().as_double(); }
  std::string_view as_string() const { return view().as_string(); }
  std::size_t size() const { return view().size(); }
  ValueView operator[](std::string_view name) const { return view()[name]; }
  ValueView operator[](std::size_t index) const { return view()[index]; }
  ValueView at(std::string_view path) const { return view().at(path); }
  bytes_view encoded() const { return bytes_; }
  std::string to_json() const { return view().to_json(); }

  /// Puts `content` at a path of member names (`a.b`), making objects on the way. On an index, or through a value that
  /// is no object: `invalid_argument`.
  Value& set(std::string_view path, ValueView content);
  Value& set(std::string_view path, const Value& content) { return set(path, content.view()); }
  /// Removes the member at a path; nothing when it is absent.
  Value& erase(std::string_view path);

  friend bool operator==(const Value& a, const Value& b) {
    return compare(a.view(), b.view()) == std::strong_ordering::equal;
  }

 private:
  Bytes bytes_;
};

}  // namespace strata
