#include "engine/duckdb/duckdb_error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace strata::engine::duck {
namespace {

ErrorCode code_of(std::string_view text) { return duckdb_error(text, "duckdb:/d", "commit").code(); }

TEST(DuckdbError, TheTextTellsTheCode) {
  EXPECT_EQ(code_of("IO Error: Could not write file \"x\": No space left on device"), ErrorCode::io);
  EXPECT_EQ(code_of("IO Error: Corrupt database file: computed checksum 1 does not match"), ErrorCode::corruption);
  EXPECT_EQ(code_of("IO Error: Could not set lock on file \"x\""), ErrorCode::busy);
  EXPECT_EQ(code_of("FATAL Error: Failed to commit"), ErrorCode::io);
  EXPECT_EQ(code_of("Out of Memory Error: could not allocate block"), ErrorCode::io);
  EXPECT_EQ(code_of("Binder Error: no such column"), ErrorCode::internal);
}

TEST(DuckdbError, TheMessageIsOneLineWithPlaceAndRemedy) {
  const std::string message = duckdb_error("INTERNAL Error: odd\n\nStack Trace:\n0", "duckdb:/d", "commit").what();
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_TRUE(message.starts_with("duckdb:/d: could not commit: INTERNAL Error: odd; ")) << message;
}

}  // namespace
}  // namespace strata::engine::duck
