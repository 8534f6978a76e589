#include "codec/ordered.hpp"

#include <bit>
#include <cmath>

#include "codec/hash.hpp"
#include "codec/message_pack.hpp"
#include "codec/varint.hpp"
#include "strata/error.hpp"

namespace strata::codec {
namespace {

// The first byte of each encoded value. 0 ends strings, arrays and objects, so it is below all of them; no encoding is
// the beginning of another one.
constexpr unsigned char tag_end = 0x00;
constexpr unsigned char tag_missing = 0x02;
constexpr unsigned char tag_null = 0x04;
constexpr unsigned char tag_false = 0x06;
constexpr unsigned char tag_true = 0x07;
// Numbers lie around zero. Above it: those below 1, then those below 2^64 by the bytes of their whole part, then larger
// ones. A negative number is its opposite with every byte, the tag included, turned round.
constexpr unsigned char tag_zero = 0x20;
constexpr unsigned char number_below_one = 1;
constexpr unsigned char number_whole_bytes = 1;  // + 1..9
constexpr unsigned char number_whole_bytes_max = 9;
constexpr unsigned char number_huge = 11;
constexpr unsigned char tag_time_early = 0x40;
constexpr unsigned char tag_time = 0x41;
constexpr unsigned char tag_time_late = 0x42;
constexpr unsigned char tag_string = 0x50;
constexpr unsigned char tag_array = 0x60;
constexpr unsigned char tag_object = 0x70;

// In strings 0 and 1 are written as 1 1 and 1 2, so that 0 is free to end them.
constexpr char escape = 1;

constexpr double two_to_64 = 18446744073709551616.0;
// Times from here to its opposite (the years 828 to 3111) take seven bytes.
constexpr std::int64_t time_near = std::int64_t{1} << 55;

[[noreturn]] void fail_ordered(std::string_view reason) {
  throw Error(ErrorCode::corruption, "an index entry is malformed: " + std::string(reason) + "; run `strata verify`");
}

void append_tag(Bytes& out, unsigned char tag) { out += static_cast<char>(tag); }

// Bits from the highest down, seven a byte; the lowest bit says whether another byte follows. Trailing zeros are left
// out.
void append_fraction(Bytes& out, std::uint64_t bits) {
  do {
    const std::uint64_t rest = bits << 7;
    out += static_cast<char>(((bits >> 57) << 1) | (rest != 0 ? 1 : 0));
    bits = rest;
  } while (bits != 0);
}

// A magnitude above zero: the whole part, and the fraction as bits below the point (2^63 is a half).
void append_whole(Bytes& out, std::uint64_t whole, std::uint64_t fraction) {
  // The lowest bit tells whether a fraction follows, so that 5 < 5.5 < 6 and an integer needs no further byte.
  const std::uint64_t low = (whole << 1) | (fraction != 0 ? 1 : 0);
  const bool carry = (whole >> 63) != 0;
  const auto bytes = carry ? 9U : static_cast<unsigned>((std::bit_width(low) + 7) / 8);
  append_tag(out, static_cast<unsigned char>(tag_zero + number_whole_bytes + bytes));
  if (carry) out += '\1';
  append_be(out, low, carry ? 8 : bytes);
  if (fraction != 0) append_fraction(out, fraction);
}

void append_real_magnitude(Bytes& out, double magnitude) {
  if (magnitude < 1 || magnitude >= two_to_64) {
    // The bits of positive doubles are in their order.
    append_tag(out, static_cast<unsigned char>(tag_zero + (magnitude < 1 ? number_below_one : number_huge)));
    append_be64(out, std::bit_cast<std::uint64_t>(magnitude));
    return;
  }
  const double whole = std::floor(magnitude);
  append_whole(out, static_cast<std::uint64_t>(whole), static_cast<std::uint64_t>((magnitude - whole) * two_to_64));
}

void append_number(Bytes& out, const Number& number) {
  const std::size_t start = out.size();
  bool negative = number.kind == Number::Kind::negative;
  if (number.kind == Number::Kind::real) {
    negative = number.real < 0;
    if (number.real == 0) return append_tag(out, tag_zero);
    append_real_magnitude(out, std::fabs(number.real));
  } else {
    const std::uint64_t magnitude = negative ? 0 - static_cast<std::uint64_t>(number.negative) : number.natural;
    if (magnitude == 0) return append_tag(out, tag_zero);
    append_whole(out, magnitude, 0);
  }
  if (!negative) return;
  out[start] = static_cast<char>(2 * tag_zero - static_cast<unsigned char>(out[start]));
  for (std::size_t i = start + 1; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
}

void append_text(Bytes& out, std::string_view text) {
  append_tag(out, tag_string);
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) > 1) continue;
    out += text.substr(copied, i - copied);
    out += escape;
    out += static_cast<char>(text[i] + 1);
    copied = i + 1;
  }
  out += text.substr(copied);
  append_tag(out, tag_end);
}

