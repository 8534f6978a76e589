#include "model/queue_item.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "codec/hash.hpp"
#include "codec/ordered.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

constexpr char separator = '\x1f';
constexpr std::string_view index_name = "x";

enum Kind : int { for_taking = 0, by_order_key = 1, by_deduplication_key = 2 };
enum Standing : int { live = 0, dead = 1 };

// Long enough for nearly every name and key; short enough that no index entry is ever cut.
constexpr std::size_t queue_term_bytes_max = 100;
constexpr std::size_t key_term_bytes_max = 40;

/// The text, or, where it is long, its hash behind a sign that stands in no short one.
std::string term_of(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  return "\x1f" + codec::hash128(text).to_string();
}

Value queue_term(std::string_view queue) { return Value(term_of(queue, queue_term_bytes_max)); }

Value key_term(std::string_view key) {
  // A short key may begin with the sign of the long ones.
  return Value(key.starts_with(separator) ? term_of(key, 0) : term_of(key, key_term_bytes_max));
}

/// The beginning of all arrays that begin with these elements.
Bytes array_prefix(std::initializer_list<Value> elements) {
  Bytes prefix;
  codec::append_ordered(prefix, Value::array(elements).view());
  prefix.pop_back();
  return prefix;
}

/// Higher priorities first, without overflow at either end.
std::int64_t inverted(std::int64_t priority) { return ~priority; }

[[noreturn]] void fail_item(std::string_view key, std::string_view why) {
  std::string shown(key.substr(0, 80));
  for (char& c : shown) {
    if (c == separator) c = '/';
  }
  throw Error(ErrorCode::corruption,
              "queue item `" + shown + "`: " + std::string(why) + "; run `strata verify`, restore a backup");
}

Value index_terms(const QueueItem& item) {
  const Value queue = queue_term(item.queue);
  const bool is_dead = item.state == ItemState::dead;
  std::vector<Value> terms;
  terms.push_back(Value::array({queue, Value(for_taking), Value(is_dead ? dead : live),
                                Value(is_dead ? 0 : inverted(item.priority)), Value(item.due.micros)}));
  if (!is_dead && !item.order_key.empty()) {
    terms.push_back(Value::array({queue, Value(by_order_key), Value(order_hash(item.queue, item.order_key))}));
  }
  if (!is_dead && !item.deduplicate.empty()) {
    terms.push_back(Value::array({queue, Value(by_deduplication_key), key_term(item.deduplicate)}));
  }
  return Value::array(terms);
}

}  // namespace

const OwnCollection& items_collection() {
  static const OwnCollection collection{
      items_name,
      {IndexOptions{std::string(index_name), {IndexField{"x", false}, IndexField{"created", true}}, false}}};
  return collection;
}

const OwnCollection& queues_collection() {
  static const OwnCollection collection{queues_name, {}};
  return collection;
}

Bytes items_prefix(std::string_view queue) {
  Bytes prefix(queue);
  prefix += separator;
  return prefix;
}

Bytes item_key(std::string_view queue, std::string_view id) { return items_prefix(queue).append(id); }

ItemPlace split_item_key(std::string_view key) {
  const std::size_t at = key.find(separator);
  if (at == 0 || at == std::string_view::npos || !Uuid::parse(key.substr(at + 1)))
    fail_item(key, "its key is not a queue's name and an id");
  return {key.substr(0, at), key.substr(at + 1)};
}

Value encode_item(const StoredItem& stored) {
  const QueueItem& item = stored.item;
  std::vector<std::pair<std::string, Value>> members;
  members.emplace_back("x", index_terms(item));
  members.emplace_back("p", item.payload);
  members.emplace_back("u", item.due.micros);
  if (stored.first_due != item.due) members.emplace_back("f", stored.first_due.micros);
  if (item.priority != 0) members.emplace_back("n", item.priority);
  if (!item.deduplicate.empty()) members.emplace_back("d", item.deduplicate);
  if (!item.order_key.empty()) members.emplace_back("o", item.order_key);
  if (item.repeat) members.emplace_back("r", static_cast<std::int64_t>(item.repeat->count()));
  if (item.state == ItemState::dead) members.emplace_back("s", static_cast<int>(dead));
  if (item.attempts != 0) members.emplace_back("a", item.attempts);
  if (!item.error.empty()) members.emplace_back("e", item.error);
  return Value::object(members);
}

