#include "codec/varint.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace strata::codec {
namespace {

constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();

TEST(Varint, ReadsBackWhatWasWrittenAndLeavesTheRest) {
  for (std::uint64_t number :
       {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{1} << 35, all / 2, all - 1, all}) {
    Bytes out;
    append_varint(out, number);
    EXPECT_LE(out.size(), varint_bytes_max);
    out += "rest";
    bytes_view in = out;
    EXPECT_EQ(take_varint(in), number);
    EXPECT_EQ(in, "rest");
  }
}

TEST(Varint, RefusesWhatIsCutOffOrTooLarge) {
  for (bytes_view malformed : {bytes_view(""), bytes_view("\x80"), bytes_view("\xff\xff\xff"),
                               bytes_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
                               bytes_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")}) {
    bytes_view in = malformed;
    try {
      take_varint(in);
      FAIL() << malformed.size();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::corruption);
    }
  }
}

TEST(Varint, ZigzagMakesSmallNumbersOfEitherSignSmall) {
  EXPECT_EQ(zigzag(0), 0U);
  EXPECT_EQ(zigzag(-1), 1U);
  EXPECT_EQ(zigzag(1), 2U);
  for (std::int64_t number : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-7}, std::int64_t{0},
                              std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(unzigzag(zigzag(number)), number);
  }
}

TEST(BigEndian, WordsReadBackAndSortAsTheirNumbers) {
  Bytes out;
  append_be16(out, 0x0102);
  append_be32(out, 0x03040506);
  append_be64(out, 0x0708090a0b0c0d0e);
  EXPECT_EQ(out, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e");
  bytes_view in = out;
  EXPECT_EQ(take_be16(in), 0x0102);
  EXPECT_EQ(take_be32(in), 0x03040506U);
  EXPECT_EQ(take_be64(in), 0x0708090a0b0c0d0eU);
  EXPECT_TRUE(in.empty());
  EXPECT_THROW(take_be16(in), Error);
}

}  // namespace
}  // namespace strata::codec