void append_value(Bytes& out, ValueView value, std::size_t level) {
  switch (value.type()) {
    case ValueType::missing:
      return append_tag(out, tag_missing);
    case ValueType::null:
      return append_tag(out, tag_null);
    case ValueType::boolean:
      return append_tag(out, value.as_bool() ? tag_true : tag_false);
    case ValueType::integer:
    case ValueType::number:
      return append_number(out, read_number(value.encoded()));
    case ValueType::string:
      return append_text(out, value.as_string());
    case ValueType::array:
    case ValueType::object:
      break;
  }
  if (level == value_depth_max) fail_encoded("it nests too deep");
  const bool named = value.type() == ValueType::object;
  append_tag(out, named ? tag_object : tag_array);
  for (const ValueView::Member& member : value) {
    if (named) append_text(out, member.name);
    append_value(out, member.value, level + 1);
  }
  append_tag(out, tag_end);
}

unsigned char front(bytes_view in) {
  if (in.empty()) fail_ordered("it is cut off");
  return static_cast<unsigned char>(in[0]);
}

// Reads the bytes of a number, turned round again for negative ones.
class NumberBytes {
 public:
  NumberBytes(bytes_view& in, bool negative) : in_(in), flip_(negative ? 0xff : 0) {}
  unsigned char next() {
    const auto byte = static_cast<unsigned char>(front(in_) ^ flip_);
    in_.remove_prefix(1);
    return byte;
  }
  std::uint64_t next_be(std::size_t bytes) {
    std::uint64_t content = 0;
    for (std::size_t i = 0; i < bytes; ++i) content = content << 8 | next();
    return content;
  }

 private:
  bytes_view& in_;
  unsigned char flip_;
};

Value take_whole(NumberBytes& bytes, std::size_t count, bool negative) {
  const bool carry = count == number_whole_bytes_max;
  if (carry && bytes.next() != 1) fail_ordered("a number exceeds its range");
  const std::uint64_t low = bytes.next_be(carry ? 8 : count);
  const std::uint64_t whole = low >> 1 | (carry ? std::uint64_t{1} << 63 : 0);
  if ((low & 1) != 0) {
    double fraction = 0;
    double scale = 1.0 / 128;
    for (unsigned char byte = 1; (byte & 1) != 0; scale /= 128) {
      byte = bytes.next();
      fraction += (byte >> 1) * scale;
    }
    const double magnitude = static_cast<double>(whole) + fraction;
    return negative ? Value(-magnitude) : Value(magnitude);
  }
  if (!negative) return Value(whole);
  if (whole > std::uint64_t{1} << 63) return Value(-static_cast<double>(whole));
  return Value(static_cast<std::int64_t>(0 - whole));
}

bool is_number_tag(unsigned char tag) { return tag >= tag_zero - number_huge && tag <= tag_zero + number_huge; }

Value take_number(bytes_view& in) {
  const unsigned char tag = front(in);
  in.remove_prefix(1);
  if (tag == tag_zero) return Value(0);
  const bool negative = tag < tag_zero;
  const int kind = negative ? tag_zero - tag : tag - tag_zero;
  NumberBytes bytes(in, negative);
  if (kind != number_below_one && kind != number_huge) {
    return take_whole(bytes, static_cast<std::size_t>(kind - number_whole_bytes), negative);
  }
  const auto magnitude = std::bit_cast<double>(bytes.next_be(8));
  if (!std::isfinite(magnitude)) fail_ordered("a number is not finite");
  return negative ? Value(-magnitude) : Value(magnitude);
}

Time take_time(bytes_view& in) {
  const unsigned char tag = front(in);
  in.remove_prefix(1);
  if (tag == tag_time) return {static_cast<std::int64_t>(take_be(in, 7)) - time_near};
  return {static_cast<std::int64_t>(take_be64(in) ^ (std::uint64_t{1} << 63))};
}

