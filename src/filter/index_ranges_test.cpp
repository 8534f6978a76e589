#include "filter/index_ranges.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "codec/ordered.hpp"
#include "codec/value_random.hpp"
#include "commit/index_entries.hpp"
#include "filter/filter.hpp"

namespace strata::filter {
namespace {

constexpr Time now{1'714'557'600'000'000};  // 2024-05-01T10:00:00Z

Bytes encoded(ValueView value) {
  Bytes out;
  codec::append_ordered(out, value);
  return out;
}

Bytes encoded(Time time) {
  Bytes out;
  codec::append_ordered(out, time);
  return out;
}

IndexRange only(const Bytes& value) { return {value, codec::prefix_end(value)}; }

IndexRanges ranges(std::string_view text, const IndexShape& shape, const Parameters& parameters = {}) {
  return Filter::parse(text, now, parameters).ranges_for(shape);
}

bool covers(const IndexRanges& ranges, const Bytes& part) {
  return std::any_of(ranges.ranges.begin(), ranges.ranges.end(), [&](const IndexRange& range) {
    return range.begin <= part && (range.end.empty() || part < range.end);
  });
}

IndexedField scalar(std::string path) { return {.path = std::move(path), .may_hold_array = false}; }

TEST(IndexRanges, AreOneValueForAnEquality) {
  const IndexRanges found = ranges("kind = 'note'", {{.path = "kind"}});
  ASSERT_EQ(found.ranges.size(), 1U);
  EXPECT_EQ(found.ranges[0], only(encoded(Value("note"))));
  EXPECT_EQ(found.fields_equal, 1U);
  EXPECT_EQ(found.fields_single, 1U);
  EXPECT_EQ(found.next, Narrowing::none);
  EXPECT_TRUE(found.exact);
  EXPECT_TRUE(found.narrows());
}

TEST(IndexRanges, AreTheValuesOfAListInOrder) {
  const IndexRanges found = ranges("n in (3, 1, 2) and n in (1, 2, 5)", {scalar("n")});
  EXPECT_EQ(found.ranges, (std::vector{only(encoded(Value(1))), only(encoded(Value(2)))}));
  EXPECT_EQ(found.fields_equal, 1U);
  EXPECT_EQ(found.fields_single, 0U);
  EXPECT_TRUE(found.exact);
}

TEST(IndexRanges, StayWithinTheTypeOfABound) {
  const IndexRanges above = ranges("n > 5", {{.path = "n"}});
  EXPECT_TRUE(covers(above, encoded(Value(5.5))));
  EXPECT_TRUE(covers(above, encoded(Value(std::numeric_limits<double>::max()))));
  EXPECT_FALSE(covers(above, encoded(Value(5.0))));
  EXPECT_FALSE(covers(above, encoded(Value("a"))));
  EXPECT_FALSE(covers(above, encoded(now)));
  const IndexRanges below = ranges("n <= 'b'", {{.path = "n"}});
  EXPECT_TRUE(covers(below, encoded(Value(""))));
  EXPECT_TRUE(covers(below, encoded(Value("b"))));
  EXPECT_FALSE(covers(below, encoded(Value(std::string("b\0", 2)))));
  EXPECT_FALSE(covers(below, encoded(Value(7))));
  EXPECT_FALSE(covers(below, encoded(now)));
  EXPECT_EQ(below.next, Narrowing::half);
  const IndexRanges truths = ranges("n > false", {{.path = "n"}});
  EXPECT_EQ(truths.ranges, std::vector{only(encoded(Value(true)))});
}

TEST(IndexRanges, OfAPrefixHoldTheTextsThatHaveIt) {
  const IndexRanges found = ranges("t like 'ab%'", {{.path = "t"}});
  EXPECT_TRUE(found.exact);
  EXPECT_EQ(found.next, Narrowing::interval);
  for (const char* text : {"ab", "abc", "ab\xf4\x8f\xbf\xbf"}) EXPECT_TRUE(covers(found, encoded(Value(text)))) << text;
  for (const char* text : {"a", "aa", "ac", "", "b"}) EXPECT_FALSE(covers(found, encoded(Value(text)))) << text;
  EXPECT_TRUE(covers(found, encoded(Value(std::string("ab\0\1", 4)))));
  EXPECT_FALSE(ranges("t like 'ab%c'", {{.path = "t"}}).exact);
  EXPECT_EQ(ranges("t like 'ab'", {{.path = "t"}}).ranges, std::vector{only(encoded(Value("ab")))});
  EXPECT_EQ(ranges("t like '%b'", {{.path = "t"}}).next, Narrowing::present);
}

TEST(IndexRanges, FollowTheFieldsOfACompoundIndex) {
  const IndexShape shape{{.path = "kind"}, {.path = "n"}, {.path = "updated"}};
  const IndexRanges both = ranges("kind in ('a', 'b') and n = 1 and updated > ago('1d')", shape);
  EXPECT_EQ(both.fields_equal, 2U);
  EXPECT_EQ(both.fields_single, 0U);
  EXPECT_EQ(both.next, Narrowing::half);
  EXPECT_TRUE(both.exact);
  ASSERT_EQ(both.ranges.size(), 2U);
  EXPECT_EQ(both.ranges[0].begin,
            encoded(Value("a")) + encoded(Value(1)) + codec::prefix_end(encoded(now - std::chrono::hours(24))));
  const IndexRanges ranged = ranges("kind = 'a' and n > 1 and updated > ago('1d')", shape);
  EXPECT_EQ(ranged.fields_equal, 1U);
  EXPECT_EQ(ranged.fields_single, 1U);
  EXPECT_FALSE(ranged.exact);
  const IndexRanges first_only = ranges("kind = 'a' and updated > ago('1d')", shape);
  EXPECT_EQ(first_only.fields_equal, 1U);
  EXPECT_EQ(first_only.next, Narrowing::none);
  EXPECT_FALSE(first_only.exact);
  const IndexRanges none = ranges("n = 1 and updated > ago('1d')", shape);
  EXPECT_FALSE(none.narrows());
  EXPECT_EQ(none.ranges, (std::vector<IndexRange>{{"", ""}}));
}

TEST(IndexRanges, NarrowAFieldThatMayHoldAnArrayByOneConditionOnly) {
  const IndexRanges open = ranges("n > 5 and n < 3", {{.path = "n"}});
  EXPECT_FALSE(open.ranges.empty());
  EXPECT_FALSE(open.exact);
  EXPECT_TRUE(ranges("n > 5 and n < 3", {scalar("n")}).ranges.empty());
  EXPECT_EQ(ranges("n > 5 and n = 1", {{.path = "n"}}).ranges, std::vector{only(encoded(Value(1)))});
  const IndexRanges between = ranges("n between 3 and 5", {{.path = "n"}});
  ASSERT_EQ(between.ranges.size(), 1U);
  EXPECT_EQ(between.ranges[0], (IndexRange{encoded(Value(3)), codec::prefix_end(encoded(Value(5)))}));
  EXPECT_EQ(between.next, Narrowing::interval);
  EXPECT_TRUE(between.exact);
  const IndexRanges interval = ranges("n >= 3 and n < 5", {scalar("n")});
  EXPECT_EQ(interval.ranges, (std::vector<IndexRange>{{encoded(Value(3)), encoded(Value(5))}}));
  EXPECT_EQ(interval.next, Narrowing::interval);
  EXPECT_TRUE(interval.exact);
}

TEST(IndexRanges, UniteTheAlternativesOfOneField) {
  const IndexRanges found = ranges("n < 3 or n = 7 or n between 2 and 4", {{.path = "n"}});
  ASSERT_EQ(found.ranges.size(), 2U);
  EXPECT_EQ(found.ranges[0].end, codec::prefix_end(encoded(Value(4))));
  EXPECT_EQ(found.ranges[1], only(encoded(Value(7))));
  EXPECT_TRUE(found.exact);
  EXPECT_FALSE(ranges("n < 3 or m = 7", {{.path = "n"}}).narrows());
  const IndexRanges mixed = ranges("n = 1 and m = 2 or n = 3 and m = 4", {{.path = "n"}, {.path = "m"}});
  EXPECT_EQ(mixed.fields_equal, 2U);
  EXPECT_EQ(mixed.ranges.size(), 4U);
  EXPECT_FALSE(mixed.exact);
}

TEST(IndexRanges, FindNullAndMissingByTheirEntries) {
  const IndexShape shape{{.path = "n"}};
  EXPECT_EQ(ranges("n is null", shape).ranges,
            (std::vector{only(encoded(ValueView())), only(encoded(Value(nullptr)))}));
  EXPECT_EQ(ranges("n is null", shape).fields_equal, 1U);
  EXPECT_FALSE(ranges("n is null", shape).exact);
  EXPECT_TRUE(ranges("n is null", {scalar("n")}).exact);
  EXPECT_EQ(ranges("not exists(n)", shape).ranges, std::vector{only(encoded(ValueView()))});
  EXPECT_TRUE(ranges("not exists(n)", shape).exact);
  const IndexRanges present = ranges("n exists", shape);
  EXPECT_FALSE(covers(present, encoded(ValueView())));
  EXPECT_TRUE(covers(present, encoded(Value(nullptr))));
  EXPECT_FALSE(covers(ranges("n != 5", {scalar("n")}), encoded(Value(nullptr))));
  EXPECT_TRUE(covers(ranges("n != 5", shape), encoded(Value(nullptr))));
}

TEST(IndexRanges, OfContainsNeedTheTextsUnlessThereAreNone) {
  EXPECT_EQ(ranges("tags contains 5", {{.path = "tags"}}).ranges, std::vector{only(encoded(Value(5)))});
  EXPECT_TRUE(covers(ranges("tags contains 'x'", {{.path = "tags"}}), encoded(Value("axb"))));
  EXPECT_EQ(ranges("tags contains 'x'", {{.path = "tags", .may_hold_text = false}}).ranges,
            std::vector{only(encoded(Value("x")))});
  EXPECT_EQ(ranges("tags = 'x'", {{.path = "tags"}}).ranges, std::vector{only(encoded(Value("x")))});
  EXPECT_EQ(ranges("tags[*] = 'x'", {{.path = "tags"}}).ranges, std::vector{only(encoded(Value("x")))});
  EXPECT_FALSE(ranges("tags[*] = 'x'", {{.path = "tags"}}).exact);
  EXPECT_FALSE(ranges("tags[0] = 'x'", {{.path = "tags"}}).narrows());
}

TEST(IndexRanges, ReadTimesAsTheIndexDoes) {
  const IndexedField due{.path = "due", .time = true};
  const IndexRanges since = ranges("due >= time('2024-04-01')", {due});
  EXPECT_TRUE(covers(since, encoded(*Time::parse("2024-04-01"))));
  EXPECT_FALSE(covers(since, encoded(*Time::parse("2024-03-31"))));
  EXPECT_FALSE(covers(since, encoded(Value("x"))));
  EXPECT_TRUE(since.exact);
  const IndexRanges text = ranges("due >= '2024-04'", {due});
  EXPECT_FALSE(covers(text, encoded(*Time::parse("2024-03-20"))));
  EXPECT_TRUE(covers(text, encoded(*Time::parse("2024-04-01T00:00+14:00"))));
  EXPECT_FALSE(text.exact);
  EXPECT_TRUE(covers(ranges("due < '2024-04-01'", {due}), encoded(*Time::parse("+002050-01-01"))));
  EXPECT_FALSE(covers(ranges("due between '2024-04-01' and '2024-04-02'", {due}), encoded(*Time::parse("2024-05-01"))));
  EXPECT_TRUE(covers(ranges("due >= time('2024-04-01')", {{.path = "due"}}), encoded(Value("2024-05-01"))));
  const IndexRanges created = ranges("created = '2024-04-01'", {{.path = "created"}});
  EXPECT_EQ(created.ranges, std::vector{only(encoded(*Time::parse("2024-04-01")))});
  EXPECT_TRUE(created.exact);
  const IndexRanges window = ranges("created >= '2024-04-01' and created < '2024-05-01'", {{.path = "created"}});
  EXPECT_EQ(window.next, Narrowing::interval);
  EXPECT_TRUE(window.exact);
}

TEST(IndexRanges, TellTheRecordsTimeFromTheBodysField) {
  EXPECT_FALSE(ranges("$.created = 5", {{.path = "created"}}).narrows());
  EXPECT_TRUE(ranges("$.created = 5", {{.path = "\"created\""}}).narrows());
  EXPECT_FALSE(ranges("created = '2024-04-01'", {{.path = "\"created\""}}).narrows());
  EXPECT_TRUE(ranges("$._key = 5", {{.path = "_key"}}).narrows());
  EXPECT_FALSE(ranges("_key = '5'", {{.path = "_key"}}).narrows());
  EXPECT_TRUE(ranges("$.\"2nd\" = 5", {{.path = "2nd"}}).narrows());
}

TEST(IndexRanges, AreFewHoweverManyValuesAreAsked) {
  std::vector<Value> list;
  for (int i = 0; i < 100; ++i) list.emplace_back(i);
  const Parameters parameters{{"a", Value::array(list)}, {"b", Value::array(list)}};
  const IndexRanges both = ranges("n in :a and m in :b", {{.path = "n"}, {.path = "m"}}, parameters);
  EXPECT_LE(both.ranges.size(), index_ranges_max);
  EXPECT_EQ(both.fields_equal, 1U);
  EXPECT_FALSE(both.exact);
  std::string many = "n = 0";
  for (int i = 1; i <= 1200; ++i) many += " or n = " + std::to_string(i);
  const IndexRanges merged = ranges(many, {{.path = "n"}});
  EXPECT_EQ(merged.ranges, (std::vector<IndexRange>{{encoded(Value(0)), codec::prefix_end(encoded(Value(1200)))}}));
  EXPECT_EQ(merged.next, Narrowing::interval);
  EXPECT_FALSE(merged.exact);
}

TEST(IndexRanges, ReachEntriesThatWereCut) {
  const std::string text(400, 'a');
  const Bytes stored = codec::stored_indexed_part(encoded(Value(text)));
  for (const char* where : {"t = :p", "t >= :p", "t <= :p", "t in (:p)", "t like :p"}) {
    const IndexRanges found = ranges(where, {{.path = "t"}}, {{"p", Value(text)}});
    EXPECT_TRUE(covers(found, stored)) << where;
    EXPECT_FALSE(found.exact) << where;
    for (const IndexRange& range : found.ranges) EXPECT_LE(range.end.size(), codec::indexed_part_bytes_kept);
  }
}

TEST(IndexRanges, AreNoneWhereNothingCanMatch) {
  const IndexRanges found = ranges("false", {{.path = "n"}});
  EXPECT_TRUE(found.ranges.empty());
  EXPECT_TRUE(found.narrows());
  EXPECT_TRUE(ranges("m = 1 and n in :p", {{.path = "m"}, {.path = "n"}}, {{"p", Value::array()}}).ranges.empty());
  const IndexRanges everything = ranges("", {{.path = "n"}});
  EXPECT_FALSE(everything.narrows());
  EXPECT_TRUE(everything.exact);
}

TEST(IndexRanges, OfKeysAreInTheKeysOwnBytes) {
  const auto keys = [](std::string_view text) { return Filter::parse(text, now).ranges_of_keys(); };
  EXPECT_EQ(keys("_key = 'a'").ranges, (std::vector<IndexRange>{{"a", std::string("a\0", 2)}}));
  EXPECT_EQ(keys("_key = 'a'").fields_single, 1U);
  EXPECT_TRUE(keys("_key = 'a'").exact);
  EXPECT_FALSE(keys("_key = 'a' and n = 1").exact);
  EXPECT_EQ(keys("_key like 'user:%'").ranges, (std::vector<IndexRange>{{"user:", "user;"}}));
  EXPECT_EQ(keys("_key > 'a' and _key <= 'b'").ranges,
            (std::vector<IndexRange>{{std::string("a\0", 2), std::string("b\0", 2)}}));
  EXPECT_EQ(keys("_key in ('b', 'a')").fields_equal, 1U);
  EXPECT_FALSE(keys("n = 1").narrows());
  EXPECT_EQ(keys("n = 1").ranges, (std::vector<IndexRange>{{"", ""}}));
  EXPECT_TRUE(keys("_key is null").ranges.empty());
  EXPECT_TRUE(keys("_key < ''").ranges.empty());
}

// ---- random filters over random records

class RandomQuestions {
 public:
  explicit RandomQuestions(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

  Value text() {
    static const std::string texts[] = {"",
                                        "a",
                                        "ab",
                                        "abc",
                                        "b",
                                        "2024-04-01",
                                        "2024-04-02T10:00:00+02:00",
                                        "2024-04",
                                        "+009024-04-01",
                                        "\xc3\xa9",
                                        std::string("a\0", 2),
                                        "ab\x01"};
    if (random_.chance(8)) return Value(std::string(205 + 15 * below(3), 'a') + "bc"[below(2)]);
    return Value(texts[below(std::size(texts))]);
  }

  Value number() {
    if (random_.chance(5)) return Value(static_cast<long long>(april.micros + static_cast<std::int64_t>(below(3)) - 1));
    if (random_.chance(5)) return Value((static_cast<double>(below(30)) - 10) / 4);
    if (random_.chance(10)) return Value(9223372036854775807LL - static_cast<long long>(below(2)));
    if (random_.chance(20)) return Value(-0.0);
    return Value(static_cast<long long>(below(8)) - 2);
  }

  Value single() {
    switch (below(8)) {
      case 0:
        return Value(nullptr);
      case 1:
        return Value(below(2) == 0);
      case 2:
      case 3:
      case 4:
        return number();
      default:
        return text();
    }
  }

  Value field() {
    if (below(4) != 0) return single();
    if (random_.chance(6)) return Value::object({{"x", single()}});
    std::vector<Value> elements;
    const bool numbers = below(2) == 0;
    for (auto left = below(4); left > 0; --left) {
      if (numbers) {
        elements.push_back(number());
        continue;
      }
      elements.push_back(random_.chance(8) ? Value::array({single()}) : single());
    }
    return Value::array(elements);
  }

  Value body() {
    Value body = Value::object();
    for (const char* name : {"a", "b", "c"}) {
      if (below(6) != 0) body.set(name, field().view());
    }
    return body;
  }

  Time time() { return april + std::chrono::hours(12 * static_cast<int>(below(5)) - 24); }

  std::string filter(int levels) {
    if (levels > 0 && below(2) == 0) {
      switch (below(5)) {
        case 0:
          return "not (" + filter(levels - 1) + ")";
        case 1:
        case 2:
          return "(" + filter(levels - 1) + " or " + filter(levels - 1) + ")";
        default:
          return "(" + filter(levels - 1) + " and " + filter(levels - 1) + ")";
      }
    }
    return leaf();
  }

  Parameters parameters;

 private:
  static constexpr Time april{1'711'929'600'000'000};  // 2024-04-01

  /// A new parameter holding the value.
  std::string bound(Value value) {
    const std::string name = "p" + std::to_string(parameters.size());
    parameters.emplace(name, std::move(value));
    return ":" + name;
  }

  Value not_null() {
    for (;;) {
      Value value = single();
      if (value.type() != ValueType::null) return value;
    }
  }

  std::string operand() { return random_.chance(5) ? "time('" + time().to_string() + "')" : bound(not_null()); }

  std::string leaf() {
    static const char* const comparisons[] = {"=", "!=", "<", "<=", ">", ">="};
    const std::string comparison = comparisons[below(std::size(comparisons))];
    if (random_.chance(8))
      return std::string(below(2) == 0 ? "created " : "updated ") + comparison + " '" + time().to_string() + "'";
    static const char* const paths[] = {"a", "b", "c"};
    const std::string path = std::string(paths[below(3)]) + (random_.chance(10)   ? "[*]"
                                                             : random_.chance(15) ? "[0]"
                                                                                  : "");
    const std::string no = random_.chance(6) ? " not" : "";
    switch (below(10)) {
      case 9:
        // Both may hold, for different elements.
        return path + " > " + bound(number()) + " and " + path + " < " + bound(number());
      case 0: {
        const bool texts = below(2) == 0;
        return path + no + " between " + bound(texts ? text() : number()) + " and " + bound(texts ? text() : number());
      }
      case 1:
        return path + no + " in (" + operand() + ", " + operand() + ", " + operand() + ")";
      case 2: {
        static const char* const patterns[] = {"a%", "ab%", "a_", "%b", "2024-04%", "abc", "", "%", "a\\%%"};
        return path + no + " like '" + patterns[below(std::size(patterns))] + "'";
      }
      case 3:
        return path + no + " contains " + operand();
      case 4:
        return path + (below(2) == 0 ? " is null" : " is not null");
      case 5:
        return path + no + " exists";
      case 6:
        if (random_.chance(3)) return path + " = " + bound(field_not_null());
        [[fallthrough]];
      default:
        return path + " " + comparison + " " + operand();
    }
  }

  Value field_not_null() {
    for (;;) {
      Value value = field();
      if (value.type() != ValueType::null) return value;
    }
  }

  codec::RandomValues random_;
};

struct TestIndex {
  commit::IndexDefinition definition;
  IndexShape shape;
};

std::vector<TestIndex> test_indexes() {
  const std::vector<std::vector<IndexField>> declared = {{{"a", false}},
                                                         {{"a", true}},
                                                         {{"a", false}, {"b", false}},
                                                         {{"b", true}, {"a", false}, {"updated", false}},
                                                         {{"created", false}, {"c", true}},
                                                         {{"c", false}, {"created", false}},
                                                         {{"a", false}, {"b", false}, {"c", false}}};
  std::vector<TestIndex> indexes;
  for (const auto& fields : declared) {
    TestIndex index;
    index.definition.options.name = "test";
    index.definition.options.fields = fields;
    for (const IndexField& field : fields) index.shape.push_back({.path = field.path, .time = field.time});
    indexes.push_back(std::move(index));
  }
  return indexes;
}

struct Tally {
  std::size_t found_by_narrow_ranges = 0;
  std::size_t exact = 0;
  std::size_t spared = 0;
};

void check_record(const Filter& filter, const TestIndex& index, const IndexRanges& found, const RecordView& record,
                  Tally& tally) {
  const bool matches = filter.matches(record);
  const auto parts = commit::index_parts(index.definition, record.body, record.created, record.updated);
  const bool covered =
      std::any_of(parts.begin(), parts.end(), [&](const auto& part) { return covers(found, part.stored); });
  ASSERT_TRUE(covered || !matches) << "the ranges miss " << record.body.to_json();
  ASSERT_TRUE(!found.exact || matches || !covered) << "not exact for " << record.body.to_json();
  tally.found_by_narrow_ranges += matches && found.narrows() ? 1 : 0;
  tally.exact += found.exact && covered && found.narrows() ? 1 : 0;
  tally.spared += covered ? 0 : 1;
}

/// With `scalars_only` no field is an array, and the index is told so.
void run_random_questions(bool scalars_only, const std::string& test) {
  RandomQuestions questions(codec::test_seed());
  Tally tally;
  const auto indexes = test_indexes();
  for (int round = 0; round < 600; ++round) {
    questions.parameters.clear();
    const std::string text = questions.filter(3);
    const Filter filter = Filter::parse(text, now, questions.parameters);
    SCOPED_TRACE(text + " = " + filter.to_string() + "; replay: STRATA_TEST_SEED=" +
                 std::to_string(codec::test_seed()) + " filter_test --gtest_filter=" + test);
    std::vector<Value> bodies;
    while (bodies.size() < 25) {
      Value body = questions.body();
      const auto has_array = [&](const char* name) { return body[name].type() == ValueType::array; };
      if (scalars_only && (has_array("a") || has_array("b") || has_array("c"))) continue;
      bodies.push_back(std::move(body));
    }
    for (TestIndex index : indexes) {
      for (IndexedField& field : index.shape) field.may_hold_array = !scalars_only;
      const IndexRanges found = filter.ranges_for(index.shape);
      ASSERT_LE(found.ranges.size(), index_ranges_max);
      for (std::size_t i = 0; i < found.ranges.size(); ++i) {
        const IndexRange& range = found.ranges[i];
        ASSERT_TRUE(range.end.empty() || range.begin < range.end);
        ASSERT_TRUE(i == 0 || (!found.ranges[i - 1].end.empty() && found.ranges[i - 1].end <= range.begin));
      }
      for (const Value& body : bodies) {
        const RecordView record{"k", body.view(), Version{1}, questions.time(), questions.time()};
        check_record(filter, index, found, record, tally);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
  EXPECT_GT(tally.found_by_narrow_ranges, 1'000U);
  EXPECT_GT(tally.exact, 500U);
  EXPECT_GT(tally.spared, 1'000U);
}

TEST(IndexRanges, CoverEveryMatchAmongRandomRecords) {
  run_random_questions(false, "IndexRanges.CoverEveryMatchAmongRandomRecords");
}

TEST(IndexRanges, CoverEveryMatchAmongRandomRecordsWithoutArrays) {
  run_random_questions(true, "IndexRanges.CoverEveryMatchAmongRandomRecordsWithoutArrays");
}

}  // namespace
}  // namespace strata::filter
