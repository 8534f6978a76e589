#include "codec/message_pack.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "codec/hash.hpp"
#include "codec/value_utf8.hpp"
#include "codec/varint.hpp"
#include "strata/error.hpp"

namespace strata::codec {
namespace {

constexpr std::array<Shape, 256> shapes = [] {
  std::array<Shape, 256> table{};
  const auto fixed = [&](std::size_t first, ValueType type, std::uint8_t content_bytes) {
    table[first] = {type, static_cast<std::uint8_t>(1 + content_bytes), 0, 0};
  };
  const auto sized = [&](std::size_t first, ValueType type, std::uint8_t length_bytes) {
    table[first] = {type, static_cast<std::uint8_t>(1 + length_bytes), length_bytes, 0};
  };
  for (std::size_t b = 0x00; b <= 0x7f; ++b) fixed(b, ValueType::integer, 0);
  for (std::size_t b = 0xe0; b <= 0xff; ++b) fixed(b, ValueType::integer, 0);
  for (std::size_t n = 0; n < 16; ++n) {
    table[0x80 + n] = {ValueType::object, 1, 0, static_cast<std::uint8_t>(n)};
    table[0x90 + n] = {ValueType::array, 1, 0, static_cast<std::uint8_t>(n)};
  }
  for (std::size_t n = 0; n < 32; ++n) table[0xa0 + n] = {ValueType::string, 1, 0, static_cast<std::uint8_t>(n)};
  fixed(0xc0, ValueType::null, 0);
  fixed(0xc2, ValueType::boolean, 0);
  fixed(0xc3, ValueType::boolean, 0);
  fixed(0xca, ValueType::number, 4);
  fixed(0xcb, ValueType::number, 8);
  for (std::size_t i = 0; i < 4; ++i) {
    fixed(0xcc + i, ValueType::integer, static_cast<std::uint8_t>(1 << i));
    fixed(0xd0 + i, ValueType::integer, static_cast<std::uint8_t>(1 << i));
  }
  for (std::size_t i = 0; i < 3; ++i) sized(0xd9 + i, ValueType::string, static_cast<std::uint8_t>(1 << i));
  sized(0xdc, ValueType::array, 2);
  sized(0xdd, ValueType::array, 4);
  sized(0xde, ValueType::object, 2);
  sized(0xdf, ValueType::object, 4);
  return table;
}();

[[noreturn]] void fail_cut() { fail_encoded("it is cut off"); }

// Values that follow a head of this type and length and belong to it.
std::uint64_t nested_values(ValueType type, std::uint64_t length) {
  if (type == ValueType::array) return length;
  return type == ValueType::object ? 2 * length : 0;
}

void append_sized(Bytes& out, char first, std::uint64_t length, std::size_t length_bytes) {
  char head[9];
  head[0] = first;
  write_be(head + 1, length, length_bytes);
  out.append(head, 1 + length_bytes);
}

// Heads of arrays and objects are alike up to two bytes.
std::size_t write_head(char* head, std::size_t length, unsigned char fixed_first, unsigned char sized_first) {
  if (length <= 15) {
    head[0] = static_cast<char>(fixed_first | length);
    return 1;
  }
  const bool is_short = length <= std::numeric_limits<std::uint16_t>::max();
  head[0] = static_cast<char>(is_short ? sized_first : sized_first + 1);
  write_be(head + 1, length, is_short ? 2 : 4);
  return is_short ? 3 : 5;
}

std::size_t write_head(char* head, ValueType type, std::size_t length) {
  if (length > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorCode::limit_exceeded, "an array or object has more than 4294967295 elements; split the value");
  }
  return type == ValueType::object ? write_head(head, length, 0x80, 0xde) : write_head(head, length, 0x90, 0xdc);
}

bool fits_float(double content) {
  return std::fabs(content) <= static_cast<double>(std::numeric_limits<float>::max()) &&
         static_cast<double>(static_cast<float>(content)) == content;
}

double read_real(bytes_view in) {
  if (in[0] == '\xca') return static_cast<double>(std::bit_cast<float>(read_be32(in.data() + 1)));
  return std::bit_cast<double>(read_be64(in.data() + 1));
}

// How far it is from the value at `at` to the next one, which in an array or object is its first element; `left` grows
// by the values nested in it. Branches and no table: they are predicted, so the processor need not have looked at this
// byte to load the next one.
inline std::size_t step_bytes(bytes_view in, std::size_t at, std::uint64_t& left) {
  const auto first = static_cast<unsigned char>(in[at]);
  if (first <= 0x7f || first >= 0xe0) return 1;
  if (first >= 0xa0 && first <= 0xbf) return 1 + (first & 0x1fU);
  if (first <= 0x9f) {
    left += first <= 0x8f ? 2 * (first & 0xfU) : first & 0xfU;
    return 1;
  }
  const Shape& shape = shapes[first];
  if (shape.type < ValueType::string && shape.type != ValueType::missing) {
    switch (shape.bytes) {
      case 1:
        return 1;
      case 2:
        return 2;
      case 3:
        return 3;
      case 5:
        return 5;
      default:
        return 9;
    }
  }
  const Token token = read_token(in.substr(at));
  left += nested_values(token.type, token.length);
  return token.bytes();
}

// Names in one object often begin alike, so their ends tell them apart sooner.
bool is_name(std::string_view member, std::string_view name) {
  return member.size() == name.size() && (name.empty() || (member.back() == name.back() && member == name));
}

// Appends the value's head, and a string's characters, in the one form that is written.
void append_token(Bytes& out, const Token& token, bytes_view in) {
  switch (token.type) {
    case ValueType::integer:
    case ValueType::number: {
      const Number number = read_number(in);
      if (number.kind == Number::Kind::natural) append_uint(out, number.natural);
      if (number.kind == Number::Kind::negative) append_int(out, number.negative);
      if (number.kind == Number::Kind::real) append_double(out, number.real);
      return;
    }
    case ValueType::string:
      return append_string(out, in.substr(token.head_bytes, token.length));
    case ValueType::array:
      return append_array_head(out, token.length);
    case ValueType::object:
      return append_object_head(out, token.length);
    case ValueType::missing:
    case ValueType::null:
    case ValueType::boolean:
      out.append(in.substr(0, token.bytes()));
      return;
  }
}

// Whether append_token() would give the same bytes.
bool is_canonical(const Token& token, bytes_view in) {
  if (token.head_bytes == 1) return true;
  Bytes again;
  if (token.type != ValueType::string) {
    append_token(again, token, in);
    return again == in.substr(0, token.head_bytes);
  }
  return token.head_bytes == (token.length <= 31 ? 1U : token.length <= 0xff ? 2U : token.length <= 0xffff ? 3U : 5U);
}

}  // namespace

