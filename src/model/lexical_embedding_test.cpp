#include "model/lexical_embedding.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace strata::model {
namespace {

double cosine(std::string_view one, std::string_view other) {
  const auto a = embed_lexically(one, 256), b = embed_lexically(other, 256);
  double dot = 0;
  for (std::size_t i = 0; i < a.size(); ++i) dot += static_cast<double>(a[i]) * b[i];
  return dot;
}

TEST(LexicalEmbedding, IsOfLengthOneWhereThereAreLettersAndZeroElsewhere) {
  EXPECT_NEAR(cosine("some words", "some words"), 1, 1e-6);
  for (const float element : embed_lexically(" ... !?", 16)) EXPECT_EQ(element, 0);
  EXPECT_EQ(embed_lexically("x", 1).size(), 1u);
}

TEST(LexicalEmbedding, WhatIsSpelledAlikeIsAlike) {
  const double same = cosine("a library for compression", "compression libraries");
  EXPECT_GT(same, cosine("a library for compression", "the weather in spring") + 0.2);
  EXPECT_GT(cosine("receive", "recieve"), cosine("receive", "window") + 0.2);
  EXPECT_NEAR(cosine("Case DOES not count", "case does not count"), 1, 1e-6);
}

TEST(LexicalEmbedding, IsTheSameEverywhere) {
  // The bytes are stored: another outcome would be another vector.
  const auto vector = embed_lexically("strata", 4);
  double norm = 0;
  for (const float element : vector) norm += static_cast<double>(element) * element;
  EXPECT_NEAR(norm, 1, 1e-6);
  EXPECT_EQ(embed_lexically("strata", 4), vector);
}

}  // namespace
}  // namespace strata::model
