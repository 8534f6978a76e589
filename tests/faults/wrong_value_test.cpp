// Keys, values and transactions that cannot be: a clear error, and nothing is written.
#include <gtest/gtest.h>

#include "tests/faults/any_engine.hpp"

namespace strata::faults {
namespace {

class WrongValue : public AnyEngine {
 protected:
  void SetUp() override {
    store_.emplace(open());
    store_->collection("notes").put("a", 1);
    before_ = store_->describe();
  }
  void TearDown() override {
    EXPECT_EQ(store_->position(), before_.position) << "something was written";
    EXPECT_EQ(store_->describe().digest, before_.digest);
    EXPECT_EQ(store_->verify().problems, std::vector<std::string>{});
    EXPECT_EQ(store_->collections(), std::vector<std::string>{"notes"});
  }
  Collection notes() { return store_->collection("notes"); }

  std::optional<Store> store_;
  StoreDescription before_;
};

struct WrongKey {
  std::string key;
  ErrorCode code;
  std::string word;
};

TEST_P(WrongValue, AKeyThatCannotBeIsRefusedByEveryCall) {
  const std::vector<WrongKey> wrong{{std::string(241, 'k'), ErrorCode::limit_exceeded, "user_key_bytes_max"},
                                    {std::string(1'000'000, 'k'), ErrorCode::limit_exceeded, "user_key_bytes_max"},
                                    {"", ErrorCode::invalid_argument, "empty"},
                                    {std::string("a\0b", 3), ErrorCode::invalid_argument, "zero byte"},
                                    {"a\xff", ErrorCode::invalid_argument, "UTF-8"},
                                    {"\xc3", ErrorCode::invalid_argument, "UTF-8"},
                                    {"\xed\xa0\x80", ErrorCode::invalid_argument, "UTF-8"},
                                    {"\xc0\xaf", ErrorCode::invalid_argument, "UTF-8"}};
  for (const WrongKey& one : wrong) {
    EXPECT_TRUE(says(error_of([&] { notes().put(one.key, 2); }), one.code, {one.word}));
    EXPECT_TRUE(says(error_of([&] { notes().erase(one.key); }), one.code, {one.word}));
    EXPECT_TRUE(says(error_of([&] {
                       store_->transact([&](Transaction& transaction) {
                         transaction.collection("notes").put("fine", 1);
                         transaction.collection("notes").put(one.key, 1);
                       });
                     }),
                     one.code, {one.word}));
  }
}

TEST_P(WrongValue, ReadingAKeyThatCannotBeFindsNothingOrIsRefused) {
  for (const std::string& key : {std::string(241, 'k'), std::string(1'000'000, 'k'), std::string(),
                                 std::string("a\0b", 3), std::string("\xff")}) {
    try {
      EXPECT_FALSE(notes().get(key));
      EXPECT_EQ(notes().get_many(std::vector<std::string>{"a", key}).size(), 2U);
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::invalid_argument || error.code() == ErrorCode::limit_exceeded)
          << error.what();
    }
  }
}

TEST_P(WrongValue, ACollectionsNameThatCannotBeIsRefused) {
  for (const std::string& name : {std::string(), std::string("a/b"), std::string(".hidden"), std::string("a\nb"),
                                  std::string("\xff"), std::string(201, 'n'), std::string("a\0b", 3)}) {
    EXPECT_TRUE(says(error_of([&] { store_->collection(name).put("a", 1); }), ErrorCode::invalid_argument, {})) << name;
    EXPECT_TRUE(says(error_of([&] {
                       store_->collection(name).create_index({.name = {}, .fields = {{"n", false}}, .unique = false});
                     }),
                     ErrorCode::invalid_argument, {}))
        << name;
  }
}

TEST_P(WrongValue, JsonThatCannotBeIsRefused) {
  const std::string deep = std::string(value_depth_max + 1, '[') + std::string(value_depth_max + 1, ']');
  const std::string very_deep = std::string(1'000'000, '[');
  for (const std::string& text : {deep, very_deep, std::string("{\"a\":\"\xff\"}"), std::string("{\"\xff\":1}"),
                                  std::string("{\"a\":1,\"a\":2}"), std::string("{\"a\":"), std::string("\"\\ud800\""),
                                  std::string("nul"), std::string(), std::string("1 2"), std::string("NaN")}) {
    EXPECT_TRUE(says(error_of([&] { notes().put("b", Value::from_json(text)); }), ErrorCode::invalid_argument, {}))
        << text.substr(0, 40);
  }
}

TEST_P(WrongValue, AValueMadeTooDeepIsRefusedAtTheLatestWhenPut) {
  EXPECT_TRUE(says(error_of([&] {
                     Value value = 1;
                     for (std::size_t depth = 0; depth <= value_depth_max; ++depth) value = Value::array({value});
                     notes().put("b", value);
                   }),
                   ErrorCode::invalid_argument, {}));
  EXPECT_TRUE(says(error_of([&] {
                     Value value = 1;
                     for (std::size_t depth = 0; depth <= value_depth_max; ++depth)
                       value = Value::object({{"a", value}});
                     notes().put("b", value);
                   }),
                   ErrorCode::invalid_argument, {}));
  EXPECT_TRUE(says(error_of([&] {
                     std::string path = "a";
                     for (std::size_t depth = 0; depth <= value_depth_max; ++depth) path += ".a";
                     Value value = Value::object();
                     value.set(path, Value(1));
                     notes().put("b", value);
                   }),
                   ErrorCode::invalid_argument, {}));
  EXPECT_TRUE(says(error_of([&] { notes().put("b", Value(std::string_view("\xff"))); }), ErrorCode::invalid_argument,
                   {"UTF-8"}));
  EXPECT_TRUE(says(error_of([&] { notes().put("b", ValueView()); }), ErrorCode::invalid_argument, {}));
  EXPECT_TRUE(says(error_of([&] { notes().put("b", Value(0.0 / 0.0)); }), ErrorCode::invalid_argument, {}));
}

TEST_P(WrongValue, ARecordOverTheLimitIsRefusedByItsName) {
  EXPECT_TRUE(says(error_of([&] { notes().put("b", std::string(record_bytes_max, 'x')); }), ErrorCode::limit_exceeded,
                   {"record_bytes_max", "`b`"}));
}

TEST_P(WrongValue, ATransactionOverItsBytesIsRefusedByTheLimitsName) {
  const Value value(std::string(record_bytes_max - 100, 'x'));
  EXPECT_TRUE(says(error_of([&] {
                     store_->transact([&](Transaction& transaction) {
                       for (int number = 0; number < 70; ++number)
                         transaction.collection("notes").put("k" + std::to_string(number), value);
                     });
                   }),
                   ErrorCode::limit_exceeded, {"transaction_bytes_max"}));
}

TEST_P(WrongValue, AFilterThatCannotBeIsRefused) {
  std::string deep;
  for (int depth = 0; depth < 60'000; ++depth) deep += "(";
  for (const std::string& where :
       {deep, deep + "n = 1", std::string("n ="), std::string("n = 'open"), std::string("= 1"),
        std::string("n = :unknown"), std::string("\xff = 1"), std::string("not ") + deep}) {
    const Error error = error_of([&] { notes().find({.where = where}); });
    EXPECT_TRUE(error.code() == ErrorCode::invalid_argument || error.code() == ErrorCode::limit_exceeded)
        << where.substr(0, 40) << ": " << error.what();
  }
}

STRATA_ON_EVERY_ENGINE(WrongValue);

TEST(WrongTransaction, OverItsChangesIsRefusedByTheLimitsName) {
  Store store = Store::open("memory:");
  store.collection("notes").put("a", 1);
  EXPECT_TRUE(says(error_of([&] {
                     store.transact([&](Transaction& transaction) {
                       Collection notes = transaction.collection("notes");
                       for (std::size_t number = 0; number <= transaction_changes_max; ++number)
                         notes.put(std::to_string(number), 1);
                     });
                   }),
                   ErrorCode::limit_exceeded, {"transaction_changes_max"}));
  EXPECT_EQ(store.position(), Position{1});
  EXPECT_EQ(store.collection("notes").count(), 1U);
}

class LargestValue : public AnyEngine {};

TEST_P(LargestValue, OfEverythingAtItsLimitIsStoredAndFoundAgain) {
  const std::string key(user_key_bytes_max, 'k');
  const std::string text(record_bytes_max - 5, 'x');  // the encoding's own bytes
  std::string deep = "1";
  for (std::size_t depth = 0; depth < value_depth_max; ++depth) deep = "[" + deep + "]";
  {
    Store store = open();
    store.collection(std::string(200, 'n')).put(key, text);
    store.collection("deep").put(key, Value::from_json(deep));
    store.collection("deep").create_index({.name = {}, .fields = {{"a", false}}, .unique = false});
  }
  Store store = open();
  EXPECT_EQ(store.collection(std::string(200, 'n')).get(key)->value.as_string(), text);
  EXPECT_EQ(store.collection("deep").get(key)->value.to_json(), deep);
  EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
}

STRATA_ON_EVERY_ENGINE(LargestValue);

}  // namespace
}  // namespace strata::faults
