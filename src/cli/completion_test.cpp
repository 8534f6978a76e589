#include "cli/completion.hpp"

#include <gtest/gtest.h>

namespace strata::cli {
namespace {

using Words = std::vector<std::string>;

class Completion : public testing::Test {
 protected:
  Completion() {
    root_.add_option("-s,--store", text_, "Where");
    CLI::App* find = root_.add_subcommand("find", "Print it. Or not");
    find->add_option("COLLECTION", text_, "Which");
    find->add_option("--format", text_, "How")->type_name("table|jsonl|FILE");
    find->add_flag("--count", flag_, "Alone");
    CLI::App* index = root_.add_subcommand("index", "Indexes");
    index->add_subcommand("create", "Make");
    index->add_subcommand("drop", "Unmake");
  }

  Words next(const Words& words, const std::string& partial) {
    return next_words(root_, words, partial, [] { return Words{"notes", "tasks"}; });
  }

  CLI::App root_{"", "strata"};
  std::string text_;
  bool flag_ = false;
};

TEST_F(Completion, BeginsWithCommands) {
  EXPECT_EQ(next({}, ""), (Words{"find", "index"}));
  EXPECT_EQ(next({}, "f"), Words{"find"});
  EXPECT_EQ(next({"-s", "find"}, ""), (Words{"find", "index"}));
}

TEST_F(Completion, GoesOnWithTheCommandsOfACommand) { EXPECT_EQ(next({"index"}, ""), (Words{"create", "drop"})); }

TEST_F(Completion, OffersCollectionsWhereOneMayStand) {
  EXPECT_EQ(next({"find"}, ""), (Words{"notes", "tasks"}));
  EXPECT_EQ(next({"find", "--count"}, "t"), Words{"tasks"});
  EXPECT_EQ(next({"find", "notes"}, ""), Words{});
}

TEST_F(Completion, OffersOptionsAndTheirChoices) {
  EXPECT_EQ(next({"find", "notes"}, "--c"), Words{"--count"});
  EXPECT_EQ(next({"find", "notes", "--format"}, ""), (Words{"jsonl", "table"}));
}

TEST_F(Completion, ScriptsHoldEveryCommandAndOption) {
  for (const std::string& script : {bash_completion(root_), zsh_completion(root_), fish_completion(root_)}) {
    for (const char* word : {"find", "index", "create", "drop", "format", "count", "store"}) {
      EXPECT_NE(script.find(word), std::string::npos) << word << " in\n" << script;
    }
  }
  EXPECT_EQ(zsh_completion(root_).find("Or not"), std::string::npos);
}

}  // namespace
}  // namespace strata::cli
