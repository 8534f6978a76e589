#include "follow/copy_point.hpp"

#include <gtest/gtest.h>

#include "strata/error.hpp"

namespace strata::follow {
namespace {

CopyPoint example() {
  CopyPoint point;
  point.phase = CopyPoint::Phase::catch_up;
  point.epoch = 3;
  point.incarnation = 2;
  point.start = Position{17};
  point.position = Position{1'000'000};
  point.chain = {1, 2};
  point.space = engine::Space::make(engine::SpaceGroup::record, 9);
  point.key = Bytes("a\0b", 3);
  point.rows = 12;
  point.digest = {3, 4};
  point.head = "head";
  return point;
}

ErrorCode code_of(bytes_view row) {
  try {
    decode_copy_point(row);
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was refused";
  return ErrorCode::internal;
}

TEST(CopyPoint, ComesBackAsItWas) {
  const CopyPoint point = example();
  const CopyPoint back = decode_copy_point(encode_copy_point(point));
  EXPECT_EQ(back.phase, point.phase);
  EXPECT_EQ(back.epoch, point.epoch);
  EXPECT_EQ(back.incarnation, point.incarnation);
  EXPECT_EQ(back.start, point.start);
  EXPECT_EQ(back.position, point.position);
  EXPECT_EQ(back.chain, point.chain);
  EXPECT_EQ(back.space, point.space);
  EXPECT_EQ(back.key, point.key);
  EXPECT_EQ(back.rows, point.rows);
  EXPECT_EQ(back.digest, point.digest);
  EXPECT_EQ(back.head, point.head);
}

TEST(CopyPoint, AnyDamageIsNoticed) {
  const Bytes row = encode_copy_point(example());
  for (std::size_t i = 0; i < row.size(); ++i) {
    Bytes damaged = row;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_EQ(code_of(damaged), ErrorCode::corruption) << i;
    EXPECT_EQ(code_of(bytes_view(row).substr(0, i)), ErrorCode::corruption) << i;
  }
}

}  // namespace
}  // namespace strata::follow
