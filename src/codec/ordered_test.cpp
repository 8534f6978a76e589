#include "codec/ordered.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "codec/value_random.hpp"
#include "strata/error.hpp"

namespace strata::codec {
namespace {

Bytes encode(ValueView value) {
  Bytes out;
  append_ordered(out, value);
  return out;
}

Bytes encode(Time time) {
  Bytes out;
  append_ordered(out, time);
  return out;
}

std::strong_ordering order_of_bytes(const Bytes& a, const Bytes& b) { return a.compare(b) <=> 0; }

std::vector<Value> border_numbers() {
  std::vector<Value> numbers;
  for (int power = 0; power < 64; ++power) {
    const std::uint64_t natural = std::uint64_t{1} << power;
    for (std::uint64_t near : {natural - 1, natural, natural + 1}) {
      numbers.emplace_back(near);
      if (near <= std::uint64_t{1} << 63) numbers.emplace_back(static_cast<std::int64_t>(0 - near));
    }
  }
  numbers.emplace_back(std::numeric_limits<std::uint64_t>::max());
  using Limits = std::numeric_limits<double>;
  std::vector<double> reals = {0.0, 0.1, 0.5, 1.0, 1.5, 2.5, 3.14, Limits::denorm_min(), Limits::min(), Limits::max()};
  for (int power = -70; power <= 70; ++power) {
    const double real = std::ldexp(1.0, power);
    reals.insert(reals.end(), {real, std::nextafter(real, 0.0), std::nextafter(real, Limits::max())});
  }
  for (double real : reals) {
    numbers.emplace_back(real);
    numbers.emplace_back(-real);
  }
  return numbers;
}

TEST(Ordered, BorderNumbersSortExactlyAndReadBack) {
  const std::vector<Value> numbers = border_numbers();
  std::vector<Bytes> encoded;
  for (const Value& number : numbers) {
    encoded.push_back(encode(number));
    bytes_view in = encoded.back();
    EXPECT_EQ(take_ordered(in), number) << number.to_json();
    EXPECT_TRUE(in.empty());
  }
  for (std::size_t a = 0; a < numbers.size(); ++a) {
    for (std::size_t b = 0; b < numbers.size(); ++b) {
      ASSERT_EQ(order_of_bytes(encoded[a], encoded[b]), compare(numbers[a], numbers[b]))
          << numbers[a].to_json() << " and " << numbers[b].to_json();
    }
  }
}

TEST(Ordered, EqualNumbersOfEitherTypeAreEqualBytes) {
  EXPECT_EQ(encode(Value(1)), encode(Value(1.0)));
  EXPECT_EQ(encode(Value(-0.0)), encode(Value(0)));
  EXPECT_EQ(encode(Value(9007199254740992.0)), encode(Value(std::int64_t{9007199254740992})));
  EXPECT_EQ(encode(Value(-9223372036854775808.0)), encode(Value(std::numeric_limits<std::int64_t>::min())));
  EXPECT_NE(encode(Value(18446744073709551616.0)), encode(Value(std::numeric_limits<std::uint64_t>::max())));
}

TEST(Ordered, SmallIntegersTakeFewBytes) {
  EXPECT_EQ(encode(Value(0)).size(), 1U);
  EXPECT_EQ(encode(Value(127)).size(), 2U);
  EXPECT_EQ(encode(Value(-127)).size(), 2U);
  EXPECT_EQ(encode(Value(30000)).size(), 3U);
  EXPECT_EQ(encode(Time{1'700'000'000'000'000}).size(), 8U);
}

TEST(Ordered, RandomValuesSortAsCompareSaysAlsoInSequences) {
  SCOPED_TRACE(replay_command("Ordered.RandomValuesSortAsCompareSaysAlsoInSequences"));
  RandomValues random(test_seed());
  const auto draw = [&] { return random.chance(2) ? random.number() : random.value(); };
  for (int round = 0; round < 20'000; ++round) {
    const Value a = draw();
    const Value b = random.chance(4) ? a : draw();
    const Value next_a = random.chance(2) ? random.value(1) : Value(random.text());
    const Value next_b = random.chance(2) ? random.value(1) : Value(random.text());
    const auto order = compare(a, b);
    ASSERT_EQ(order_of_bytes(encode(a), encode(b)), order) << a.to_json() << " and " << b.to_json();
    const auto pair_order = order != 0 ? order : compare(next_a, next_b);
    ASSERT_EQ(order_of_bytes(encode(a) + encode(next_a), encode(b) + encode(next_b)), pair_order)
        << a.to_json() << ", " << next_a.to_json() << " and " << b.to_json() << ", " << next_b.to_json();
  }
}

TEST(Ordered, SequencesReadBackValueByValue) {
  SCOPED_TRACE(replay_command("Ordered.SequencesReadBackValueByValue"));
  RandomValues random(test_seed());
  for (int round = 0; round < 5'000; ++round) {
    const Value first = random.value();
    const Value second = random.number();
    const Bytes both = encode(first) + encode(second);
    bytes_view in = both;
    ASSERT_EQ(take_ordered(in), first) << first.to_json();
    ASSERT_EQ(take_ordered(in), second) << second.to_json();
    ASSERT_TRUE(in.empty());
  }
}

TEST(Ordered, NoEncodingBeginsWithAnotherOne) {
  SCOPED_TRACE(replay_command("Ordered.NoEncodingBeginsWithAnotherOne"));
  RandomValues random(test_seed());
  std::vector<Bytes> all = {encode(ValueView())};
  for (int i = 0; i < 20'000; ++i) all.push_back(encode(random.value(2)));
  for (const Value& number : border_numbers()) all.push_back(encode(number));
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  ASSERT_GT(all.size(), 1'000U);
  for (std::size_t i = 1; i < all.size(); ++i) ASSERT_NE(all[i].compare(0, all[i - 1].size(), all[i - 1]), 0);
}

TEST(Ordered, TypesAndTimesSortInTheirOrder) {
  using Limits = std::numeric_limits<std::int64_t>;
  constexpr std::int64_t near = std::int64_t{1} << 55;
  std::vector<Bytes> ascending = {encode(ValueView()),
                                  encode(Value()),
                                  encode(Value(false)),
                                  encode(Value(true)),
                                  encode(Value(-std::numeric_limits<double>::max())),
                                  encode(Value(0)),
                                  encode(Value(std::numeric_limits<double>::max()))};
  for (std::int64_t micros :
       {Limits::min(), -near - 1, -near, std::int64_t{-1}, std::int64_t{0}, near - 1, near, Limits::max()}) {
    ascending.push_back(encode(Time{micros}));
    bytes_view in = ascending.back();
    EXPECT_EQ(take_ordered(in).as_int(), micros);
    EXPECT_TRUE(in.empty());
  }
  for (const char* json : {R"("")",
                           R"("\u0000")",
                           R"("\u0000\u0000")",
                           R"("\u0000a")",
                           R"("\u0001")",
                           R"("a")",
                           R"("a\u0000")",
                           R"("a\u0001")",
                           R"("ab")",
                           "[]",
                           "[null]",
                           "[null,null]",
                           "[[]]",
                           "{}",
                           R"({"":null})",
                           R"({"":null,"a":1})",
                           R"({"a":0})",
                           R"({"a":1})",
                           R"({"a":1,"b":0})",
                           R"({"b":0})"}) {
    ascending.push_back(encode(Value::from_json(json)));
  }
  for (std::size_t i = 1; i < ascending.size(); ++i) EXPECT_LT(ascending[i - 1], ascending[i]) << i;
}

TEST(Ordered, MalformedBytesAreCorruptionAndNothingElse) {
  SCOPED_TRACE(replay_command("Ordered.MalformedBytesAreCorruptionAndNothingElse"));
  RandomValues random(test_seed());
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes = encode(random.value());
    if (random.chance(2)) bytes.resize(random.below(bytes.size()));
    for (std::uint64_t left = random.below(4); left != 0 && !bytes.empty(); --left) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.bits());
    }
    bytes_view in = bytes;
    try {
      take_ordered(in);
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::corruption);
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
  const Bytes deep(value_depth_max + 1, '\x60');
  bytes_view in = deep;
  EXPECT_THROW(take_ordered(in), Error);
}

TEST(IndexEntry, ComesApartAsItWasPutTogether) {
  for (std::size_t size : {0U, 1U, 223U}) {
    const Bytes whole(size, 'x');
    bool was_cut = true;
    const Bytes part = stored_indexed_part(whole, &was_cut);
    EXPECT_FALSE(was_cut);
    EXPECT_EQ(part, whole);
    const Bytes key = index_entry_key(part, "the key");
    const IndexEntry entry = split_index_entry(key);
    EXPECT_EQ(entry.stored_part, part);
    EXPECT_EQ(entry.primary_key, "the key");
    EXPECT_FALSE(entry.was_cut);
  }
}

TEST(IndexEntry, ALongIndexedPartIsCutAndStaysUniqueByItsHash) {
  for (std::size_t size : {224U, 225U, 1000U}) {
    bool was_cut = false;
    const Bytes whole = Bytes(size - 1, 'x') + 'a';
    const Bytes part = stored_indexed_part(whole, &was_cut);
    EXPECT_TRUE(was_cut);
    EXPECT_EQ(part.size(), indexed_part_bytes_max);
    EXPECT_EQ(part.substr(0, indexed_part_bytes_kept), whole.substr(0, indexed_part_bytes_kept));
    EXPECT_NE(part, stored_indexed_part(Bytes(size - 1, 'x') + 'b'));
    EXPECT_EQ(part, stored_indexed_part(whole));
    EXPECT_TRUE(split_index_entry(index_entry_key(part, Bytes(240, 'k'))).was_cut);
  }
}

TEST(IndexEntry, DamagedKeysAreCorruption) {
  for (const Bytes& key : {Bytes(), Bytes("a\x09"), Bytes(300, '\x01')}) {
    try {
      split_index_entry(key);
      FAIL() << key.size();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::corruption);
    }
  }
}

TEST(PrefixEnd, IsTheSmallestKeyBeyondAllThatBeginWithThePrefix) {
  EXPECT_EQ(prefix_end("ab"), "ac");
  EXPECT_EQ(prefix_end("a\xff\xff"), "b");
  EXPECT_EQ(prefix_end("\x7f"), "\x80");
  EXPECT_EQ(prefix_end("\xff\xff"), "");
  EXPECT_EQ(prefix_end(""), "");
}

}  // namespace
}  // namespace strata::codec
