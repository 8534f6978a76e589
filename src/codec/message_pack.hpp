// MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md), as far as values need it: nil, bool, integers,
// floats, str, array, and map with str keys. Written in one form only: the shortest integer and length, and float32 for
// doubles that it holds exactly, so that equal values are equal bytes.
//
// Reading never leaves the bytes given: what is cut off or of an unknown type is `corruption`. Other forms than the one
// written are understood.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "strata/types.hpp"
#include "strata/value.hpp"

namespace strata::codec {

/// What the first byte of a value says.
struct Shape {
  ValueType type = ValueType::missing;  ///< missing: no value begins like this
  std::uint8_t bytes = 0;               ///< the first byte, the length that follows it, and content of fixed size
  std::uint8_t length_bytes = 0;        ///< size of the length that follows the first byte
  std::uint8_t length = 0;              ///< the length, when the first byte holds it
};
const Shape& shape_of(char first);

/// The head of a value, and where the next value or element begins.
struct Token {
  ValueType type = ValueType::missing;
  std::size_t head_bytes = 0;  ///< before the characters of a string or the first element
  std::uint64_t length = 0;    ///< bytes of a string, elements of an array, members of an object
  /// Bytes up to the next value, which in an array or object is its first element.
  std::size_t bytes() const { return type == ValueType::string ? head_bytes + length : head_bytes; }
};
Token read_token(bytes_view in);

/// Bytes of the value at the front of `in`, nested ones included.
std::size_t value_bytes(bytes_view in);
/// Deepest nesting; 0 for what is neither array nor object. Stops with `invalid_argument` beyond value_depth_max.
std::size_t value_depth(bytes_view in);

/// The string at the front of `in`, which is a member's name or known to be a string; otherwise `corruption`.
std::string_view take_string(bytes_view& in);
/// The bytes of the value at the front of `in`.
bytes_view take_value(bytes_view& in);

// From the value at the front of `in` to the end of `in`; empty when there is no such value.
bytes_view find_member(bytes_view in, std::string_view name);
bytes_view find_element(bytes_view in, std::size_t index);

/// An integer or a double. Integers from 0 on are `natural`, those below `negative`.
struct Number {
  enum class Kind : std::uint8_t { natural, negative, real };
  Kind kind = Kind::natural;
  std::uint64_t natural = 0;
  std::int64_t negative = 0;
  double real = 0;

  double as_double() const;
};
/// Requires: an integer or number at the front of `in`; otherwise `corruption`.
Number read_number(bytes_view in);

/// One byte, 0xc0.
inline constexpr bytes_view encoded_null{"\xc0", 1};
void append_bool(Bytes& out, bool content);
void append_int(Bytes& out, std::int64_t content);
void append_uint(Bytes& out, std::uint64_t content);
void append_double(Bytes& out, double content);  // Requires: finite.
void append_string(Bytes& out, std::string_view content);
void append_array_head(Bytes& out, std::size_t elements);
void append_object_head(Bytes& out, std::size_t members);

/// Puts the right head before elements whose number was not known: at `start` stands one byte that is replaced.
void complete_head(Bytes& out, std::size_t start, ValueType type, std::size_t length);

/// A name that stands there twice; nullptr data when all differ.
std::string_view repeated_name(std::span<const std::string_view> names);

/// `corruption` unless `in` is exactly one well-formed value: known types, UTF-8, finite doubles, no name twice in an
/// object, nesting up to value_depth_max. True when it is in the form that is written here.
bool check_encoded(bytes_view in);
/// A well-formed value in the form that is written here.
Bytes rewrite_encoded(bytes_view in);

[[noreturn]] void fail_encoded(const char* reason);

}  // namespace strata::codec