void fail_encoded(const char* reason) {
  throw Error(ErrorCode::corruption, std::string("a stored value is malformed: ") + reason + "; run `strata verify`");
}

const Shape& shape_of(char first) { return shapes[static_cast<unsigned char>(first)]; }

Token read_token(bytes_view in) {
  if (in.empty()) fail_cut();
  const Shape& shape = shape_of(in[0]);
  if (shape.type == ValueType::missing) fail_encoded("no value begins like this");
  if (in.size() < shape.bytes) fail_cut();
  Token token{shape.type, shape.bytes, shape.length};
  if (shape.length_bytes != 0) token.length = read_be(in.data() + 1, shape.length_bytes);
  if (token.type == ValueType::string && token.length > in.size() - token.head_bytes) fail_cut();
  return token;
}

std::size_t value_bytes(bytes_view in) {
  // Each head takes at least a byte and adds less than 2^33, so neither sum can overflow. That a step leads beyond the
  // end is found before the next byte is read.
  std::uint64_t left = 1;
  std::size_t at = 0;
  do {
    if (at >= in.size()) fail_cut();
    at += step_bytes(in, at, left);
  } while (--left != 0);
  if (at > in.size()) fail_cut();
  return at;
}

std::size_t value_depth(bytes_view in) {
  std::array<std::uint64_t, value_depth_max> left;
  std::size_t depth = 0;
  std::size_t deepest = 0;
  do {
    const Token token = read_token(in);
    in.remove_prefix(token.bytes());
    if (token.type == ValueType::array || token.type == ValueType::object) {
      if (depth == value_depth_max) {
        throw Error(ErrorCode::invalid_argument,
                    "a value nests deeper than " + std::to_string(value_depth_max) + " levels; flatten it");
      }
      left[depth++] = nested_values(token.type, token.length) + 1;
      deepest = std::max(deepest, depth);
    }
    while (depth > 0 && --left[depth - 1] == 0) --depth;
  } while (depth > 0);
  return deepest;
}

