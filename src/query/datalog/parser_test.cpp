#include "query/datalog/parser.hpp"

#include <gtest/gtest.h>

namespace strata::datalog {
namespace {

std::string refused(std::string_view text, const Parameters& parameters = {}) {
  try {
    parse(text, parameters);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

void expect_refused(std::string_view text, const std::string& words) {
  const std::string message = refused(text);
  EXPECT_NE(message.find(words), std::string::npos) << text << "\n  says: " << message;
}

TEST(DatalogParser, ReadsRulesFactsAQuestionAndWhatFollowsIt) {
  const Program program = parse(
      "% facts\nparent('ann', \"bob\"). # more\n"
      "old(X) :- parent(X, _), not parent(_, X).\n"
      "?- old(X), X != 'eve', Y in [1, 2.5, -3]. order by X desc, Y limit 10",
      {});
  ASSERT_EQ(program.rules.size(), 2U);
  EXPECT_TRUE(program.rules[0].body.empty());
  EXPECT_EQ(program.rules[1].text, "old(X) :- parent(X, _), not parent(_, X)");
  EXPECT_TRUE(program.rules[1].body[1].negated);
  EXPECT_TRUE(program.rules[1].body[0].left.parts[1].is_anonymous());
  ASSERT_EQ(program.question.size(), 3U);
  EXPECT_EQ(program.question[1].comparison, Comparison::not_equal);
  EXPECT_EQ(program.question[2].right.parts[1].value.as_double(), 2.5);
  ASSERT_EQ(program.order.size(), 2U);
  EXPECT_TRUE(program.order[0].descending);
  EXPECT_EQ(program.limit, 10U);
}

TEST(DatalogParser, ReadsValuesPathsPatternsAndParameters) {
  const Program program = parse(
      R"(?- p(K, {a: X, 'b.c': *Y, D: {e: 'it''s'}, "f":true}), X.m[0]."n o" = "\u00e4\n", Y = :name, Z = [1, {q: null}].)",
      {{"name", Value(7)}});
  const Expression& pattern = program.question[0].left.parts[1];
  EXPECT_EQ(pattern.names, (std::vector<std::string>{"a", "b.c", "D", "f"}));
  EXPECT_EQ(pattern.parts[1].kind, Expression::Kind::each);
  EXPECT_EQ(pattern.parts[2].parts[0].value.as_string(), "it's");
  EXPECT_EQ(pattern.parts[3].value.as_bool(), true);
  EXPECT_EQ(program.question[1].left.name, "m[0].\"n o\"");
  EXPECT_EQ(program.question[1].right.value.as_string(), "\u00e4\n");
  EXPECT_EQ(program.question[2].right.value.as_int(), 7);
}

TEST(DatalogParser, ErrorsNameLineColumnAndReason) {
  expect_refused("", "program 1:1: the program asks nothing");
  expect_refused("p(1).", "1:6: the program asks nothing");
  expect_refused("p(1)", "1:5: a rule ends with `.`");
  expect_refused("p(1).\nq(X) :- p(X),\n ?- q(X).", "3:2: a value, a variable or a relation should stand here");
  expect_refused("?- p(X), .", "1:10: a value, a variable or a relation");
  expect_refused("?- p(X", "1:7: `)` is missing after the arguments of `p`: the program ends");
  expect_refused("?- p(x).", "1:6: `x` means nothing by itself");
  expect_refused("?- p('a).", "1:6: the text that begins here is not closed");
  expect_refused("?- p('\xc3\xa4', 'a\\q').", "1:13: a text knows");
  expect_refused("?- X.", "1:5: a part of a body is a relation or a test");
  expect_refused("?- p(X) ?- q(X)", "1:9: a program has one question");
  expect_refused("?- p(X). order X", "1:16: write `order by");
  expect_refused("?- p(X). limit -1", "the limit is a number");
  expect_refused("?- p(X). q(1).", "1:10: after the question only");
  expect_refused("?- p(:x).", "1:6: no value is given for the parameter `:x`");
  expect_refused("?- p(12a).", "1:6: `12a` is no number");
  expect_refused("?- p(X) & q(X).", "1:9: `&` has no meaning here");
  expect_refused("?- p(_.a).", "1:6: `_` has no members");
  expect_refused("X :- p(X). ?- p(X).", "1:1: a rule begins with its head");
  expect_refused("?- X not p(X).", "`not` stands before");
  EXPECT_NE(refused("?- p(1).", {{"x", Value(1)}}).find("parameter `x` is given"), std::string::npos);
}

TEST(DatalogParser, IsBoundedInDepthAndLength) {
  const auto nested = [](std::size_t depth) {
    return "?- X = " + std::string(depth, '[') + std::string(depth, ']') + ".";
  };
  expect_refused(nested(10'000), "expression_depth_max");
  std::string sum = "?- X = 1";
  for (int i = 0; i < 1000; ++i) sum += " + 1";
  expect_refused(sum, "expression_depth_max");
  std::string body = "?- p(1)";
  for (int i = 0; i < 300; ++i) body += ", p(1)";
  expect_refused(body, "literals_max");
  expect_refused("?- p(" + std::string(3'000'000, ' ') + ")", "program_bytes_max");
  EXPECT_NE(refused("?- p('\xff').").find("not UTF-8"), std::string::npos);
}

}  // namespace
}  // namespace strata::datalog
