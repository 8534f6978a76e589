#include "filter/filter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "filter/lexer.hpp"
#include "strata/error.hpp"

namespace strata::filter {
namespace {

constexpr Time now{1'714'557'600'000'000};  // 2024-05-01T10:00:00Z

struct Sample {
  Value body;
  std::string key = "k1";
  Version version{7};
  Time created = *Time::parse("2024-04-20T00:00:00Z");
  Time updated = *Time::parse("2024-04-30T00:00:00Z");
  std::optional<Time> expires = std::nullopt;

  RecordView view() const { return {key, body.view(), version, created, updated, expires}; }
};

Sample note() {
  return {Value::from_json(R"({"kind": "note", "score": 0.5, "count": 3, "tags": ["x", "y", 5], "empty": [],
    "nothing": null, "done": true, "title": "Über uns", "nested": {"a": [{"b": 1, "c": "p"}, {"b": 2}, {"c": null}]},
    "two words": {"x.y": 1}, "created": "body", "when": "2024-04-30T12:00:00+02:00", "micros": 1714557600000000,
    "big": 9007199254740993, "matrix": [[1, 2], [3]], "in": 4, "nulls": [null], "path": "50%_\\"})")};
}

bool holds(std::string_view text, const Sample& sample, const Parameters& parameters = {}) {
  return Filter::parse(text, now, parameters).matches(sample.view());
}

struct Case {
  const char* text;
  bool holds;
};

void check(std::initializer_list<Case> cases, const Sample& sample = note()) {
  for (const Case& one : cases) {
    EXPECT_EQ(holds(one.text, sample), one.holds) << one.text;
    const std::string canonical = Filter::parse(one.text, now).to_string();
    EXPECT_EQ(holds(canonical, sample), one.holds) << one.text << " as " << canonical;
    EXPECT_EQ(Filter::parse(canonical, now).to_string(), canonical);
  }
}

TEST(Filter, ComparesValuesOfOneType) {
  check({{"kind = 'note'", true},
         {"kind == 'note'", true},
         {"kind = 'Note'", false},
         {"kind != 'task'", true},
         {"kind <> 'note'", false},
         {"kind < 'o'", true},
         {"kind >= 'note'", true},
         {"score >= 0.5", true},
         {"score > 0.5", false},
         {"count = 3.0", true},
         {"count < 3.5", true},
         {"count <= -1", false},
         {"done = true", true},
         {"done > false", true},
         {"done != false", true},
         {"0.5 <= score", true},
         {"3 > count", false},
         {"'note' = kind", true},
         {"big = 9007199254740993", true},
         {"big = 9007199254740992", false},
         {"big > 9007199254740992.0", true},
         {"title = 'Über uns'", true},
         {"true = done", true}});
}

TEST(Filter, IsFalseWhereTypesDifferOrAValueIsAbsent) {
  check({{"kind > 5", false},
         {"kind = 5", false},
         {"kind != 5", true},
         {"count = '3'", false},
         {"absent = 1", false},
         {"absent != 1", false},
         {"absent < 1", false},
         {"nothing = 1", false},
         {"nothing != 1", false},
         {"nothing > 0", false},
         {"not (absent = 1)", true},
         {"not (absent != 1)", true},
         {"absent not in (1)", false},
         {"absent not like 'a'", false},
         {"absent not between 1 and 2", false},
         {"absent not contains 'x'", false},
         {"count not like '3'", true},
         {"kind not in (1)", true},
         {"nested = 1", false},
         {"nested != 1", true}});
}

TEST(Filter, TellsNullFromMissing) {
  check({{"nothing is null", true},       {"absent is null", true},       {"kind is null", false},
         {"nothing is not null", false},  {"absent is not null", false},  {"kind is not null", true},
         {"nothing exists", true},        {"exists(nothing)", true},      {"exists(absent)", false},
         {"absent not exists", true},     {"not exists(absent)", true},   {"not kind exists", false},
         {"not absent is null", false},   {"empty is not null", true},    {"nulls is not null", true},
         {"nested.a[2].c is null", true}, {"nested.a[2].c exists", true}, {"nested.a[1].c exists", false},
         {"_expires is null", true},      {"lower(count) is null", true}, {"lower(kind) is not null", true}});
}

TEST(Filter, ComparesEveryElementOfAnArray) {
  check({{"tags = 'x'", true},
         {"tags = 'z'", false},
         {"tags != 'x'", false},
         {"tags != 'z'", true},
         {"tags > 4", true},
         {"tags in ('q', 'y')", true},
         {"tags not in ('q', 'y')", false},
         {"tags like '_'", true},
         {"tags between 4 and 6", true},
         {"tags between 5.5 and 6", false},
         {"empty = 'x'", false},
         {"empty != 'x'", true},
         {"matrix = 1", false},
         {"matrix[0] = 1", true},
         {"matrix[*] = 1", false},
         {"matrix[*][*] = 3", true},
         {"nested.a[*].b = 2", true},
         {"nested.a[*].b > 2", false},
         {"nested.a.b = 2", false},
         {"nested.a[*].c is null", false},
         {"nested.a[*].d is null", true},
         {"tags[1] = 'y'", true},
         {"tags[9] exists", false},
         {"kind[*] = 'note'", false},
         {"tags[*] = 'x'", true},
         {"empty[*] exists", false},
         {"nulls[*] is null", true},
         {"nulls[*] exists", true}});
}

TEST(Filter, FindsPartsWithContains) {
  check({{"tags contains 'x'", true},
         {"tags contains 'z'", false},
         {"tags contains 5.0", true},
         {"kind contains 'ot'", true},
         {"kind contains 'OT'", false},
         {"kind contains 5", false},
         {"lower(title) contains 'uns'", true},
         {"count contains 3", false},
         {"tags not contains 'z'", true},
         {"nested contains 'a'", false},
         {"lower(tags) contains 'x'", true},
         {"kind contains ''", true},
         {"nested.a[*].c contains 'p'", true}});
}

TEST(Filter, KnowsListsBoundsAndPatterns) {
  check({{"kind in ('task', 'note')", true},
         {"count in (1, 2)", false},
         {"count in (1, 3.0, 'a', true)", true},
         {"count between 3 and 4", true},
         {"count between 4 and 3", false},
         {"count not between 4 and 5", true},
         {"kind like 'n%'", true},
         {"kind like '_ote'", true},
         {"kind like 'N%'", false},
         {"kind not like 'n%'", false},
         {"title like '_ber%'", true},
         {"path like '50\\%\\_\\\\'", true},
         {"path like '5%\\%%'", true},
         {"kind LIKE 'n%' AND Count = 3", false},
         {"kind LIKE 'n%' AND count IN (3)", true}});
}

TEST(Filter, JoinsConditions) {
  check({{"kind = 'note' and count = 3", true},
         {"kind = 'x' and count = 3", false},
         {"kind = 'x' or count = 3", true},
         {"kind = 'x' or count = 3 and done = false", false},
         {"(kind = 'x' or count = 3) and done = true", true},
         {"not kind = 'x' and count = 3", true},
         {"not (kind = 'note' or count = 9)", false},
         {"not not count = 3", true},
         {"true", true},
         {"false", false},
         {"true and count = 3", true},
         {"false or false", false},
         {"1 = 1", true},
         {"count = 3 and 2 > 3", false},
         {"'a' in ('b')", false},
         {"'abc' like 'a%'", true},
         {"", true},
         {"  \n\t ", true},
         {"count=3 and(done=true)", true}});
}

TEST(Filter, ReachesNamesOfAllKinds) {
  check({{"\"two words\".\"x.y\" = 1", true},
         {"$.created = 'body'", true},
         {"\"created\" = 'body'", true},
         {"$.count = 3", true},
         {"\"in\" = 4", true},
         {"$.in = 4", true},
         {"$ exists", true},
         {"$ is null", false},
         {"nested.a[0].b = 1", true},
         {"_key = 'k1'", true},
         {"_key like 'k%'", true},
         {"_version = 7", true},
         {"_version > 7", false},
         {"count = $.count", true},
         {"count < $.score", false},
         {"count != $.score", true},
         {"count != $.absent", false},
         {"tags = $.tags", true},
         {"count = length(tags)", true},
         {"3 = count", true},
         {"created < updated", true}});
}

TEST(Filter, ComparesTimes) {
  check({{"updated > ago('7d')", true},
         {"updated > ago('1d')", false},
         {"updated < now()", true},
         {"created = '2024-04-20'", true},
         {"created < '2024-04-20T00:00:00.000001Z'", true},
         {"_created >= time('2024-04-20 02:00:00+02:00')", true},
         {"'2024-04-20' = created", true},
         {"created between '2024-04-01' and '2024-04-30'", true},
         {"updated in ('2024-04-30', now())", true},
         {"when = time('2024-04-30T10:00:00Z')", true},
         {"when > ago('2d')", true},
         {"when < ago('2d')", false},
         {"micros = now()", true},
         {"micros > ago('1us')", true},
         {"count < now()", true},
         {"kind < now()", false},
         {"kind != now()", true},
         {"when = '2024-04-30T10:00:00Z'", false},
         {"time(when) = '2024-04-30T10:00:00Z'", true},
         {"time(micros) = now()", true},
         {"time(kind) is null", true},
         {"created = time(1713571200000000)", true},
         {"when in (time('2024-04-30T10:00:00Z'))", true},
         {"tags < now()", true},
         {"time(tags) < '2000-01-01'", true},
         {"time(score) exists", false},
         {"big > time('2200-01-01')", true}});
  Sample expiring = note();
  expiring.expires = now;
  check({{"_expires > ago('1s')", true}, {"_expires is null", false}, {"_expires <= now()", true}}, expiring);
}

TEST(Filter, HasFunctionsOfText) {
  check({{"lower(kind) = 'note'", true},
         {"lower(title) = 'Über uns'", true},
         {"lower('ABC') = 'abc'", true},
         {"length(title) = 8", true},
         {"length(tags) = 3", true},
         {"length(empty) = 0", true},
         {"length(nested) = 1", true},
         {"length(count) = 1", false},
         {"length(lower(kind)) = 4", true},
         {"LENGTH(kind) between 4 and 5", true},
         {"length(absent) >= 0", false}});
  Sample shouting{Value::from_json(R"({"kind": "NOTE", "tags": ["A", "b"]})")};
  check({{"lower(kind) = 'note'", true}, {"lower(tags) = 'a'", true}, {"lower(tags) contains 'a'", true}}, shouting);
}

TEST(Filter, TakesParametersAsValuesAndNeverAsText) {
  const Sample sample = note();
  EXPECT_TRUE(holds("kind = :kind", sample, {{"kind", Value("note")}}));
  EXPECT_FALSE(holds("kind = :k", sample, {{"k", Value("x' or true or 'a' = 'a")}}));
  EXPECT_TRUE(holds("kind in :list", sample, {{"list", Value::array({"a", "note"})}}));
  EXPECT_FALSE(holds("kind in :list", sample, {{"list", Value::array()}}));
  EXPECT_TRUE(holds("kind not in :list", sample, {{"list", Value::array()}}));
  EXPECT_TRUE(holds("count in (:a, :b)", sample, {{"a", Value(1)}, {"b", Value(3)}}));
  EXPECT_TRUE(holds("tags = :all", sample, {{"all", Value::array({"x", "y", 5})}}));
  EXPECT_TRUE(holds("matrix = :row", sample, {{"row", Value::array({3})}}));
  EXPECT_TRUE(holds("matrix contains :row", sample, {{"row", Value::array({3})}}));
  EXPECT_TRUE(holds("updated > ago(:age)", sample, {{"age", Value("7d")}}));
  EXPECT_TRUE(holds("updated < :t and time(:m) = updated", sample,
                    {{"t", Value("2024-05-01")}, {"m", Value(1714435200000000)}}));
  EXPECT_TRUE(holds("kind like :p", sample, {{"p", Value("n%")}}));
}

TEST(Filter, CanBeNarrowedToATimeOfUpdate) {
  const Sample sample = note();
  const Filter filter = Filter::parse("kind = 'note' or count = 9", now);
  const Time updated = sample.updated;
  EXPECT_TRUE(filter.updated_between(updated, {}).matches(sample.view()));
  EXPECT_FALSE(filter.updated_between(updated + std::chrono::microseconds(1), {}).matches(sample.view()));
  EXPECT_FALSE(filter.updated_between({}, updated).matches(sample.view()));
  EXPECT_TRUE(filter.updated_between(updated, now).matches(sample.view()));
  EXPECT_EQ(filter.updated_between({}, {}).to_string(), filter.to_string());
  EXPECT_EQ(Filter().updated_between(updated, {}).to_string(), "updated >= time('2024-04-30T00:00:00.000000Z')");
}

TEST(Filter, HasACanonicalForm) {
  const auto canonical = [](std::string_view text, const Parameters& parameters = {}) {
    return Filter::parse(text, now, parameters).to_string();
  };
  EXPECT_EQ(canonical(""), "true");
  EXPECT_EQ(canonical("A=1 AND (b<>'it''s' AND NOT c LIKE 'x%')"), "A = 1 and b != 'it''s' and not (c like 'x%')");
  EXPECT_EQ(canonical("(a = 1 or b = 2) and c exists"), "(a = 1 or b = 2) and c exists");
  EXPECT_EQ(canonical("a in (3, 1, 2, 1)"), "a in (1, 2, 3)");
  EXPECT_EQ(canonical("5 < a"), "a > 5");
  EXPECT_EQ(canonical("a = :p", {{"p", Value("it's")}}), "a = 'it''s'");
  EXPECT_EQ(canonical("\"a b\".c[0][*].\"q\\\"\" = $.x"), "$.\"a b\".c[0][*].\"q\\\"\" = $.x");
  EXPECT_EQ(canonical("\"created\" = 1 and _created is not null"), "$.created = 1 and created is not null");
  EXPECT_EQ(canonical("updated > ago('1d')"), "updated > time('2024-04-30T10:00:00.000000Z')");
  EXPECT_EQ(canonical("not (a is null)"), "a is not null");
  EXPECT_TRUE(Filter::parse("true or a = 1", now).is_trivial());
  EXPECT_FALSE(Filter::parse("a = 1", now).is_trivial());
  EXPECT_EQ(Filter::parse("b.c = 1 and lower(a) in ('x') or b.c > length($.d) and created > ago('1d')", now).paths(),
            (std::vector<std::string>{"a", "b.c", "created", "d"}));
}

std::string error_of(const std::function<void()>& call, ErrorCode code = ErrorCode::invalid_argument) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.what();
  }
  return "no error";
}

TEST(Filter, SaysWhereAnExpressionIsWrong) {
  struct Wrong {
    const char* text;
    const char* message;  ///< The beginning of what() after "where: ".
  };
  const Wrong cases[] = {
      {"score >= and x = 1", "column 10: expected a value after '>=', found 'and'"},
      {"score >=", "column 9: expected a value after '>=', found the end, at: score >=^"},
      {"a", "column 2: expected a comparison after a, such as a = true, found the end"},
      {"a = 1 b", "column 7: expected 'and', 'or' or the end, found 'b'"},
      {"a = 1)", "column 6: expected 'and', 'or' or the end, found ')'"},
      {"(a = 1", "column 7: expected ')' to close the parenthesis, found the end"},
      {"a = null", "column 5: '= null' holds for no record; write 'a is null'"},
      {"a <> NULL", "column 6: '!= null' holds for no record; write 'a is not null'"},
      {"null = a", "column 6: 'null =' compares values"},
      {"a in (1, null)", "column 10: null in a list equals nothing"},
      {"a in ()", "column 7: expected a value after 'in', found ')'"},
      {"a in (1 2)", "column 9: expected ')' or ',' in the list, found '2'"},
      {"a in 5", "column 6: expected '(' or a parameter after 'in', found '5'"},
      {"a in ($.b)", "column 7: expected a value in the list; a field cannot stand there"},
      {"kind = note", "column 8: text stands in single quotes, 'note'; another field is written $.note"},
      {"kind = \"note\"", "column 8: text stands in single quotes, 'note'; another field is written $.note"},
      {"kind = a.b", "column 8: expected a value; another field is written $.a.b"},
      {"a between 1", "column 12: expected 'and' between the two bounds, found the end"},
      {"a between 1 and 'b'", "column 17: cannot compare 1, which is a number, with 'b', which is text"},
      {"a not = 1", "column 7: expected in, between, like, contains or exists after 'not', found '='"},
      {"a is 5", "column 6: expected null after 'is', found '5'"},
      {"a like 5", "column 8: expected a pattern such as 'abc%' after 'like'"},
      {"a like 'x\\'", "column 8: the pattern ends in a lone \\"},
      {"created like '2024%'", "column 1: like compares texts; created is a time"},
      {"created > 'yesterday'", "column 11: 'yesterday' is not a time; write '2024-05-01'"},
      {"created > 2024",
       "column 11: created is a time: compare it with '2024-05-01', with ago('7d'), or with time(2024)"},
      {"created.x = 1",
       "column 8: 'created' is a property of the record and has no parts; the body's field is written $.created"},
      {"_key > 5", "column 8: cannot compare _key, which is text, with 5, which is a number"},
      {"_version = 'a'", "column 12: cannot compare _version, which is a number"},
      {"length(a) = 'x'", "column 13: cannot compare length(a), which is a number, with 'x', which is text"},
      {"ago('soon') < created", "column 5: ago takes a length of time such as '90s'"},
      {"ago(a) < created", "column 5: ago takes a length of time"},
      {"time('x') < created", "column 6: 'x' is not a time"},
      {"upper(a) = 'x'", "column 1: there is no function 'upper'; there are ago, now, time, lower and length"},
      {"lower(5) = 'x'", "column 7: lower cannot take 5, which is a number"},
      {"now(1) > created", "column 5: expected ')' after 'now(', found '1'"},
      {"exists(5)", "column 8: 'exists' asks about a field, not about 5"},
      {"5 is null", "column 1: 'is null' asks about a field, not about 5"},
      {"a && b", "column 3: '&&' is written 'and'"},
      {"!a = 1", "column 1: '!' is written 'not'"},
      {"a = 1 ; b", "column 7: unexpected character ';'"},
      {"a = 'x", "column 5: the text that begins here has no closing '"},
      {"\"a = 1", "column 1: the name that begins here has no closing \""},
      {"a. = 1", "column 3: expected a name after '.'"},
      {"a[x] = 1", "column 2: expected an index such as [0], or [*] for every element"},
      {"a[-1] = 1", "column 2: expected an index"},
      {"a[1 = 1", "column 4: expected ']'"},
      {"a[99999999999999999999999] = 1", "column 2: expected an index"},
      {"a = 5x", "column 5: this is not a number"},
      {"a = 1.", "column 5: this is not a number"},
      {"a = .5", "column 5: this is not a number"},
      {"a = 1.2.3", "column 5: this is not a number"},
      {"a = 1e999", "column 5: the number does not fit into a double"},
      {"in = 5", "column 1: expected a field or a value, found 'in'; a field of that name is written \"in\""},
      {"a = :", "column 5: expected a parameter's name after ':'"},
      {"ä = 'ö' und", "column 9: expected 'and', 'or' or the end, found 'und', at: ä = 'ö' ^und"},
      {"a =\n\nand",
       "column 6: expected a value after '=', found 'and'; a field of that name is written \"and\", at: a =  ^and"},
      {"not", "column 4: expected a field or a value, found the end"},
      {"'a' contains 5", "column 5: an array contains an element and text contains text"},
  };
  for (const Wrong& one : cases) {
    const std::string message = error_of([&] { Filter::parse(one.text, now); });
    EXPECT_TRUE(message.starts_with("where: " + std::string(one.message))) << one.text << "\n" << message;
  }
}

TEST(Filter, RefusesParametersThatDoNotFit) {
  const auto message = [](std::string_view text, const Parameters& parameters) {
    return error_of([&] { Filter::parse(text, now, parameters); });
  };
  EXPECT_EQ(message("a = :p", {}), "where: column 5: parameter :p was given no value, at: a = ^:p");
  EXPECT_EQ(message("a = 1", {{"p", Value(1)}}), "where: parameter 'p' was given, but the expression has no :p");
  EXPECT_EQ(message("", {{"p", Value(1)}}), "where: parameter 'p' was given, but the expression has no :p");
  EXPECT_NE(message("a = :p", {{"p", Value()}}).find("is null"), std::string::npos);
  EXPECT_NE(message("a > :p", {{"p", Value::array()}}).find("have no order"), std::string::npos);
  EXPECT_NE(message("a in :p", {{"p", Value(1)}}).find("must be an array"), std::string::npos);
  EXPECT_NE(message("a in (:p)", {{"p", Value::array()}}).find("in :name"), std::string::npos);
  EXPECT_NE(message("created > :p", {{"p", Value("x")}}).find("is not a time"), std::string::npos);
  EXPECT_LT(message("_version = :p", {{"p", Value(std::string(1'000'000, 'x'))}}).size(), 500U);
}

TEST(Filter, StopsAtItsLimitsAndNamesThem) {
  const auto beyond = [](const std::string& text, const Parameters& parameters = {}) {
    return error_of([&] { Filter::parse(text, now, parameters); }, ErrorCode::limit_exceeded);
  };
  const auto repeated = [](std::string_view part, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += part;
    return out;
  };
  EXPECT_NE(beyond(repeated("(", 60'000)).find("expression_depth_max"), std::string::npos);
  EXPECT_NE(beyond(repeated("not ", 10'000) + "a = 1").find("expression_depth_max"), std::string::npos);
  EXPECT_NE(beyond(repeated("lower(", 10'000)).find("expression_depth_max"), std::string::npos);
  EXPECT_NE(beyond(repeated("a", expression_bytes_max + 1)).find("expression_bytes_max"), std::string::npos);
  EXPECT_NE(beyond("a" + repeated(".a", path_steps_max) + " = 1").find("path_steps_max"), std::string::npos);
  EXPECT_NE(beyond("a in (" + repeated("1,", list_items_max) + "1)").find("list_items_max"), std::string::npos);
  EXPECT_NE(
      beyond("a in :p", {{"p", Value::array(std::vector<Value>(list_items_max + 1, Value(1)))}}).find("list_items_max"),
      std::string::npos);
  EXPECT_NE(beyond("a like '" + repeated("%a", 600) + "'").find("pattern_bytes_max"), std::string::npos);

  const std::size_t most = expression_depth_max - 1;
  EXPECT_TRUE(holds(repeated("(", most) + "count = 3" + repeated(")", most), note()));
  EXPECT_TRUE(holds("count = 3" + repeated(" and count = 3", 4'000), note()));
  EXPECT_TRUE(holds("count = 4" + repeated(" or count = 3", 4'000), note()));
}

TEST(Filter, RefusesTextThatIsNotUtf8) {
  for (const std::string_view text : {"a = '\xff'", "a = '\xc3'", "\x80 = 1", "a = '\xed\xa0\x80'"}) {
    const std::string message = error_of([&] { Filter::parse(text, now); });
    EXPECT_NE(message.find("not UTF-8"), std::string::npos) << message;
  }
  EXPECT_NE(error_of([] { Filter::parse(std::string_view("a = \0", 5), now); }).find("column 5"), std::string::npos);
}

TEST(Filter, AnswersForBodiesOfEveryShape) {
  for (const Value& body : {Value(), Value(5), Value("text"), Value::array({1, 2}), Value::object()}) {
    EXPECT_FALSE(holds("a.b[0].c = 1", Sample{body}));
    EXPECT_TRUE(holds("$ exists", Sample{body}));
  }
  EXPECT_TRUE(holds("$ = 5", Sample{Value(5)}));
  EXPECT_TRUE(holds("$ contains 2", Sample{Value::array({1, 2})}));
  EXPECT_TRUE(holds("$[1] = 2", Sample{Value::array({1, 2})}));
  EXPECT_FALSE(Filter::parse("$ exists", now).matches(RecordView{}));
}

TEST(Filter, SurvivesTextCutOffAnywhere) {
  const std::string whole =
      "not (kind = 'it''s' and score >= -0.5e1) or a.\"b c\"[0][*].d in (1, 'x', now()) and exists(t) or lower(k) "
      "like 'a\\%%' and updated not between ago('7d') and time('2024-05-01') or x is not null";
  EXPECT_NO_THROW(Filter::parse(whole, now));
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    for (const std::string& text :
         {whole.substr(0, cut), whole.substr(cut), whole.substr(0, cut) + whole.substr(cut + 1)}) {
      try {
        const Filter filter = Filter::parse(text, now);
        filter.matches(note().view());
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << error.what();
      }
    }
  }
}

}  // namespace
}  // namespace strata::filter
