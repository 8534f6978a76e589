#include "model/queue_item.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "codec/ordered.hpp"
#include "commit/index_entries.hpp"
#include "model/declaration.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

constexpr std::string_view id = "0197a5c8-1234-7abc-8def-0123456789ab";

StoredItem sample() {
  StoredItem stored;
  QueueItem& item = stored.item;
  item.queue = "mail";
  item.id = id;
  item.payload = Value::object({{"to", "a@example.org"}});
  item.priority = -3;
  item.deduplicate = "once";
  item.order_key = "customer 7";
  item.repeat = std::chrono::hours(1);
  item.created = Time{50};
  item.due = Time{1'000};
  item.attempts = 2;
  item.error = "no route";
  stored.first_due = Time{900};
  return stored;
}

std::vector<Bytes> entries(const StoredItem& stored) {
  commit::IndexDefinition index;
  index.options = checked(items_collection().indexes.front());
  std::vector<Bytes> out;
  for (const commit::IndexPart& part :
       commit::index_parts(index, encode_item(stored).view(), stored.item.created, stored.item.created))
    out.push_back(part.stored);
  return out;
}

TEST(QueueItem, ReadsBackAsItWasWritten) {
  const StoredItem stored = sample();
  const StoredItem read = decode_item(item_key("mail", id), encode_item(stored).view(), Time{50});
  EXPECT_EQ(read.item.queue, "mail");
  EXPECT_EQ(read.item.id, id);
  EXPECT_EQ(read.item.payload, stored.item.payload);
  EXPECT_EQ(read.item.priority, -3);
  EXPECT_EQ(read.item.deduplicate, "once");
  EXPECT_EQ(read.item.order_key, "customer 7");
  EXPECT_EQ(read.item.repeat, stored.item.repeat);
  EXPECT_EQ(read.item.created, Time{50});
  EXPECT_EQ(read.item.due, Time{1'000});
  EXPECT_EQ(read.first_due, Time{900});
  EXPECT_EQ(read.item.attempts, 2U);
  EXPECT_EQ(read.item.error, "no route");
  EXPECT_EQ(read.item.state, ItemState::waiting);
}

TEST(QueueItem, HasAnIndexEntryOfEachKindWhileItLives) {
  StoredItem stored = sample();
  const auto has = [&](const Bytes& prefix) {
    for (const Bytes& entry : entries(stored)) {
      if (entry.starts_with(prefix)) return true;
    }
    return false;
  };
  EXPECT_EQ(entries(stored).size(), 3U);
  EXPECT_TRUE(has(live_prefix("mail")));
  EXPECT_TRUE(has(live_prefix("mail", -3)));
  EXPECT_TRUE(has(order_prefix("mail", "customer 7")));
  EXPECT_TRUE(has(deduplication_prefix("mail", "once")));
  EXPECT_FALSE(has(live_prefix("mai")));
  stored.item.state = ItemState::dead;
  EXPECT_EQ(entries(stored).size(), 1U);
  EXPECT_TRUE(has(dead_prefix("mail")));
}

TEST(QueueItem, ComesForTakingByPriorityThenByDueTime) {
  const auto entry_of = [](std::int64_t priority, std::int64_t due) {
    StoredItem stored = sample();
    stored.item.priority = priority;
    stored.item.due = Time{due};
    return entries(stored).front();
  };
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  const std::vector<Bytes> in_order{entry_of(most, 9), entry_of(7, -5), entry_of(7, 3),    entry_of(7, 1'000'000),
                                    entry_of(0, 2),    entry_of(-1, 0), entry_of(least, 1)};
  for (std::size_t i = 1; i < in_order.size(); ++i) EXPECT_LT(in_order[i - 1], in_order[i]) << i;
  const std::size_t prefix = live_prefix("mail").size();
  EXPECT_EQ(decode_take_entry(entry_of(least, 77), prefix).priority, least);
  EXPECT_EQ(decode_take_entry(entry_of(most, -77), prefix).priority, most);
  EXPECT_EQ(decode_take_entry(entry_of(most, -77), prefix).due, Time{-77});
}

TEST(QueueItem, TheLongestNamesAndKeysAreNeverCutInTheIndex) {
  StoredItem stored = sample();
  stored.item.queue = std::string(200, 'q');
  stored.item.order_key = std::string(5'000, 'o');
  stored.item.deduplicate = std::string(5'000, 'd');
  stored.item.priority = std::numeric_limits<std::int64_t>::min();
  stored.item.due = Time{std::numeric_limits<std::int64_t>::min()};
  stored.item.created = Time{std::numeric_limits<std::int64_t>::max()};
  for (const Bytes& entry : entries(stored)) EXPECT_LT(entry.size(), codec::indexed_part_bytes_max);
  stored.item.queue = std::string(100, 'q');
  stored.item.deduplicate = std::string(40, '\1');
  for (const Bytes& entry : entries(stored)) EXPECT_LT(entry.size(), codec::indexed_part_bytes_max) << entry.size();
  EXPECT_LE(item_key(std::string(200, 'q'), id).size(), user_key_bytes_max);
}

TEST(QueueItem, WhatIsNoItemIsRefused) {
  const auto refused = [](std::string_view key, const Value& body) {
    try {
      decode_item(key, body.view(), Time{});
      return false;
    } catch (const Error& error) {
      return error.code() == ErrorCode::corruption;
    }
  };
  const Value body = encode_item(sample());
  EXPECT_TRUE(refused("mail", body));
  EXPECT_TRUE(refused(item_key("mail", "7"), body));
  EXPECT_TRUE(refused(item_key("", id), body));
  EXPECT_TRUE(refused(item_key("mail", id), Value(7)));
  EXPECT_TRUE(refused(item_key("mail", id), Value::object({{"p", 1}})));
  EXPECT_TRUE(refused(item_key("mail", id), Value::object({{"p", 1}, {"u", 1}, {"e", 7}})));
  EXPECT_FALSE(refused(item_key("mail", id), Value::object({{"p", 1}, {"u", 1}})));
}

TEST(QueueItem, OptionsReadBackAsTheyWereWritten) {
  QueueOptions options;
  options.lease = std::chrono::milliseconds(200);
  options.attempts_max = 9;
  options.backoff = std::chrono::milliseconds(3);
  options.backoff_max = std::chrono::milliseconds(4);
  const QueueOptions read = decode_queue_options(encode_queue_options(options).view());
  EXPECT_EQ(read.lease, options.lease);
  EXPECT_EQ(read.attempts_max, 9U);
  EXPECT_EQ(read.backoff, options.backoff);
  EXPECT_EQ(read.backoff_max, options.backoff_max);
}

}  // namespace
}  // namespace strata::model
