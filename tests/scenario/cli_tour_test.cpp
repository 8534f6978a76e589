// The tour from its beginning to its end, over a small catalogue and a small folder.
#include <filesystem>

#include "tests/scenario/cli_command.hpp"

namespace strata::scenario {
namespace {

class CliTour : public CommandScenario {
 protected:
  /// Packages in two sections, each depending on the one before it.
  std::string catalogue() {
    std::string text;
    for (int i = 0; i < 60; ++i) {
      const std::string name = "pkg" + std::to_string(i);
      text += "Package: " + name + "\nVersion: 1." + std::to_string(i) +
              "\nArchitecture: amd64\nPriority: optional\nSection: " + (i % 2 == 0 ? "games" : "science") +
              "\nInstalled-Size: " + std::to_string(1000 * (i + 1)) + "\n";
      if (i > 0) text += "Depends: libc6 (>= 2.34), pkg" + std::to_string(i - 1) + "\n";
      text += "Homepage: https://example.org/" + name + "\nDescription: photo editor and image viewer number " +
              std::to_string(i) + "\n\n";
    }
    write("Packages", text);
    return path("Packages");
  }
  std::string folder() {
    std::filesystem::create_directory(path("folder"));
    write("folder/bugs.md", "# Bugs\n\nHow to report bugs: write to us.\n\nSee [more](more.md).\n");
    write("folder/more.md", "# More\n\nNothing here.\n");
    return path("folder");
  }
};

TEST_F(CliTour, GoesThroughToItsEnd) {
  const Outcome tour = run({"tour", path("kept"), "--from", catalogue(), "--folder", folder()});
  EXPECT_EQ(tour.exit_code, 0) << tour.error << tour.out;
  for (const char* part : {"records in ", "strata impact ", "strata query", "strata ingest ",
                           "bugs.md:", "strata verify", "The tour took "})
    EXPECT_NE(tour.out.find(part), std::string::npos) << part << " is missing in\n" << tour.out;
  // The store is there to go on with, whole.
  EXPECT_EQ(run({"-s", path("kept"), "verify"}).exit_code, 0);
  EXPECT_EQ(run({"-s", path("kept"), "impact", "packages/pkg57"}).lines().size(), 2U);
  EXPECT_EQ(run({"-s", path("kept"), "doc", "list"}).lines().size(), 2U);
}

TEST_F(CliTour, NeverWritesOverWhatIsThere) {
  std::filesystem::create_directory(path("kept"));
  write("kept/file", "mine");
  const Outcome tour = run({"tour", path("kept"), "--from", catalogue(), "--folder", folder()});
  EXPECT_EQ(tour.exit_code, 1);
  EXPECT_NE(tour.error.find("holds something already"), std::string::npos) << tour.error;
}

}  // namespace
}  // namespace strata::scenario
