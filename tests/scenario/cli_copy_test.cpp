#include <signal.h>

#include <thread>

#include "tests/scenario/cli_command.hpp"

namespace strata::scenario {
namespace {

class CliCopy : public CommandScenario {
 protected:
  void fill(int records) {
    std::string lines;
    for (int n = 0; n < records; ++n) {
      const std::string number = std::to_string(n);
      lines += R"({"op":"put","collection":"notes","key":"n/)" + number + R"(","value":{"n":)" + number + "}}\n";
    }
    done({"info", "notes", "--history", "on"});
    done({"apply", "-"}, lines);
    done({"put", "notes", "n/7", R"({"n":-7})"});
    done({"index", "create", "notes", "n"});
  }
  Value info(const std::string& store) { return done({"-s", store, "info"}).values().at(0); }
};

TEST_F(CliCopy, AStoreIsCopiedWithItsHistoryAndTheCopyVerifies) {
  fill(200);
  const std::string copy = "sqlite:" + path("copy");
  const Value report = done({"copy", path("store"), copy}).values().at(0);
  const Value source = info(path("store"));
  EXPECT_EQ(report["digest"].as_string(), source["digest"].as_string());
  EXPECT_EQ(report["position"].as_int(), source["position"].as_int());
  EXPECT_EQ(report["records"].as_int(), 200);
  EXPECT_EQ(report["history_rows"].as_int(), 1);
  EXPECT_FALSE(report["resumed"].as_bool());
  EXPECT_EQ(info(copy)["digest"].as_string(), source["digest"].as_string());
  done({"-s", copy, "verify"});
  EXPECT_EQ(done({"-s", copy, "find", "notes", "--where", "n = -7", "--count"}).out, "1\n");
  EXPECT_EQ(done({"-s", copy, "get", "notes", "n/7", "--history"}).lines().size(), 2U);
}

TEST_F(CliCopy, WhatCannotBeCopiedIsRefusedInOneLine) {
  fill(5);
  fails(1, "no store at", {"copy", path("absent"), path("copy")});
  EXPECT_FALSE(std::filesystem::exists(path("copy")));
  fails(1, "the source itself", {"copy", path("store"), path("store")});
  done({"-s", path("other"), "put", "a", "b", "1"});
  fails(1, "holds a store already", {"copy", path("store"), path("other")});
  done({"copy", path("store"), path("copy")});
  fails(1, "(invalid_argument)", {"copy", path("store"), path("copy")});
  fails(2, "copy", {"copy", path("store")});
}

TEST_F(CliCopy, InterruptedItStopsAndTheSameCommandGoesOn) {
  // Large enough that the signal arrives first on any machine; a copy that was faster is done, which is right too.
  fill(20'000);
  const std::string copy = "sqlite:" + path("copy");
  int exit_code = -1;
  {
    RunningCommand command = start({"copy", path("store"), copy});
    while (!std::filesystem::exists(path("copy/STRATA"))) std::this_thread::yield();
    command.interrupt();
    exit_code = command.wait();
  }
  if (exit_code != 0) {
    // Before the guard is there, Ctrl-C ends the process.
    ASSERT_TRUE(exit_code == 1 || exit_code == 128 + SIGINT) << exit_code;
    const Value report = done({"copy", path("store"), copy}).values().at(0);
    EXPECT_EQ(report["digest"].as_string(), info(path("store"))["digest"].as_string());
  }
  EXPECT_EQ(info(copy)["digest"].as_string(), info(path("store"))["digest"].as_string());
  done({"-s", copy, "verify"});
}

}  // namespace
}  // namespace strata::scenario
