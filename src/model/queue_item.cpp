#include "model/queue_item.hpp"

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

bool is_integer_or_missing(ValueView value) { return value.is_missing() || value.type() == ValueType::integer; }
bool is_string_or_missing(ValueView value) { return value.is_missing() || value.type() == ValueType::string; }

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

StoredItem decode_item(std::string_view key, ValueView body, Time created) {
  const ItemPlace place = split_item_key(key);
  if (body.type() != ValueType::object || !body["p"] || body["u"].type() != ValueType::integer)
    fail_item(key, "its body is none of an item's");
  for (const std::string_view name : {"f", "n", "r", "s", "a"}) {
    if (!is_integer_or_missing(body[name])) fail_item(key, "the member `" + std::string(name) + "` is no integer");
  }
  for (const std::string_view name : {"d", "o", "e"}) {
    if (!is_string_or_missing(body[name])) fail_item(key, "the member `" + std::string(name) + "` is no text");
  }
  StoredItem stored;
  QueueItem& item = stored.item;
  item.queue = place.queue;
  item.id = place.id;
  item.payload = Value(body["p"]);
  item.due.micros = body["u"].as_int();
  stored.first_due.micros = body["f"].int_or(item.due.micros);
  item.priority = body["n"].int_or(0);
  item.deduplicate = body["d"].string_or("");
  item.order_key = body["o"].string_or("");
  if (body["r"]) item.repeat = std::chrono::microseconds(body["r"].as_int());
  item.state = body["s"].int_or(live) == dead ? ItemState::dead : ItemState::waiting;
  item.attempts = body["a"] ? body["a"].as_uint() : 0;
  item.error = body["e"].string_or("");
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

TakeEntry decode_take_entry(bytes_view stored_part) {
  const Value terms = codec::take_ordered(stored_part);
  if (terms.size() != 5)
    throw Error(ErrorCode::corruption, "an index entry of `.items` is malformed; run `strata verify`");
  return {inverted(terms[3].as_int()), Time{terms[4].as_int()}};
}

bool is_deduplication(ValueView terms) { return terms[1].int_or(for_taking) == by_deduplication_key; }

std::int64_t order_hash(std::string_view queue, std::string_view order_key) {
  return static_cast<std::int64_t>(codec::hash64({queue, bytes_view(&separator, 1), order_key}));
}

}  // namespace strata::model
