#include "model/lease.hpp"

#include <algorithm>

#include "codec/hash.hpp"
#include "codec/varint.hpp"
#include "platform/clock.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

constexpr char separator = '\x1f';

[[noreturn]] void fail_lease() {
  throw Error(ErrorCode::corruption, "the lease of a queue item is damaged; run `strata verify`");
}

void seal(bytes_view key, Bytes& value) { codec::append_be64(value, codec::hash64({key, value})); }

bytes_view unseal(bytes_view key, bytes_view value) {
  if (value.size() < 8) fail_lease();
  const bytes_view content = value.substr(0, value.size() - 8);
  if (codec::hash64({key, content}) != codec::read_be64(value.data() + content.size())) fail_lease();
  return content;
}

void append_text(Bytes& out, std::string_view text) {
  codec::append_varint(out, text.size());
  out.append(text);
}

std::string take_text(bytes_view& in) {
  const std::uint64_t bytes = codec::take_varint(in);
  if (bytes > in.size()) fail_lease();
  std::string text(in.substr(0, bytes));
  in.remove_prefix(bytes);
  return text;
}

}  // namespace

Bytes encode_lease(bytes_view key, const LeaseRow& row) {
  Bytes value;
  append_text(value, row.token);
  value.append(row.boot.view());
  codec::append_varint(value, codec::zigzag(row.uptime_until.count()));
  codec::append_varint(value, codec::zigzag(row.until.micros));
  codec::append_varint(value, row.attempts);
  append_text(value, row.consumer);
  seal(key, value);
  return value;
}

LeaseRow decode_lease(bytes_view key, bytes_view value) {
  bytes_view in = unseal(key, value);
  LeaseRow row;
  row.token = take_text(in);
  if (in.size() < row.boot.bytes.size()) fail_lease();
  std::copy_n(in.begin(), row.boot.bytes.size(), row.boot.bytes.begin());
  in.remove_prefix(row.boot.bytes.size());
  row.uptime_until = std::chrono::microseconds(codec::unzigzag(codec::take_varint(in)));
  row.until.micros = codec::unzigzag(codec::take_varint(in));
  row.attempts = codec::take_varint(in);
  row.consumer = take_text(in);
  return row;
}

Bytes in_flight_key(std::string_view queue, std::int64_t order_hash) {
  Bytes key(1, separator);
  key.append(queue);
  key += separator;
  codec::append_be64(key, static_cast<std::uint64_t>(order_hash));
  return key;
}

Bytes encode_in_flight(bytes_view key, bytes_view item_key) {
  Bytes value(item_key);
  seal(key, value);
  return value;
}

Bytes decode_in_flight(bytes_view key, bytes_view value) { return Bytes(unseal(key, value)); }

bool is_in_flight_key(bytes_view key) { return key.starts_with(separator); }

LeaseClock LeaseClock::read(bool by_wall) {
  platform::Clock& clock = platform::clock();
  return {by_wall, clock.now(), clock.uptime(), clock.boot()};
}

bool LeaseClock::is_live(const LeaseRow& row) const {
  if (row.token.empty()) return false;
  return by_wall ? row.until > now : row.boot == boot && row.uptime_until > uptime;
}

std::chrono::microseconds LeaseClock::left(const LeaseRow& row) const {
  return by_wall ? std::chrono::microseconds(row.until.micros - now.micros) : row.uptime_until - uptime;
}

void LeaseClock::set_end(LeaseRow& row, std::chrono::microseconds from_now) const {
  row.boot = boot;
  row.uptime_until = uptime + from_now;
  row.until = now + from_now;
}

}  // namespace strata::model
