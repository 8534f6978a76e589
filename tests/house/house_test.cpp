#include "tests/house/house.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace strata::house {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool is_source(const fs::path& path) {
  const std::string extension = path.extension();
  return extension == ".hpp" || extension == ".cpp" || extension == ".h" || extension == ".c";
}

std::vector<fs::path> sources_below(const fs::path& root) {
  std::vector<fs::path> sources;
  for (const char* top : {"include", "src", "tests", "bench", "fuzz", "examples"}) {
    if (!fs::exists(root / top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      if (entry.is_regular_file() && is_source(entry.path())) sources.push_back(entry.path());
    }
  }
  std::sort(sources.begin(), sources.end());
  return sources;
}

/// What the rules say about a file with this one line (a header gets its #pragma).
std::string said_of(std::string_view path, std::string_view line) {
  const std::string pragma = path.ends_with(".hpp") ? "#pragma once\n" : "";
  std::string said;
  for (const Fault& fault : check_file(path, pragma + std::string(line) + "\n")) said += fault.reason + "\n";
  return said;
}

TEST(House, EverySourceKeepsTheRules) {
  const fs::path root = STRATA_SOURCE_DIR;
  const std::vector<fs::path> sources = sources_below(root);
  ASSERT_GT(sources.size(), 10U) << "no tree to check in " << root;
  for (const fs::path& source : sources) {
    const std::string path = fs::relative(source, root).generic_string();
    for (const Fault& fault : check_file(path, read(source))) ADD_FAILURE() << fault.to_string();
  }
}

TEST(House, AFolderMayUseThoseBeforeIt) {
  EXPECT_EQ(said_of("src/commit/a.cpp", "#include \"codec/record.hpp\""), "");
  EXPECT_EQ(said_of("src/commit/a.cpp", "#include \"commit/log.hpp\""), "");
  EXPECT_EQ(said_of("src/commit/a.cpp", "#include \"strata/collection.hpp\""), "");
  EXPECT_EQ(said_of("src/store/a.cpp", "#include \"engine/lmdb/lmdb_engine.hpp\""), "");
}

TEST(House, AFolderMayNotUseThoseAfterIt) {
  EXPECT_NE(said_of("src/base/a.cpp", "#include \"platform/clock.hpp\""), "");
  EXPECT_NE(said_of("src/engine/a.cpp", "#include \"commit/log.hpp\""), "");
  EXPECT_NE(said_of("src/engine/lmdb/a.cpp", "#include \"commit/log.hpp\""), "");
  EXPECT_NE(said_of("src/filter/a.hpp", "  #  include \"model/index.hpp\""), "");
  EXPECT_NE(said_of("src/commit/a_test.cpp", "#include \"model/index.hpp\""), "");
}

TEST(House, AnEngineKnowsNeitherAnotherEngineNorAModel) {
  EXPECT_EQ(said_of("src/engine/lmdb/a.cpp", "#include \"engine/lmdb/environment.hpp\""), "");
  EXPECT_EQ(said_of("src/engine/lmdb/a.cpp", "#include \"engine/registry.hpp\""), "");
  EXPECT_NE(said_of("src/engine/lmdb/a.cpp", "#include \"engine/sqlite/row.hpp\""), "");
  EXPECT_NE(said_of("src/engine/registry.cpp", "#include \"engine/sqlite/row.hpp\""), "");
  EXPECT_NE(said_of("src/engine/lmdb/a.cpp", "#include \"strata/collection.hpp\""), "");
  EXPECT_NE(said_of("src/engine/lmdb/a.cpp", "#include \"model/index.hpp\""), "");
}

TEST(House, AnEnginesLibraryStaysInItsFolder) {
  EXPECT_EQ(said_of("src/engine/lmdb/a.cpp", "#include <lmdb.h>"), "");
  EXPECT_EQ(said_of("src/engine/rocksdb/a.cpp", "#include <rocksdb/db.h>"), "");
  EXPECT_EQ(said_of("src/view/text/a.cpp", "#include <sqlite3.h>"), "");
  EXPECT_NE(said_of("src/commit/a.cpp", "#include <lmdb.h>"), "");
  EXPECT_NE(said_of("src/engine/a.cpp", "#include <sqlite3.h>"), "");
  EXPECT_NE(said_of("src/engine/sqlite/a.cpp", "#include <rocksdb/db.h>"), "");
  EXPECT_NE(said_of("src/platform/a.cpp", "#include <libpq-fe.h>"), "");
  EXPECT_NE(said_of("src/commit/a_test.cpp", "#include <duckdb.h>"), "");
}

TEST(House, OnlyThePlatformCallsTheOperatingSystem) {
  EXPECT_EQ(said_of("src/platform/a.cpp", "#include <sys/mman.h>"), "");
  for (const std::string header : {"unistd.h", "sys/stat.h", "fcntl.h", "linux/futex.h", "pthread.h", "dirent.h"}) {
    EXPECT_NE(said_of("src/commit/a.cpp", "#include <" + header + ">"), "") << header;
    EXPECT_NE(said_of("src/engine/lmdb/a.cpp", "#include <" + header + ">"), "") << header;
    EXPECT_NE(said_of("src/cli/a.cpp", "#include <" + header + ">"), "") << header;
  }
  EXPECT_EQ(said_of("src/cli/system.cpp", "#include <unistd.h>"), "");
  EXPECT_EQ(said_of("src/cli/subprocess.cpp", "#include <unistd.h>"), "");
  EXPECT_NE(said_of("src/commit/subprocess.cpp", "#include <unistd.h>"), "");
  EXPECT_NE(said_of("src/commit/system.cpp", "#include <unistd.h>"), "");
  EXPECT_NE(said_of("src/commit/a.cpp", "#include <fstream>"), "");
  EXPECT_NE(said_of("src/operate/a.cpp", "#include <filesystem>"), "");
  EXPECT_EQ(said_of("src/ingest/a.cpp", "#include <fstream>"), "");
  EXPECT_EQ(said_of("src/commit/a.cpp", "#include <string>"), "");
}

TEST(House, AFaceUsesThePublicHeadersAlone) {
  EXPECT_EQ(said_of("src/cli/a.cpp", "#include \"strata/store.hpp\""), "");
  EXPECT_EQ(said_of("src/cli/a.cpp", "#include \"cli/table.hpp\""), "");
  EXPECT_EQ(said_of("src/cli/a.cpp", "#include \"ingest/csv.hpp\""), "");
  EXPECT_NE(said_of("src/cli/a.cpp", "#include \"store/store.hpp\""), "");
  EXPECT_NE(said_of("src/cli/a.cpp", "#include \"codec/value.hpp\""), "");
  EXPECT_NE(said_of("src/ingest/a.cpp", "#include \"commit/commit.hpp\""), "");
  EXPECT_NE(said_of("src/ingest/a.cpp", "#include \"cli/table.hpp\""), "");
  EXPECT_NE(said_of("src/cli/a.cpp", "#include \"platform/clock.hpp\""), "");
}

TEST(House, APublicHeaderStandsAlone) {
  EXPECT_EQ(said_of("include/strata/a.hpp", "#include \"strata/types.hpp\""), "");
  EXPECT_EQ(said_of("include/strata/a.hpp", "#include <span>"), "");
  EXPECT_EQ(said_of("include/strata/strata.h", "#include <stdint.h>"), "");
  EXPECT_NE(said_of("include/strata/a.hpp", "#include \"commit/log.hpp\""), "");
  EXPECT_NE(said_of("include/strata/a.hpp", "#include <lmdb.h>"), "");
  EXPECT_NE(said_of("include/strata/a.hpp", "#include <rapidjson/reader.h>"), "");
  EXPECT_NE(said_of("examples/a.cpp", "#include \"commit/log.hpp\""), "");
}

TEST(House, OnlyTestsUseWhatIsForTests) {
  EXPECT_EQ(said_of("src/base/a_test.cpp", "#include <gtest/gtest.h>"), "");
  EXPECT_NE(said_of("src/base/a.cpp", "#include <gtest/gtest.h>"), "");
  EXPECT_EQ(said_of("src/engine/lmdb/a_test.cpp", "#include \"tests/contract/engines.hpp\""), "");
  EXPECT_NE(said_of("src/engine/lmdb/a.cpp", "#include \"tests/contract/engines.hpp\""), "");
}

TEST(House, AnIncludeNamesItsFolder) { EXPECT_NE(said_of("src/base/a.cpp", "#include \"time.hpp\""), ""); }

TEST(House, AFileIsNamedByItsNoun) {
  EXPECT_EQ(said_of("src/base/database.cpp", ""), "");
  EXPECT_NE(said_of("src/base/util.cpp", ""), "");
  EXPECT_NE(said_of("src/base/string_helper.hpp", ""), "");
  EXPECT_NE(said_of("src/commit/commit_manager_test.cpp", ""), "");
  EXPECT_NE(said_of("src/commit/CommitLog.cpp", ""), "");
}

TEST(House, AFileStandsInAFolderOfTheHouse) {
  EXPECT_NE(said_of("src/shed/a.cpp", ""), "");
  EXPECT_NE(said_of("src/a.cpp", ""), "");
  EXPECT_NE(said_of("src/commit/a.cpp", "#include \"shed/a.hpp\""), "");
}

TEST(House, NothingIsLeftForLater) {
  const std::string later = std::string("TO") + "DO";
  EXPECT_NE(said_of("src/base/a.cpp", "// " + later + ": the rest"), "");
  EXPECT_NE(said_of("bench/a.cpp", "int x;  // " + later), "");
  EXPECT_EQ(said_of("src/base/a.cpp", "int " + later + "S;"), "");
}

TEST(House, AFileThatGrowsTooLongIsNamed) {
  std::string text;
  for (std::size_t line = 0; line < file_lines_max; ++line) text += "\n";
  EXPECT_TRUE(check_file("src/base/a.cpp", text).empty());
  EXPECT_FALSE(check_file("src/base/a.cpp", text + "\n").empty());
}

TEST(House, AHeaderGuardsItself) {
  EXPECT_FALSE(check_file("src/base/a.hpp", "int x;\n").empty());
  EXPECT_TRUE(check_file("src/base/a.hpp", "#pragma once\nint x;\n").empty());
}

TEST(House, AFaultSaysWhere) {
  const std::vector<Fault> faults = check_file("src/base/a.cpp", "\n#include <lmdb.h>\n");
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].to_string(), "src/base/a.cpp:2: `lmdb.h` belongs to src/engine/lmdb alone");
}

}  // namespace
}  // namespace strata::house