std::string_view take_string(bytes_view& in) {
  // Names are short mostly.
  if (!in.empty() && (in[0] & 0xe0) == 0xa0) {
    const std::size_t length = in[0] & 0x1f;
    if (length >= in.size()) fail_cut();
    const std::string_view content = in.substr(1, length);
    in.remove_prefix(1 + length);
    return content;
  }
  const Token token = read_token(in);
  if (token.type != ValueType::string) fail_encoded("a string is expected");
  const std::string_view content = in.substr(token.head_bytes, token.length);
  in.remove_prefix(token.bytes());
  return content;
}

bytes_view take_value(bytes_view& in) {
  const bytes_view value = in.substr(0, value_bytes(in));
  in.remove_prefix(value.size());
  return value;
}

bytes_view find_member(bytes_view in, std::string_view name) {
  if (in.empty() || shape_of(in[0]).type != ValueType::object) return {};
  const Token head = read_token(in);
  in.remove_prefix(head.head_bytes);
  for (std::uint64_t left = head.length; left != 0; --left) {
    if (is_name(take_string(in), name)) {
      if (in.empty()) fail_cut();
      return in;
    }
    in.remove_prefix(value_bytes(in));
  }
  return {};
}

bytes_view find_element(bytes_view in, std::size_t index) {
  if (in.empty() || shape_of(in[0]).type != ValueType::array) return {};
  const Token head = read_token(in);
  if (index >= head.length) return {};
  in.remove_prefix(head.head_bytes);
  for (std::size_t left = index; left != 0; --left) in.remove_prefix(value_bytes(in));
  if (in.empty()) fail_cut();
  return in;
}

double Number::as_double() const {
  switch (kind) {
    case Kind::natural:
      return static_cast<double>(natural);
    case Kind::negative:
      return static_cast<double>(negative);
    case Kind::real:
      break;
  }
  return real;
}

Number read_number(bytes_view in) {
  const Token token = read_token(in);
  Number number;
  if (token.type == ValueType::number) {
    number.kind = Number::Kind::real;
    number.real = read_real(in);
    return number;
  }
  if (token.type != ValueType::integer) fail_encoded("a number is expected");
  const auto first = static_cast<unsigned char>(in[0]);
  std::int64_t content = 0;
  if (first <= 0x7f || first >= 0xe0) {
    content = static_cast<signed char>(first);
  } else {
    const std::size_t bytes = token.head_bytes - 1;
    const std::uint64_t raw = read_be(in.data() + 1, bytes);
    if (first <= 0xcf) {
      number.natural = raw;
      return number;
    }
    const std::size_t unused_bits = 64 - 8 * bytes;
    content = static_cast<std::int64_t>(raw << unused_bits) >> unused_bits;
  }
  if (content < 0) {
    number.kind = Number::Kind::negative;
    number.negative = content;
  } else {
    number.natural = static_cast<std::uint64_t>(content);
  }
  return number;
}

void append_bool(Bytes& out, bool content) { out += content ? '\xc3' : '\xc2'; }

void append_int(Bytes& out, std::int64_t content) {
  if (content >= 0) return append_uint(out, static_cast<std::uint64_t>(content));
  const auto raw = static_cast<std::uint64_t>(content);
  if (content >= -32) {
    out += static_cast<char>(content);
  } else if (content >= std::numeric_limits<std::int8_t>::min()) {
    append_sized(out, '\xd0', raw, 1);
  } else if (content >= std::numeric_limits<std::int16_t>::min()) {
    append_sized(out, '\xd1', raw, 2);
  } else if (content >= std::numeric_limits<std::int32_t>::min()) {
    append_sized(out, '\xd2', raw, 4);
  } else {
    append_sized(out, '\xd3', raw, 8);
  }
}

void append_uint(Bytes& out, std::uint64_t content) {
  if (content <= 0x7f) {
    out += static_cast<char>(content);
  } else if (content <= 0xff) {
    append_sized(out, '\xcc', content, 1);
  } else if (content <= 0xffff) {
    append_sized(out, '\xcd', content, 2);
  } else if (content <= 0xffffffff) {
    append_sized(out, '\xce', content, 4);
  } else {
    append_sized(out, '\xcf', content, 8);
  }
}

void append_double(Bytes& out, double content) {
  if (fits_float(content)) {
    append_sized(out, '\xca', std::bit_cast<std::uint32_t>(static_cast<float>(content)), 4);
  } else {
    append_sized(out, '\xcb', std::bit_cast<std::uint64_t>(content), 8);
  }
}

