#include "codec/hash.hpp"

#include <gtest/gtest.h>

#include <string>

namespace strata::codec {
namespace {

TEST(Hash, IsTheXxh3OfTheBytes) {
  // The published values of XXH3 for no input and seed 0.
  EXPECT_EQ(hash64(""), 0x2d06800538d394c2ULL);
  EXPECT_EQ(hash128("").to_string(), "99aa06d3014798d86001c324468d497f");
}

TEST(Hash, OfPartsEqualsTheHashOfThemJoined) {
  const std::string text(3000, 'x');
  for (std::size_t size : {0U, 1U, 17U, 200U, 511U, 512U, 513U, 2000U, 3000U}) {
    const bytes_view whole = bytes_view(text).substr(0, size);
    const bytes_view front = whole.substr(0, size / 3);
    const bytes_view back = whole.substr(size / 3);
    for (std::uint64_t seed : {0ULL, 7ULL}) {
      EXPECT_EQ(hash64({front, bytes_view(), back}, seed), hash64(whole, seed)) << size;
      EXPECT_EQ(hash128({front, bytes_view(), back}, seed), hash128(whole, seed)) << size;
    }
  }
  EXPECT_NE(hash64("x", 1), hash64("x", 2));
  EXPECT_NE(hash128("x", 1), hash128("x", 2));
}

TEST(Hash, SumsCarryAndTakeBack) {
  constexpr std::uint64_t all = ~std::uint64_t{0};
  Hash128 sum{all, 1};
  sum += Hash128{1, 2};
  EXPECT_EQ(sum, (Hash128{0, 4}));
  sum -= Hash128{1, 2};
  EXPECT_EQ(sum, (Hash128{all, 1}));
  Hash128 forward = hash128("a");
  forward += hash128("b");
  Hash128 backward = hash128("b");
  backward += hash128("a");
  EXPECT_EQ(forward, backward);
  forward -= hash128("b");
  EXPECT_EQ(forward, hash128("a"));
}

TEST(Hash, TextReadsBackAndOtherTextIsRefused) {
  const Hash128 hash{0x0123456789abcdef, 0x00fedcba98765432};
  EXPECT_EQ(hash.to_string(), "00fedcba987654320123456789abcdef");
  EXPECT_EQ(Hash128::parse(hash.to_string()), hash);
  EXPECT_FALSE(Hash128::parse(""));
  EXPECT_FALSE(Hash128::parse("00fedcba987654320123456789abcde"));
  EXPECT_FALSE(Hash128::parse("00fedcba987654320123456789abcdeg"));
  EXPECT_FALSE(Hash128::parse("-0fedcba987654320123456789abcdef"));
}

TEST(Hash, OfAStreamEqualsTheHashOfTheWhole) {
  const std::string text(5000, 'y');
  HashStream stream;
  EXPECT_EQ(stream.hash(), hash128(""));
  for (std::size_t at = 0; at < text.size(); at += 777) stream.add(bytes_view(text).substr(at, 777));
  EXPECT_EQ(stream.hash(), hash128(text));
}

}  // namespace
}  // namespace strata::codec
