#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "strata/types.hpp"

namespace strata {
namespace {

constexpr std::int64_t may_first_ten = 1'714'557'600'000'000;  // date -u -d 2024-05-01T10:00:00Z +%s

std::int64_t micros_of(std::string_view text) {
  const auto time = Time::parse(text);
  EXPECT_TRUE(time) << text;
  return time ? time->micros : 0;
}

TEST(Time, ReadsEveryFormThatTheHeaderNames) {
  EXPECT_EQ(micros_of("1970-01-01"), 0);
  EXPECT_EQ(micros_of("2024-05-01"), may_first_ten - 36'000'000'000);
  EXPECT_EQ(micros_of("2024-05-01T10:00:00Z"), may_first_ten);
  EXPECT_EQ(micros_of("2024-05-01t10:00z"), may_first_ten);
  EXPECT_EQ(micros_of("2024-05-01 10:00:00"), may_first_ten);
  EXPECT_EQ(micros_of("2024-05-01T12:00:00+02:00"), may_first_ten);
  EXPECT_EQ(micros_of("2024-05-01T12:00:00+0200"), may_first_ten);
  EXPECT_EQ(micros_of("2024-05-01T05:30:00-04:30"), may_first_ten);
  EXPECT_EQ(micros_of("2024-05-01T10:00:00.5Z"), may_first_ten + 500'000);
  EXPECT_EQ(micros_of("2024-05-01T10:00:00.123456789Z"), may_first_ten + 123'456);
  EXPECT_EQ(micros_of("1969-12-31T23:59:59.999999Z"), -1);
}

TEST(Time, RefusesWhatIsNotATime) {
  for (const char* text : {"",
                           "x",
                           "2024",
                           "2024-05",
                           "2024-5-1",
                           "2024-13-01",
                           "2024-00-01",
                           "2023-02-29",
                           "2024-04-31",
                           "2024-05-01T",
                           "2024-05-01T10",
                           "2024-05-01T24:00:00",
                           "2024-05-01T10:60",
                           "2024-05-01T10:00:60",
                           "2024-05-01T10:00:00.",
                           "2024-05-01T10:00:00+",
                           "2024-05-01T10:00:00+2",
                           "2024-05-01T10:00:00+24:00",
                           "2024-05-01T10:00:00Zx",
                           "2024-05-01Z",
                           " 2024-05-01",
                           "2024-05-01 ",
                           "+2024-05-01",
                           "+999999-01-01",
                           "-999999-01-01"}) {
    EXPECT_FALSE(Time::parse(text)) << text;
  }
}

TEST(Time, IsWrittenWithSixDigitsSoThatTextOrderIsTimeOrder) {
  EXPECT_EQ(Time{may_first_ten}.to_string(), "2024-05-01T10:00:00.000000Z");
  EXPECT_EQ(Time{-1}.to_string(), "1969-12-31T23:59:59.999999Z");
  EXPECT_LT(Time{999'999}.to_string(), Time{1'000'000}.to_string());
}

TEST(Time, ComesBackFromItsText) {
  for (const std::int64_t micros :
       {std::numeric_limits<std::int64_t>::min(), std::int64_t{-62'167'219'200'000'001}, std::int64_t{-86'400'000'000},
        std::int64_t{-1}, std::int64_t{0}, may_first_ten, std::int64_t{951'782'400'000'000},
        std::int64_t{253'402'300'800'000'000}, std::numeric_limits<std::int64_t>::max()}) {
    const std::string text = Time{micros}.to_string();
    EXPECT_EQ(micros_of(text), micros) << text;
  }
}

TEST(Duration, ReadsANumberAndAUnit) {
  EXPECT_EQ(parse_duration("250ms"), std::chrono::milliseconds(250));
  EXPECT_EQ(parse_duration("7us"), std::chrono::microseconds(7));
  EXPECT_EQ(parse_duration("90s"), std::chrono::seconds(90));
  EXPECT_EQ(parse_duration("15m"), std::chrono::minutes(15));
  EXPECT_EQ(parse_duration("12h"), std::chrono::hours(12));
  EXPECT_EQ(parse_duration("7d"), std::chrono::hours(7 * 24));
  EXPECT_EQ(parse_duration("2w"), std::chrono::hours(14 * 24));
  EXPECT_EQ(parse_duration("0s"), std::chrono::microseconds(0));
}

TEST(Duration, RefusesWhatIsNoneOrDoesNotFit) {
  for (const char* text : {"", "s", "5", "-5s", "5 s", "5S", "1h30m", "1.5h", "99999999999999999999s",
                           "9223372036854775807ms", "15250285w"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  EXPECT_TRUE(parse_duration("9223372036854775807us"));
  EXPECT_TRUE(parse_duration("15250284w"));
}

}  // namespace
}  // namespace strata
