#include "engine/duckdb/duckdb_library.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "strata/error.hpp"

namespace strata::engine::duck {
namespace {

/// STRATA_DUCKDB_LIBRARY while it lives.
class LibraryVariable {
 public:
  explicit LibraryVariable(const char* path) {
    if (const char* former = std::getenv(name)) former_ = former;
    ::setenv(name, path, 1);
  }
  ~LibraryVariable() { former_ ? ::setenv(name, former_->c_str(), 1) : ::unsetenv(name); }
  LibraryVariable(const LibraryVariable&) = delete;
  LibraryVariable& operator=(const LibraryVariable&) = delete;

 private:
  static constexpr const char* name = "STRATA_DUCKDB_LIBRARY";
  std::optional<std::string> former_;
};

std::string refusal_of(const char* path) {
  const LibraryVariable variable(path);
  try {
    const LoadedLibrary loaded;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    return error.what();
  }
  ADD_FAILURE() << path << " was taken for DuckDB";
  return "";
}

TEST(DuckdbLibrary, IsThereAndRecent) {
  EXPECT_TRUE(std::string(library().library_version()).starts_with('v')) << library().library_version();
}

TEST(DuckdbLibrary, OneThatIsNotThereIsNamedWithTheRemedy) {
  const std::string message = refusal_of("/nowhere/libduckdb.so");
  EXPECT_NE(message.find("/nowhere/libduckdb.so"), std::string::npos) << message;
  EXPECT_NE(message.find("set STRATA_DUCKDB_LIBRARY to its path"), std::string::npos) << message;
}

TEST(DuckdbLibrary, AnotherLibraryIsRefusedByTheFunctionThatItLacks) {
  const std::string message = refusal_of("libm.so.6");
  EXPECT_NE(message.find("libm.so.6 has no function duckdb_"), std::string::npos) << message;
}

}  // namespace
}  // namespace strata::engine::duck