std::string take_text(bytes_view& in) {
  if (front(in) != tag_string) fail_ordered("a string is expected");
  std::string text;
  for (std::size_t i = 1; i < in.size(); ++i) {
    const auto byte = static_cast<unsigned char>(in[i]);
    if (byte == tag_end) {
      in.remove_prefix(i + 1);
      return text;
    }
    if (byte != escape) {
      text += in[i];
      continue;
    }
    ++i;
    if (i == in.size() || (in[i] != 1 && in[i] != 2)) break;
    text += static_cast<char>(in[i] - 1);
  }
  fail_ordered("a string is cut off");
}

Value take_value_at(bytes_view& in, std::size_t level) {
  const unsigned char tag = front(in);
  if (is_number_tag(tag)) return take_number(in);
  if (tag >= tag_time_early && tag <= tag_time_late) return Value(take_time(in).micros);
  if (tag == tag_string) return Value(take_text(in));
  in.remove_prefix(1);
  if (tag == tag_missing || tag == tag_null) return Value();
  if (tag == tag_false || tag == tag_true) return Value(tag == tag_true);
  if (tag != tag_array && tag != tag_object) fail_ordered("no value begins like this");
  if (level == value_depth_max) fail_ordered("it nests too deep");
  std::vector<Value> elements;
  std::vector<std::pair<std::string, Value>> members;
  while (front(in) != tag_end) {
    if (tag == tag_array) {
      elements.push_back(take_value_at(in, level + 1));
    } else {
      std::string name = take_text(in);
      members.emplace_back(std::move(name), take_value_at(in, level + 1));
    }
  }
  in.remove_prefix(1);
  return tag == tag_array ? Value::array(elements) : Value::object(members);
}

}  // namespace

void append_ordered(Bytes& out, ValueView value) { append_value(out, value, 0); }

void append_ordered(Bytes& out, Time time) {
  if (time.micros >= -time_near && time.micros < time_near) {
    append_tag(out, tag_time);
    append_be(out, static_cast<std::uint64_t>(time.micros + time_near), 7);
    return;
  }
  append_tag(out, time.micros < 0 ? tag_time_early : tag_time_late);
  append_be64(out, static_cast<std::uint64_t>(time.micros) ^ (std::uint64_t{1} << 63));
}

Value take_ordered(bytes_view& in) {
  try {
    return take_value_at(in, 0);
  } catch (const Error& error) {
    // No value can be made of what was read: invalid UTF-8, a name twice.
    if (error.code() != ErrorCode::invalid_argument) throw;
    fail_ordered(error.what());
  }
}

Bytes stored_indexed_part(bytes_view whole, bool* was_cut) {
  const bool cut = whole.size() >= indexed_part_bytes_max;
  if (was_cut != nullptr) *was_cut = cut;
  if (!cut) return Bytes(whole);
  const Hash128 hash = hash128(whole);
  Bytes part(whole.substr(0, indexed_part_bytes_kept));
  append_be64(part, hash.high);
  append_be64(part, hash.low);
  return part;
}

Bytes index_entry_key(bytes_view stored_part, bytes_view primary_key) {
  constexpr std::size_t primary_key_bytes_max = 255;
  if (primary_key.size() > primary_key_bytes_max) {
    throw Error(ErrorCode::limit_exceeded, "a key of " + std::to_string(primary_key.size()) +
                                               " bytes is too long for an index (key_bytes_max); shorten it");
  }
  Bytes key;
  key.reserve(stored_part.size() + primary_key.size() + 1);
  key += stored_part;
  key += primary_key;
  key += static_cast<char>(primary_key.size());
  return key;
}

IndexEntry split_index_entry(bytes_view key) {
  if (key.empty()) fail_ordered("it is empty");
  const std::size_t primary_bytes = static_cast<unsigned char>(key.back());
  if (primary_bytes + 1 > key.size()) fail_ordered("its key is cut off");
  const std::size_t part_bytes = key.size() - 1 - primary_bytes;
  if (part_bytes > indexed_part_bytes_max) fail_ordered("its indexed part is too long");
  return {key.substr(0, part_bytes), key.substr(part_bytes, primary_bytes), part_bytes == indexed_part_bytes_max};
}

Bytes prefix_end(bytes_view prefix) {
  const std::size_t last = prefix.find_last_not_of('\xff');
  if (last == bytes_view::npos) return {};
  Bytes end(prefix.substr(0, last + 1));
  end[last] = static_cast<char>(end[last] + 1);
  return end;
}

}  // namespace strata::codec