namespace {

std::int64_t integer_of(std::string_view key, std::string_view name, ValueView value) {
  if (value.type() != ValueType::integer) fail_item(key, "the member `" + std::string(name) + "` is no integer");
  return value.int_or(0);
}

std::string text_of(std::string_view key, std::string_view name, ValueView value) {
  if (value.type() != ValueType::string) fail_item(key, "the member `" + std::string(name) + "` is no text");
  return std::string(value.as_string());
}

}  // namespace

StoredItem decode_item(std::string_view key, ValueView body, Time created) {
  const ItemPlace place = split_item_key(key);
  StoredItem stored;
  QueueItem& item = stored.item;
  bool has_payload = false;
  std::optional<std::int64_t> due;
  std::optional<std::int64_t> first_due;
  if (body.type() == ValueType::object) {
    // One pass: to look a member up is to walk over those before it.
    for (const auto& [name, value] : body) {
      if (name.size() != 1) continue;
      switch (name.front()) {
        case 'p':
          item.payload = Value(value);
          has_payload = true;
          break;
        case 'u':
          due = integer_of(key, name, value);
          break;
        case 'f':
          first_due = integer_of(key, name, value);
          break;
        case 'n':
          item.priority = integer_of(key, name, value);
          break;
        case 'r':
          item.repeat = std::chrono::microseconds(integer_of(key, name, value));
          break;
        case 's':
          item.state = integer_of(key, name, value) == dead ? ItemState::dead : ItemState::waiting;
          break;
        case 'a':
          static_cast<void>(integer_of(key, name, value));
          item.attempts = value.as_uint();
          break;
        case 'd':
          item.deduplicate = text_of(key, name, value);
          break;
        case 'o':
          item.order_key = text_of(key, name, value);
          break;
        case 'e':
          item.error = text_of(key, name, value);
          break;
        default:
          break;
      }
    }
  }
  if (!has_payload || !due) fail_item(key, "its body is none of an item's");
  item.queue = place.queue;
  item.id = place.id;
  item.due.micros = *due;
  stored.first_due.micros = first_due.value_or(*due);
  item.created = created;
  return stored;
}

Value encode_queue_options(const QueueOptions& options) {
  return Value::object({{"lease_ms", options.lease.count()},
                        {"attempts_max", options.attempts_max},
                        {"backoff_ms", options.backoff.count()},
                        {"backoff_max_ms", options.backoff_max.count()}});
}

QueueOptions decode_queue_options(ValueView body) {
  QueueOptions options;
  options.lease = std::chrono::milliseconds(body["lease_ms"].int_or(options.lease.count()));
  if (body["attempts_max"]) options.attempts_max = body["attempts_max"].as_uint();
  options.backoff = std::chrono::milliseconds(body["backoff_ms"].int_or(options.backoff.count()));
  options.backoff_max = std::chrono::milliseconds(body["backoff_max_ms"].int_or(options.backoff_max.count()));
  return options;
}

Bytes queue_prefix(std::string_view queue) { return array_prefix({queue_term(queue)}); }

Bytes live_prefix(std::string_view queue) { return array_prefix({queue_term(queue), Value(for_taking), Value(live)}); }

Bytes live_prefix(std::string_view queue, std::int64_t priority) {
  return array_prefix({queue_term(queue), Value(for_taking), Value(live), Value(inverted(priority))});
}

Bytes dead_prefix(std::string_view queue) { return array_prefix({queue_term(queue), Value(for_taking), Value(dead)}); }

Bytes order_prefix(std::string_view queue, std::string_view order_key) {
  return array_prefix({queue_term(queue), Value(by_order_key), Value(order_hash(queue, order_key))});
}

Bytes deduplication_prefix(std::string_view queue, std::string_view key) {
  return array_prefix({queue_term(queue), Value(by_deduplication_key), key_term(key)});
}

TakeEntry decode_take_entry(bytes_view stored_part, std::size_t prefix_bytes) {
  bytes_view rest = stored_part.substr(std::min(prefix_bytes, stored_part.size()));
  const Value inverted_priority = codec::take_ordered(rest);
  const Value due = codec::take_ordered(rest);
  if (inverted_priority.type() != ValueType::integer || due.type() != ValueType::integer)
    throw Error(ErrorCode::corruption, "an index entry of `.items` is malformed; run `strata verify`");
  return {inverted(inverted_priority.as_int()), Time{due.as_int()}};
}

bool is_deduplication(ValueView terms) { return terms[1].int_or(for_taking) == by_deduplication_key; }

std::int64_t order_hash(std::string_view queue, std::string_view order_key) {
  return static_cast<std::int64_t>(codec::hash64({queue, bytes_view(&separator, 1), order_key}));
}

}  // namespace strata::model
