#include "platform/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "platform/child_process.hpp"
#include "platform/scratch_directory.hpp"

namespace strata::platform {
namespace {

bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) != -1; }

TEST(Process, KnowsItselfAndItsNamespace) {
  EXPECT_EQ(process_id(), static_cast<std::uint64_t>(::getpid()));
  EXPECT_NE(pid_namespace(), 0u);
  EXPECT_NE(describe_process(process_id()).find("(pid " + std::to_string(::getpid()) + ")"), std::string::npos);
}

TEST(Process, HasAStartTimeWhileItLivesAndNoneOnceItIsDead) {
  Sign started;
  Sign go;
  ChildProcess child([&] {
    const auto start = process_start(process_id());
    started.give();
    return go.await() && process_start(process_id()) == start ? 0 : 1;
  });
  const auto id = static_cast<std::uint64_t>(child.id());
  ASSERT_TRUE(started.await());
  ASSERT_TRUE(process_start(id));
  EXPECT_GE(process_start(id), process_start(process_id()));
  go.give();
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(id), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(process_start(id), std::nullopt) << "dead, not collected";
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(process_start(id), std::nullopt);
  EXPECT_EQ(describe_process(id), "unknown process (pid " + std::to_string(id) + ")");
}

TEST(Process, ThatEndsWhileItIsAskedAboutIsDead) {
  for (int round = 0; round < 100; ++round) {
    ChildProcess child([] { return 0; });
    const auto id = static_cast<std::uint64_t>(child.id());
    std::thread collector([&] { EXPECT_EQ(child.wait(), 0); });
    while (process_start(id)) {
    }
    collector.join();
    EXPECT_NE(describe_process(id).find("(pid " + std::to_string(id) + ")"), std::string::npos);
  }
}

TEST(ForkGuard, TheGenerationRisesInTheChildAlone) {
  const std::uint64_t before = fork_generation();
  ChildProcess child([&] {
    if (fork_generation() != before + 1) return 1;
    return ChildProcess([&] { return fork_generation() == before + 2 ? 0 : 2; }).wait();
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(fork_generation(), before);
}

TEST(ForkGuard, ClosesRegisteredDescriptorsInTheChildAlone) {
  const ScratchDirectory scratch;
  const File kept(scratch / "kept", File::Mode::create);
  const File closed(scratch / "closed", File::Mode::create);
  const int opened = open_closed_in_child(scratch / "opened", O_RDWR | O_CREAT);
  close_in_child(kept.descriptor());
  close_in_child(closed.descriptor());
  forget_in_child(kept.descriptor());
  ChildProcess child([&] {
    if (is_open(closed.descriptor()) || is_open(opened) || !is_open(kept.descriptor())) return 1;
    // The number may be used again, and is then not the guard's any more.
    const int again = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (again != closed.descriptor() && again != opened) return 2;
    return ChildProcess([&] { return is_open(again) ? 0 : 3; }).wait();
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(is_open(closed.descriptor()));
  EXPECT_TRUE(is_open(opened));
  EXPECT_NE(::fcntl(opened, F_GETFD) & FD_CLOEXEC, 0);
  forget_in_child(closed.descriptor());
  close_and_forget(opened);
  EXPECT_FALSE(is_open(opened));
}

TEST(ForkGuard, WorksWhileOtherThreadsRegister) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "a child of fork() may find the sanitizer's own locks held by the other thread for ever";
#endif
  const ScratchDirectory scratch;
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!done) close_and_forget(open_closed_in_child(scratch / "file", O_RDWR | O_CREAT));
  });
  for (int i = 0; i < 50; ++i) {
    ChildProcess child([&] {
      const int descriptor = open_closed_in_child(scratch / "own", O_RDWR | O_CREAT);
      close_and_forget(descriptor);
      return 0;
    });
    EXPECT_EQ(child.wait(), 0);
  }
  done = true;
  other.join();
}

}  // namespace
}  // namespace strata::platform
