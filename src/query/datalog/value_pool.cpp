#include "query/datalog/value_pool.hpp"

#include <bit>
#include <cmath>
#include <cstring>

#include "codec/hash.hpp"
#include "codec/ordered.hpp"

namespace strata::datalog {
namespace {

constexpr std::size_t block_bytes = std::size_t{64} << 10;

std::uint32_t mixed(std::uint64_t bits, unsigned kind) {
  bits += kind * 0x9e3779b97f4a7c15U;
  bits ^= bits >> 31;
  bits *= 0xbf58476d1ce4e5b9U;
  bits ^= bits >> 29;
  return static_cast<std::uint32_t>(bits ^ (bits >> 32));
}

std::uint8_t depth_of(ValueView value) {
  if (value.type() != ValueType::array && value.type() != ValueType::object) return 0;
  std::uint8_t depth = 0;
  for (const auto& member : value) depth = std::max(depth, depth_of(member.value));
  return static_cast<std::uint8_t>(depth + 1);
}

}  // namespace

ValuePool::ValuePool(Limits& limits) : limits_(limits), slots_(1024) {
  for (const Kind kind : {Kind::null, Kind::no, Kind::yes}) put_scalar(kind, 0);
}

ValueId ValuePool::put(ValueView value) {
  switch (value.type()) {
    case ValueType::missing:
      return no_value;
    case ValueType::null:
      return null;
    case ValueType::boolean:
      return boolean(value.as_bool());
    case ValueType::integer: {
      const std::int64_t number = value.int_or(-1);
      if (number != -1 || strata::compare(value, Value(-1).view()) == 0) return put_integer(number);
      return put_scalar(Kind::large, value.as_uint());
    }
    case ValueType::number:
      return put_number(value.as_double());
    case ValueType::string:
      return put_text(value.as_string());
    case ValueType::array:
    case ValueType::object:
      break;
  }
  Bytes ordered;
  codec::append_ordered(ordered, value);
  return put_bytes(Kind::composite, ordered, value.encoded(), depth_of(value));
}

ValueId ValuePool::put_text(std::string_view text) { return put_bytes(Kind::text, text, {}, 0); }

ValueId ValuePool::put_integer(std::int64_t number) {
  return put_scalar(Kind::integer, static_cast<std::uint64_t>(number));
}

ValueId ValuePool::put_number(double number) {
  if (!std::isfinite(number)) return no_value;
  if (number == std::floor(number)) {
    if (number >= -0x1p63 && number < 0x1p63) return put_integer(static_cast<std::int64_t>(number));
    if (number > 0 && number < 0x1p64) return put_scalar(Kind::large, static_cast<std::uint64_t>(number));
  }
  return put_scalar(Kind::number, std::bit_cast<std::uint64_t>(number));
}

std::size_t ValuePool::depth_above(std::span<const ValueId> parts) {
  std::size_t depth = 0;
  std::uint64_t bytes = 0;
  for (const ValueId part : parts) {
    depth = std::max(depth, this->depth(part));
    bytes += this->bytes(part);
  }
  if (depth >= value_depth_max) {
    throw Error(ErrorCode::limit_exceeded, "a value would be nested deeper than 100 (value_depth_max)");
  }
  // Before it is made: a program may double a value with every round.
  limits_.charge(bytes);
  limits_.release(bytes);
  return depth + 1;
}

ValueId ValuePool::put_array(std::span<const ValueId> elements) {
  depth_above(elements);
  std::vector<Value> values;
  values.reserve(elements.size());
  for (const ValueId element : elements) values.push_back(value(element));
  return put(Value::array(values));
}

ValueId ValuePool::put_object(const std::vector<std::string>& names, std::span<const ValueId> members) {
  depth_above(members);
  std::vector<std::pair<std::string, Value>> values;
  values.reserve(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) values.emplace_back(names[i], value(members[i]));
  return put(Value::object(values));
}

ValueType ValuePool::type(ValueId id) const {
  switch (entries_[id].kind) {
    case Kind::null:
      return ValueType::null;
    case Kind::no:
    case Kind::yes:
      return ValueType::boolean;
    case Kind::integer:
    case Kind::large:
      return ValueType::integer;
    case Kind::number:
      return ValueType::number;
    case Kind::text:
      return ValueType::string;
    case Kind::composite:
      return composite(id).type();
  }
  return ValueType::null;
}

bool ValuePool::is_number(ValueId id) const {
  const Kind kind = entries_[id].kind;
  return kind == Kind::integer || kind == Kind::large || kind == Kind::number;
}

std::optional<std::int64_t> ValuePool::integer(ValueId id) const {
  if (entries_[id].kind != Kind::integer) return std::nullopt;
  return entries_[id].integer;
}

double ValuePool::number(ValueId id) const {
  const Entry& entry = entries_[id];
  if (entry.kind == Kind::integer) return static_cast<double>(entry.integer);
  return entry.kind == Kind::large ? static_cast<double>(entry.large) : entry.number;
}

ValueView ValuePool::composite(ValueId id) const {
  const Entry& entry = entries_[id];
  return ValueView({entry.bytes + entry.ordered_size, entry.size});
}

Value ValuePool::value(ValueId id) const {
  const Entry& entry = entries_[id];
  switch (entry.kind) {
    case Kind::null:
      return Value(nullptr);
    case Kind::no:
    case Kind::yes:
      return Value(entry.kind == Kind::yes);
    case Kind::integer:
      return Value(static_cast<long long>(entry.integer));
    case Kind::large:
      return Value(static_cast<unsigned long>(entry.large));
    case Kind::number:
      return Value(entry.number);
    case Kind::text:
      return Value(text(id));
    case Kind::composite:
      return Value(composite(id));
  }
  return {};
}

std::strong_ordering ValuePool::compare(ValueId a, ValueId b) const {
  if (a == b) return std::strong_ordering::equal;
  const Entry& left = entries_[a];
  const Entry& right = entries_[b];
  if (left.kind == Kind::integer && right.kind == Kind::integer) return left.integer <=> right.integer;
  if (left.kind == Kind::text && right.kind == Kind::text) return text(a) <=> text(b);
  if (is_number(a) && is_number(b)) return strata::compare(value(a), value(b));
  if (left.kind == Kind::composite && right.kind == Kind::composite) {
    return std::string_view(left.bytes, left.ordered_size) <=> std::string_view(right.bytes, right.ordered_size);
  }
  const auto rank = [&](ValueId id) { return is_number(id) ? Kind::integer : entries_[id].kind; };
  return rank(a) <=> rank(b);
}

ValueId ValuePool::put_scalar(Kind kind, std::uint64_t bits) {
  const std::uint32_t hash = mixed(bits, static_cast<unsigned>(kind));
  for (std::size_t slot = hash & (slots_.size() - 1);; slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot] == 0) break;
    const Entry& entry = entries_[slots_[slot] - 1];
    if (entry.hash == hash && entry.kind == kind && entry.large == bits) return slots_[slot] - 1;
  }
  Entry entry;
  entry.kind = kind;
  entry.hash = hash;
  entry.large = bits;
  return add(entry);
}

