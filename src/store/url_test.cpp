#include "store/url.hpp"

#include <gtest/gtest.h>

#include "strata/error.hpp"
#include "strata/store.hpp"

namespace strata::store {
namespace {

TEST(Url, HasSchemeLocationAndParameters) {
  const Url url = parse_url("sqlite:/a/b?cache_bytes=64M&name=a%20b");
  EXPECT_EQ(url.scheme, "sqlite");
  EXPECT_EQ(url.location, "/a/b");
  EXPECT_EQ(url.parameters, (std::map<std::string, std::string>{{"cache_bytes", "64M"}, {"name", "a b"}}));
  EXPECT_EQ(parse_url("postgresql://h/d").scheme, "postgres");
  EXPECT_EQ(parse_url("/a/b:c").scheme, "");
}

TEST(Url, IsShownWithoutPassword) {
  EXPECT_EQ(strata::without_secrets("postgres://u:pw@h:1/d"), "postgres://u@h:1/d");
  EXPECT_EQ(strata::without_secrets("postgres://u:p@w:x@h/d?store=a"), "postgres://u@h/d?store=a");
  EXPECT_EQ(strata::without_secrets("postgres://u@h/d?password=pw&store=a&sslpassword=q"), "postgres://u@h/d?store=a");
  EXPECT_EQ(without_secrets(parse_url("postgres://u:pw@h/d?store=a&password=b&x=1")), "postgres://u@h/d?store=a&x=1");
}

TEST(Url, ThatHoldsNoPasswordIsShownAsItIs) {
  for (const char* text : {"lmdb:/a/b?readers=5&x=1", "notes.json", "a?", "?", "postgres://h/d?store=a", "/a@b:c/d"}) {
    EXPECT_EQ(strata::without_secrets(text), text);
  }
}

TEST(Url, ThatCannotBeReadIsRefusedWithoutItsPassword) {
  try {
    parse_url("postgres://u:pw@h/d?store");
    FAIL() << "a parameter without value was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_EQ(std::string(error.what()).find("pw"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace strata::store
