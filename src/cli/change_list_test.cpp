#include "cli/change_list.hpp"

#include <gtest/gtest.h>

#include "strata/error.hpp"

namespace strata::cli {
namespace {

std::string refusal(std::string_view line) {
  try {
    parse_change(line, "f:3");
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + " " + error.what();
  }
  return "accepted";
}

TEST(ChangeList, APutNamesCollectionKeyAndValue) {
  const auto change =
      parse_change(R"({"op":"put","collection":"notes","key":"n1","value":{"a":1},"if_version":4,"ttl":"7d"})", "f:1");
  ASSERT_TRUE(change);
  EXPECT_EQ(change->kind, Change::Kind::put);
  EXPECT_EQ(change->collection, "notes");
  EXPECT_EQ(change->key, "n1");
  EXPECT_EQ(change->value, Value::from_json(R"({"a":1})"));
  EXPECT_EQ(change->if_version, Version{4});
  EXPECT_EQ(change->time_to_live, std::chrono::hours(7 * 24));
}

TEST(ChangeList, APutWithoutAKeyAsksForOne) {
  const auto change = parse_change(R"({"op":"put","collection":"notes","value":null})", "f:1");
  ASSERT_TRUE(change);
  EXPECT_EQ(change->key, std::nullopt);
}

TEST(ChangeList, ADeleteNeedsItsKey) {
  EXPECT_EQ(parse_change(R"({"op":"delete","collection":"notes","key":"n1"})", "f:1")->kind, Change::Kind::erase);
  EXPECT_EQ(refusal(R"({"op":"delete","collection":"notes"})"), "invalid_argument f:3: no \"key\" (a string)");
}

TEST(ChangeList, BlankLinesAreNoChanges) { EXPECT_EQ(parse_change(" \t\r", "f:1"), std::nullopt); }

TEST(ChangeList, RefusalsNameThePlaceAndTheRemedy) {
  EXPECT_NE(refusal("{").find("invalid_argument f:3: "), std::string::npos);
  EXPECT_NE(refusal("[1]").find("f:3: not an object"), std::string::npos);
  EXPECT_NE(refusal(R"({"collection":"c"})").find("no \"op\""), std::string::npos);
  EXPECT_NE(refusal(R"({"op":"puts"})").find("did you mean put?"), std::string::npos);
  EXPECT_NE(refusal(R"({"op":"put","collection":"c"})").find("no \"value\""), std::string::npos);
  EXPECT_NE(refusal(R"({"op":"put","colection":"c","value":1})").find("did you mean \"collection\"?"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"op":"put","collection":"c","value":1,"if_version":-1})").find("no version"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"op":"put","collection":"c","value":1,"ttl":"soon"})").find("no length of time"),
            std::string::npos);
}

TEST(ChangeList, AnEdgeNeedsItsNames) {
  EXPECT_NE(refusal(R"({"op":"link","from":"a"})").find("no \"type\""), std::string::npos);
  EXPECT_NE(refusal(R"({"op":"unlink","from":"a","type":"t","to":"b","value":1})").find("\"value\""),
            std::string::npos);
}

TEST(ChangeList, ReadingCountsLinesAsTheFileDoes) {
  std::vector<std::string> lines = {R"({"op":"put","collection":"c","value":1})", "", R"({"op":"delete"})"};
  std::size_t at = 0;
  try {
    read_changes("f", [&](std::string_view& line) {
      if (at == lines.size()) return false;
      line = lines[at++];
      return true;
    });
    FAIL() << "a delete without a collection was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).substr(0, 5), "f:3: ");
  }
}

TEST(ChangeList, MoreThanOneTransactionTakesIsRefusedWhileReading) {
  std::uint64_t given = 0;
  const auto endless = [&](std::string_view& line) {
    ++given;
    line = R"({"op":"put","collection":"c","value":1})";
    return true;
  };
  try {
    read_changes("f", endless);
    FAIL() << "an endless file was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::limit_exceeded);
    EXPECT_EQ(given, 100'001U);
  }
}

}  // namespace
}  // namespace strata::cli
