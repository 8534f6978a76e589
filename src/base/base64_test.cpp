#include "base/base64.hpp"

#include <gtest/gtest.h>

#include <random>

namespace strata::base {
namespace {

Bytes encoded(bytes_view bytes) {
  Bytes out;
  append_base64(out, bytes);
  return out;
}

TEST(Base64, IsThatOfTheStandard) {
  // RFC 4648, section 10.
  EXPECT_EQ(encoded(""), "");
  EXPECT_EQ(encoded("f"), "Zg==");
  EXPECT_EQ(encoded("fo"), "Zm8=");
  EXPECT_EQ(encoded("foo"), "Zm9v");
  EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encoded("\xff\xfe\xfd"), "//79");
}

TEST(Base64, ReadsBackWhatItWrote) {
  std::mt19937 random(7);
  for (std::size_t size = 0; size < 200; ++size) {
    Bytes bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(from_base64(encoded(bytes)), bytes) << size;
  }
}

TEST(Base64, RefusesWhatItNeverWrites) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg=a", "Z===", "====", "Zh==", "Zm9=", "Zm 9", "Zg==Zg==", "Zm9v\n"})
    EXPECT_FALSE(from_base64(text)) << text;
}

}  // namespace
}  // namespace strata::base