void append_string(Bytes& out, std::string_view content) {
  if (content.size() <= 31) {
    out += static_cast<char>(0xa0 | content.size());
  } else if (content.size() <= 0xff) {
    append_sized(out, '\xd9', content.size(), 1);
  } else if (content.size() <= 0xffff) {
    append_sized(out, '\xda', content.size(), 2);
  } else if (content.size() <= 0xffffffff) {
    append_sized(out, '\xdb', content.size(), 4);
  } else {
    throw Error(ErrorCode::limit_exceeded, "a string has more than 4294967295 bytes; split it");
  }
  out += content;
}

void append_array_head(Bytes& out, std::size_t elements) {
  char head[5];
  out.append(head, write_head(head, ValueType::array, elements));
}

void append_object_head(Bytes& out, std::size_t members) {
  char head[5];
  out.append(head, write_head(head, ValueType::object, members));
}

void complete_head(Bytes& out, std::size_t start, ValueType type, std::size_t length) {
  char head[5];
  const std::size_t bytes = write_head(head, type, length);
  out.replace(start, 1, head, bytes);
}

std::string_view repeated_name(std::span<const std::string_view> names) {
  constexpr std::size_t pairwise_max = 8;
  if (names.size() <= pairwise_max) {
    for (std::size_t i = 1; i < names.size(); ++i) {
      if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
          names.begin() + static_cast<std::ptrdiff_t>(i)) {
        return names[i];
      }
    }
    return {};
  }
  // Equal names have equal hashes; only then is it worth sorting the names themselves.
  constexpr std::size_t stack_max = 64;
  std::array<std::uint64_t, stack_max> few;
  std::vector<std::uint64_t> many(names.size() > stack_max ? names.size() : 0);
  const std::span<std::uint64_t> hashes(many.empty() ? few.data() : many.data(), names.size());
  std::transform(names.begin(), names.end(), hashes.begin(), [](std::string_view name) { return hash64(name); });
  std::sort(hashes.begin(), hashes.end());
  if (std::adjacent_find(hashes.begin(), hashes.end()) == hashes.end()) return {};
  std::vector<std::string_view> sorted(names.begin(), names.end());
  std::sort(sorted.begin(), sorted.end());
  const auto repeated = std::adjacent_find(sorted.begin(), sorted.end());
  return repeated == sorted.end() ? std::string_view() : *repeated;
}

bool check_encoded(bytes_view in) {
  struct Frame {
    std::uint64_t left = 0;
    std::size_t first_name = 0;
    bool is_object = false;
  };
  std::array<Frame, value_depth_max> frames;
  std::vector<std::string_view> names;
  std::size_t depth = 0;
  bool canonical = true;
  do {
    if (depth > 0) {
      Frame& frame = frames[depth - 1];
      if (frame.left == 0) {
        if (repeated_name(std::span(names).subspan(frame.first_name)).data() != nullptr) {
          fail_encoded("a name stands twice in one object");
        }
        names.resize(frame.first_name);
        --depth;
        continue;
      }
      --frame.left;
      if (frame.is_object) {
        const bytes_view before = in;
        names.push_back(take_string(in));
        if (!is_utf8(names.back())) fail_encoded("a name is not UTF-8");
        canonical = canonical && is_canonical(read_token(before), before);
      }
    }
    const Token token = read_token(in);
    canonical = canonical && is_canonical(token, in);
    if (token.type == ValueType::string && !is_utf8(in.substr(token.head_bytes, token.length))) {
      fail_encoded("a string is not UTF-8");
    }
    if (token.type == ValueType::number && !std::isfinite(read_real(in))) fail_encoded("a number is not finite");
    if (token.type == ValueType::array || token.type == ValueType::object) {
      if (depth == value_depth_max) fail_encoded("it nests too deep");
      frames[depth++] = {token.length, names.size(), token.type == ValueType::object};
    }
    in.remove_prefix(token.bytes());
  } while (depth > 0);
  if (!in.empty()) fail_encoded("bytes follow it");
  return canonical;
}

Bytes rewrite_encoded(bytes_view in) {
  Bytes out;
  out.reserve(in.size());
  for (std::uint64_t left = 1; left != 0; --left) {
    const Token token = read_token(in);
    append_token(out, token, in);
    left += nested_values(token.type, token.length);
    in.remove_prefix(token.bytes());
  }
  return out;
}

}  // namespace strata::codec
