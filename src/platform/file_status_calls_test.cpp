#include "platform/file_status_calls.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace strata::platform {
namespace {

using Stat = int (*)(const char*, struct stat*);
using Fstat = int (*)(int, struct stat*);

TEST(FileStatusCalls, AgreeWithEachOtherAndDifferInAForkedChild) {
  const auto stat_call = reinterpret_cast<Stat>(file_status_calls().stat);
  const auto fstat_call = reinterpret_cast<Fstat>(file_status_calls().fstat);
  struct stat before = {};
  ASSERT_EQ(stat_call(".", &before), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const int here = ::open(".", O_RDONLY | O_CLOEXEC);
    struct stat by_path = {};
    struct stat by_descriptor = {};
    const bool called = stat_call(".", &by_path) == 0 && fstat_call(here, &by_descriptor) == 0;
    const bool agree = by_path.st_dev == by_descriptor.st_dev && by_path.st_ino == by_descriptor.st_ino;
    const bool differ = by_path.st_dev != before.st_dev && by_path.st_ino == before.st_ino;
    ::_exit(called && agree && differ ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(FileStatusCalls, FailAsTheSystemDoes) {
  struct stat status = {};
  EXPECT_EQ(reinterpret_cast<Stat>(file_status_calls().stat)("/nowhere/at/all", &status), -1);
  EXPECT_EQ(reinterpret_cast<Fstat>(file_status_calls().fstat)(-1, &status), -1);
}

}  // namespace
}  // namespace strata::platform
