#include "ingest/tour.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "ingest/command_line.hpp"
#include "ingest/package_lists.hpp"
#include "ingest/scratch_directory.hpp"
#include "strata/error.hpp"

namespace strata::ingest {
namespace {

Error failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorCode::internal, "");
}

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() {
    scratch_.write(
        "it's strata",
        "#!/bin/sh\necho \"$STRATA_STORE: $*\"\n[ \"$1\" != fail ] || { echo first >&2; echo why >&2; exit 1; }\n");
    std::filesystem::permissions(scratch_.file("it's strata"), std::filesystem::perms::owner_all);
  }
  ScratchDirectory scratch_;
  std::ostringstream out_;
  CommandLine line_{
      {.binary = scratch_.file("it's strata"), .store = "a store", .scratch = scratch_.file(""), .colour = false},
      out_};
};

TEST_F(CommandLineTest, WhatIsTypedIsRunAsItStandsAndTablesAreAskedFor) {
  const Answer answer = line_.type("strata put notes \"a b\" |\n    cat && strata find notes");
  EXPECT_EQ(answer.lines, (std::vector<std::string>{"a store: put notes a b", "a store: find notes --format table"}));
  EXPECT_TRUE(out_.str().starts_with(
      "$ strata put notes \"a b\" |\n      cat && strata find notes\n  a store: put notes a b\n"))
      << out_.str();
}

TEST_F(CommandLineTest, ACommandThatFailsEndsWithItsOwnLastWord) {
  const Error error = failure_of([&] { line_.type("strata fail; strata find"); });
  EXPECT_EQ(error.code(), ErrorCode::io);
  EXPECT_TRUE(std::string(error.what()).ends_with("`strata fail; strata find`: why")) << error.what();
}

TEST_F(CommandLineTest, LongLinesAreCutAtAHundredColumns) {
  line_.show_answer({std::string(200, 'x'), "a" + std::string(120, ' ') + "b"});
  EXPECT_EQ(out_.str(), "  " + std::string(97, 'x') + "…\n  a\n");
}

TEST(PackageLists, AreTheFilesThatAptNamesSo) {
  const ScratchDirectory scratch;
  for (const char* name :
       {"b_Packages", "a_Packages.lz4", "a_Packages.gz", "a_Packages.diff_Index", "a_Sources", "lock"}) {
    scratch.write(name, "x");
  }
  scratch.write("empty_Packages", "");
  EXPECT_EQ(package_lists(scratch.file("")),
            (std::vector<std::string>{scratch.file("a_Packages.gz"), scratch.file("a_Packages.lz4"),
                                      scratch.file("b_Packages")}));
  EXPECT_TRUE(package_lists(scratch.file("absent")).empty());
}

TEST(Tour, AMissingFileAndAPlaceThatIsTakenEndItBeforeItBegins) {
  const ScratchDirectory scratch;
  std::ostringstream out;
  TourOptions options;
  options.from = scratch.file("absent");
  EXPECT_EQ(failure_of([&] { run_tour(options, out); }).code(), ErrorCode::not_found);
  options.from = scratch.write("Packages", "Package: a\n");
  options.directory = scratch.file("");
  EXPECT_EQ(failure_of([&] { run_tour(options, out); }).code(), ErrorCode::already_exists);
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace strata::ingest
