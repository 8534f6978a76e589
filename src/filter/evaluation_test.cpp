#include "filter/evaluation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "codec/value_random.hpp"
#include "filter/filter.hpp"

namespace strata::filter {
namespace {

constexpr Time now{1'714'557'600'000'000};  // 2024-05-01T10:00:00Z

/// A filter as text, and what it means said a second time, without regard to speed.
struct Meaning {
  std::string text;
  std::function<bool(const RecordView&)> holds;
};

std::vector<Value> with_elements(ValueView value) {
  std::vector<Value> all;
  if (value.is_missing()) return all;
  all.emplace_back(value);
  if (value.type() == ValueType::array) {
    for (const auto& member : value) all.emplace_back(member.value);
  }
  return all;
}

bool is_number(const Value& value) { return value.type() == ValueType::integer || value.type() == ValueType::number; }

/// -1, 0, 1; 2 when the two do not compare.
int order(const Value& a, const Value& b) {
  const bool comparable = a.type() == b.type() || (is_number(a) && is_number(b));
  if (!comparable || a.type() == ValueType::null) return 2;
  const auto result = compare(a.view(), b.view());
  const int sign = result < 0 ? -1 : result > 0 ? 1 : 0;
  const bool composite = a.type() == ValueType::array || a.type() == ValueType::object;
  return composite && sign != 0 ? 2 : sign;
}

int order(const Value& a, Time b) {
  if (is_number(a)) return order(a, Value(static_cast<long long>(b.micros)));
  const auto time = a.type() == ValueType::string ? Time::parse(a.as_string()) : std::nullopt;
  if (!time) return 2;
  return *time < b ? -1 : *time > b ? 1 : 0;
}

bool satisfies(int order, std::string_view comparison) {
  if (order == 2) return false;
  if (comparison == "=") return order == 0;
  if (comparison == "<") return order < 0;
  if (comparison == "<=") return order <= 0;
  if (comparison == ">") return order > 0;
  return order >= 0;
}

bool there(ValueView value) { return !value.is_missing() && value.type() != ValueType::null; }

class RandomMeanings {
 public:
  explicit RandomMeanings(std::uint64_t seed) : random_(seed) {}

  Parameters parameters;

  Value single() {
    static const std::string texts[] = {"", "a", "ab", "b", "A", "2024-04-01", "2024-04-01T02:00:00+02:00", "\xc3\xa9"};
    switch (random_.below(8)) {
      case 0:
        return Value(nullptr);
      case 1:
        return Value(random_.below(2) == 0);
      case 2:
        return random_.number();
      case 3:
        return Value(static_cast<long long>(april.micros));
      case 4:
        return Value(static_cast<long long>(random_.below(4)));
      default:
        return Value(texts[random_.below(std::size(texts))]);
    }
  }

  Value field() {
    if (random_.below(3) != 0) return single();
    if (random_.chance(4)) return Value::object({{"x", single()}});
    std::vector<Value> elements;
    for (auto left = random_.below(4); left > 0; --left) elements.push_back(random_.chance(6) ? field() : single());
    return Value::array(elements);
  }

  Value body() {
    Value body = Value::object();
    for (const char* name : {"a", "b", "c"}) {
      if (random_.below(6) != 0) body.set(name, field().view());
    }
    return body;
  }

  Meaning meaning(int levels) {
    if (levels == 0 || random_.below(3) == 0) return leaf();
    const Meaning first = meaning(levels - 1);
    if (random_.chance(4)) return {"not (" + first.text + ")", [=](const RecordView& r) { return !first.holds(r); }};
    const Meaning second = meaning(levels - 1);
    if (random_.chance(2)) {
      return {"(" + first.text + ") and (" + second.text + ")",
              [=](const RecordView& r) { return first.holds(r) && second.holds(r); }};
    }
    return {"(" + first.text + " OR " + second.text + ")",
            [=](const RecordView& r) { return first.holds(r) || second.holds(r); }};
  }

 private:
  static constexpr Time april{1'711'929'600'000'000};  // 2024-04-01

  std::string bound(const Value& value) {
    const std::string name = "p" + std::to_string(parameters.size());
    parameters.emplace(name, value);
    return ":" + name;
  }

  Value not_null(bool ordered) {
    for (;;) {
      Value value = ordered ? single() : field();
      if (value.type() != ValueType::null) return value;
    }
  }

  /// A condition on any element of a path, and the form of it that begins with `not`.
  Meaning of_elements(const std::string& path, const std::string& positive, const std::string& negative,
                      const std::function<bool(const Value&)>& element) {
    const bool negated = random_.chance(4);
    return {path + " " + (negated ? negative : positive), [=](const RecordView& record) {
              const ValueView value = record.body.at(path);
              const auto all = with_elements(value);
              const bool outcome = std::any_of(all.begin(), all.end(), element);
              return negated ? there(value) && !outcome : outcome;
            }};
  }

  Meaning leaf() {
    static const char* const paths[] = {"a", "b", "c", "a.x", "b[0]", "c[1]"};
    const std::string path = paths[random_.below(std::size(paths))];
    switch (random_.below(8)) {
      case 0:
        return presence(path);
      case 1: {
        std::vector<Value> list;
        for (auto left = random_.below(5); left > 0; --left) list.push_back(not_null(false));
        const std::string text = "in " + bound(Value::array(list));
        return of_elements(path, text, "not " + text, [=](const Value& value) {
          return std::any_of(list.begin(), list.end(), [&](const Value& item) { return order(value, item) == 0; });
        });
      }
      case 2: {
        const Value low = random_.number();
        const Value high = random_.number();
        const std::string text = "between " + bound(low) + " and " + bound(high);
        return of_elements(path, text, "not " + text, [=](const Value& value) {
          return satisfies(order(value, low), ">=") && satisfies(order(value, high), "<=");
        });
      }
      case 3:
        return contains(path);
      case 4: {
        static const char* const comparisons[] = {"=", "<", "<=", ">", ">="};
        const std::string comparison = comparisons[random_.below(std::size(comparisons))];
        return {path + comparison + "time('2024-04-01')", [=](const RecordView& record) {
                  const auto all = with_elements(record.body.at(path));
                  return std::any_of(all.begin(), all.end(),
                                     [&](const Value& value) { return satisfies(order(value, april), comparison); });
                }};
      }
      case 5: {
        const std::string text = "like 'a%'";
        return of_elements(path, text, "not " + text, [](const Value& value) {
          return value.type() == ValueType::string && value.as_string().starts_with('a');
        });
      }
      default: {
        static const char* const comparisons[] = {"<", "<=", ">", ">="};
        if (random_.chance(2)) {
          const Value right = not_null(false);
          const std::string name = bound(right);
          return of_elements(path, "= " + name, "!= " + name,
                             [=](const Value& value) { return order(value, right) == 0; });
        }
        const std::string comparison = comparisons[random_.below(std::size(comparisons))];
        const Value right = not_null(true);
        return {path + comparison + bound(right), [=](const RecordView& record) {
                  const auto all = with_elements(record.body.at(path));
                  return std::any_of(all.begin(), all.end(),
                                     [&](const Value& value) { return satisfies(order(value, right), comparison); });
                }};
      }
    }
  }

  Meaning presence(const std::string& path) {
    switch (random_.below(4)) {
      case 0:
        return {path + " is null", [=](const RecordView& r) { return !there(r.body.at(path)); }};
      case 1:
        return {path + " is not null", [=](const RecordView& r) { return there(r.body.at(path)); }};
      case 2:
        return {"exists(" + path + ")", [=](const RecordView& r) { return !r.body.at(path).is_missing(); }};
      default:
        return {path + " not exists", [=](const RecordView& r) { return r.body.at(path).is_missing(); }};
    }
  }

  Meaning contains(const std::string& path) {
    const Value part = not_null(false);
    return {path + " contains " + bound(part), [=](const RecordView& record) {
              const ValueView whole = record.body.at(path);
              if (whole.type() == ValueType::string) {
                return part.type() == ValueType::string &&
                       whole.as_string().find(part.as_string()) != std::string_view::npos;
              }
              if (whole.type() != ValueType::array) return false;
              return std::any_of(whole.begin(), whole.end(), [&](const ValueView::Member& member) {
                return order(Value(member.value), part) == 0;
              });
            }};
  }

  codec::RandomValues random_;
};

TEST(Evaluation, AgreesWithThePlainMeaningOfRandomFilters) {
  RandomMeanings random(codec::test_seed());
  std::size_t held = 0;
  std::size_t failed = 0;
  for (int round = 0; round < 3'000; ++round) {
    random.parameters.clear();
    const Meaning meaning = random.meaning(4);
    const Filter filter = Filter::parse(meaning.text, now, random.parameters);
    for (int i = 0; i < 15; ++i) {
      const Value body = random.body();
      const RecordView record{"k", body.view(), Version{1}, now, now};
      const bool expected = meaning.holds(record);
      ASSERT_EQ(filter.matches(record), expected)
          << meaning.text << "\nas " << filter.to_string() << "\non " << body.to_json()
          << "\nreplay: STRATA_TEST_SEED=" << codec::test_seed()
          << " filter_test --gtest_filter=Evaluation.AgreesWithThePlainMeaningOfRandomFilters";
      ++(expected ? held : failed);
    }
  }
  EXPECT_GT(held, 1'000U);
  EXPECT_GT(failed, 1'000U);
}

TEST(Evaluation, ReadsTimesOfTextAndOfIntegersThatFit) {
  EXPECT_EQ(time_of(Value(5).view()), Time{5});
  EXPECT_EQ(time_of(Value("1970-01-01").view()), Time{0});
  EXPECT_EQ(time_of(Value(18446744073709551615ULL).view()), std::nullopt);
  EXPECT_EQ(time_of(Value(5.0).view()), std::nullopt);
  EXPECT_EQ(time_of(Value("soon").view()), std::nullopt);
  EXPECT_EQ(time_of(ValueView()), std::nullopt);
}

}  // namespace
}  // namespace strata::filter