ValueId ValuePool::put_bytes(Kind kind, std::string_view key, std::string_view rest, std::uint8_t depth) {
  const auto hash = static_cast<std::uint32_t>(codec::hash64(key, static_cast<std::uint64_t>(kind)));
  for (std::size_t slot = hash & (slots_.size() - 1);; slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot] == 0) break;
    const Entry& entry = entries_[slots_[slot] - 1];
    if (entry.hash != hash || entry.kind != kind) continue;
    const std::string_view known(entry.bytes, kind == Kind::text ? entry.size : entry.ordered_size);
    if (known == key) return slots_[slot] - 1;
  }
  constexpr std::size_t bytes_max = ~std::uint32_t{0};
  if (key.size() > bytes_max || rest.size() > bytes_max) {
    throw Error(ErrorCode::limit_exceeded, "a value would be larger than 4 GiB");
  }
  Entry entry;
  entry.kind = kind;
  entry.depth = depth;
  entry.hash = hash;
  char* const bytes = store(key.size() + rest.size());
  if (!key.empty()) std::memcpy(bytes, key.data(), key.size());
  if (!rest.empty()) std::memcpy(bytes + key.size(), rest.data(), rest.size());
  entry.bytes = bytes;
  entry.size = static_cast<std::uint32_t>(kind == Kind::text ? key.size() : rest.size());
  entry.ordered_size = static_cast<std::uint32_t>(kind == Kind::text ? 0 : key.size());
  return add(entry);
}

ValueId ValuePool::add(Entry entry) {
  if (entries_.size() >= no_value - 1) throw Error(ErrorCode::limit_exceeded, "a program met 2^32 different values");
  limits_.charge(sizeof(Entry) + 2 * sizeof(std::uint32_t));
  if (2 * (entries_.size() + 1) > slots_.size()) grow();
  std::size_t slot = entry.hash & (slots_.size() - 1);
  while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
  entries_.push_back(entry);
  slots_[slot] = static_cast<std::uint32_t>(entries_.size());
  return static_cast<ValueId>(entries_.size() - 1);
}

void ValuePool::grow() {
  std::vector<std::uint32_t> slots(slots_.size() * 2);
  for (std::size_t id = 0; id < entries_.size(); ++id) {
    std::size_t slot = entries_[id].hash & (slots.size() - 1);
    while (slots[slot] != 0) slot = (slot + 1) & (slots.size() - 1);
    slots[slot] = static_cast<std::uint32_t>(id + 1);
  }
  slots_ = std::move(slots);
}

char* ValuePool::store(std::size_t bytes) {
  limits_.charge(bytes);
  if (bytes > block_bytes / 4) {
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    return blocks_.back().get();
  }
  if (bytes > block_left_) {
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(block_bytes));
    block_next_ = blocks_.back().get();
    block_left_ = block_bytes;
  }
  char* const place = block_next_;
  block_next_ += bytes;
  block_left_ -= bytes;
  return place;
}

}  // namespace strata::datalog
