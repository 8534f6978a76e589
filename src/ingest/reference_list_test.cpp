#include "ingest/reference_list.hpp"

#include <gtest/gtest.h>

namespace strata::ingest {
namespace {

std::string told(const Value& field) {
  std::string out;
  for (const Reference& one : references_in(field)) out += one.name + " " + one.details.to_json() + "\n";
  return out;
}

TEST(ReferenceList, OfAControlFileHasVersionsAndAlternatives) {
  EXPECT_EQ(told("libc6 (>= 2.34), python3:any | python3-minimal (<< 4) , libssl3,"),
            "libc6 {\"version\":\">= 2.34\"}\n"
            "python3 {\"alternative\":true}\n"
            "python3-minimal {\"version\":\"<< 4\",\"alternative\":true}\n"
            "libssl3 null\n");
  EXPECT_EQ(told("debhelper [amd64],\n gcc <!nocheck>"), "debhelper null\ngcc null\n");
}

TEST(ReferenceList, OfAnArrayIsItsTexts) {
  EXPECT_EQ(
      told(Value::array({"a", "b (>= 1)", 5, "a", "c | d:any (= 2)"})),
      "a null\nb {\"version\":\">= 1\"}\nc {\"alternative\":true}\nd {\"version\":\"= 2\",\"alternative\":true}\n");
}

TEST(ReferenceList, WhatIsNoRelationIsANameAsAWhole) {
  EXPECT_EQ(told(Value::array({"Ada Lovelace", "f(x", "urn:isbn:1", "a, b"})),
            "Ada Lovelace null\nf(x null\nurn:isbn:1 null\na, b null\n");
  EXPECT_EQ(told("Ada Lovelace, Grace Hopper"), "Ada Lovelace null\nGrace Hopper null\n");
}

TEST(ReferenceList, NamesComeOnceAndNothingIsNoReference) {
  EXPECT_EQ(told("a, a (= 1)"), "a null\n");
  EXPECT_EQ(told(""), "");
  EXPECT_EQ(told(" , | ,"), "");
  EXPECT_EQ(told(17), "");
  EXPECT_EQ(told(nullptr), "");
}

}  // namespace
}  // namespace strata::ingest
