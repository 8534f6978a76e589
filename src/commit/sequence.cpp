#include "commit/sequence.hpp"

#include "codec/message_pack.hpp"
#include "codec/ordered.hpp"
#include "strata/error.hpp"

namespace strata::commit {
namespace {

constexpr std::size_t version_digits = 16;

std::optional<std::uint64_t> digit_of(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint64_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint64_t>(c - 'a' + 10);
  return std::nullopt;
}

}  // namespace

Bytes sequence_key(bytes_view prefix, std::uint64_t version) {
  static constexpr std::string_view digits = "0123456789abcdef";
  Bytes key;
  key.reserve(prefix.size() + version_digits);
  key.append(prefix);
  for (std::size_t i = version_digits; i > 0; --i) key.push_back(digits[(version >> (4 * (i - 1))) & 0xF]);
  return key;
}

std::optional<std::uint64_t> sequence_version(bytes_view key) {
  if (key.size() <= version_digits) return std::nullopt;
  std::uint64_t version = 0;
  for (const char c : key.substr(key.size() - version_digits)) {
    const auto digit = digit_of(c);
    if (!digit) return std::nullopt;
    version = version << 4 | *digit;
  }
  return version;
}

std::uint64_t last_version(engine::Reader& reader, Space space, bytes_view prefix) {
  const Bytes end = codec::prefix_end(prefix);
  const auto cursor = reader.scan({space, prefix, end}, {.reverse = true, .limit = 1, .keys_only = true});
  if (!cursor->next()) return 0;
  if (const auto version = sequence_version(cursor->key())) return *version;
  throw Error(ErrorCode::corruption,
              "record `" + Bytes(cursor->key()) + "` is none of its sequence; run `strata verify`");
}

std::uint64_t last_number(engine::Reader& reader, Space index) {
  const auto cursor = reader.scan({index, {}, {}}, {.reverse = true, .limit = 1, .keys_only = true});
  if (!cursor->next()) return 0;
  bytes_view part = codec::split_index_entry(cursor->key()).stored_part;
  const Value number = codec::take_ordered(part);
  if (number.type() != ValueType::integer)
    throw Error(ErrorCode::corruption, "an index on numbers holds something else; run `strata verify`");
  return number.view().as_uint();
}

Bytes with_number(bytes_view object, bytes_view field, std::uint64_t number) {
  const codec::Token head = codec::read_token(object);
  if (head.type != ValueType::object) codec::fail_encoded("an object is expected");
  Bytes out;
  out.reserve(object.size() + field.size() + 16);
  codec::append_object_head(out, head.length + 1);
  codec::append_string(out, field);
  codec::append_uint(out, number);
  out.append(object.substr(head.head_bytes));
  return out;
}

std::uint64_t& SequenceEnds::version(Space space, bytes_view prefix, const Find& find) {
  std::pair<std::uint32_t, Bytes> key(space.id, prefix);
  if (const auto known = versions_.find(key); known != versions_.end()) return known->second;
  const std::uint64_t found = find();
  return versions_.emplace(std::move(key), found).first->second;
}

std::uint64_t& SequenceEnds::number(Space index, const Find& find) {
  if (const auto known = numbers_.find(index.id); known != numbers_.end()) return known->second;
  const std::uint64_t found = find();
  return numbers_.emplace(index.id, found).first->second;
}

void SequenceEnds::take(const SequenceEnds& other) {
  for (const auto& [sequence, version] : other.versions_) versions_.insert_or_assign(sequence, version);
  for (const auto& [index, number] : other.numbers_) numbers_.insert_or_assign(index, number);
}

void SequenceEnds::forget(Space space) {
  const auto first = versions_.lower_bound({space.id, {}});
  const auto end = versions_.lower_bound({space.id + 1, {}});
  if (first == end) return;
  versions_.erase(first, end);
  numbers_.clear();  // they may be of an index of that space
}

}  // namespace strata::commit
