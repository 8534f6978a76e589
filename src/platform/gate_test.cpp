#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "platform/child_process.hpp"
#include "platform/lock.hpp"
#include "platform/mapped_file.hpp"
#include "platform/process.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/error.hpp"

namespace strata::platform {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// For waits that must succeed.
SteadyTime patiently() { return steady_now() + seconds(60); }
SteadyTime at_once() { return steady_now(); }

/// What the processes of one test write down for each other.
struct Notes {
  std::uint64_t plain_count;  // not atomic: the gate alone protects it
  std::atomic<std::uint32_t> total;
  std::array<std::atomic<std::uint32_t>, 16> shares;
};

class GateTest : public testing::Test {
 protected:
  Gate open() const { return Gate(scratch_ / "lock", hint_path_); }
  Notes& notes() const { return *reinterpret_cast<Notes*>(notes_.data()); }
  /// Returns when `count` others are waiting.
  static void await_waiting(const Gate& gate, std::size_t count) {
    while (gate.waiting() != count) std::this_thread::yield();
  }
  /// The message of the `busy` that a single try gives.
  static std::string refusal(Gate& gate) {
    try {
      gate.enter(at_once());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::busy);
      return error.what();
    }
    return "";
  }
  void expect_exclusion();

  ScratchDirectory scratch_;
  std::string hint_path_ = scratch_ / "hints";
  MappedFile notes_{scratch_ / "notes", sizeof(Notes)};
};

void GateTest::expect_exclusion() {
  constexpr std::uint64_t processes = 4;
  constexpr std::uint64_t threads = 3;
  constexpr std::uint64_t rounds = 150;
  std::vector<ChildProcess> children;
  for (std::uint64_t i = 0; i < processes; ++i) {
    children.emplace_back([this] {
      Gate gate = open();
      std::vector<std::thread> running;
      for (std::uint64_t t = 0; t < threads; ++t) {
        running.emplace_back([&] {
          for (std::uint64_t round = 0; round < rounds; ++round) {
            const auto pass = gate.enter(patiently());
            const std::uint64_t before = notes().plain_count;
            std::this_thread::yield();
            notes().plain_count = before + 1;
          }
        });
      }
      for (std::thread& thread : running) thread.join();
      return 0;
    });
  }
  for (ChildProcess& child : children) EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(notes().plain_count, processes * threads * rounds);
}

TEST_F(GateTest, HasOneHolderOverAllProcessesAndThreads) { expect_exclusion(); }

TEST_F(GateTest, HasOneHolderWithoutItsHintFile) {
  hint_path_ = scratch_ / "absent/hints";
  expect_exclusion();
}

TEST_F(GateTest, HasOneHolderWithNonsenseInItsHintFile) {
  replace_file(hint_path_, Bytes(4096, '\xFF'));
  expect_exclusion();
}

TEST_F(GateTest, HasOneHolderWhenTheHintFileIsDeletedWhileInUse) {
  const Gate early = open();
  remove_file(hint_path_);
  expect_exclusion();
}

TEST_F(GateTest, ExcludesAnotherGateOfTheSameProcess) {
  Gate one = open();
  Gate other = open();
  auto pass = one.enter(at_once());
  EXPECT_NE(refusal(other), "");
  pass.reset();
  EXPECT_TRUE(other.enter(at_once()));
}

TEST_F(GateTest, AWaiterGetsBusyAtItsDeadlineAndTheNameOfTheStoppedHolder) {
  Sign inside;
  ChildProcess holder([&] {
    Gate gate = open();
    const auto pass = gate.enter(patiently());
    inside.give();
    ::pause();
    return 0;
  });
  ASSERT_TRUE(inside.await());
  holder.stop();
  Gate gate = open();
  const SteadyTime deadline = steady_now() + milliseconds(30);
  try {
    gate.enter(deadline);
    FAIL() << "entered a gate that is held";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::busy);
    EXPECT_NE(std::string(error.what()).find("(pid " + std::to_string(holder.id()) + ")"), std::string::npos)
        << error.what();
  }
  EXPECT_GE(steady_now(), deadline);
}

TEST_F(GateTest, AThreadGetsBusyAtItsDeadlineBehindAnotherThread) {
  Gate gate = open();
  const auto pass = gate.enter(at_once());
  std::string message;
  std::thread([&] { message = refusal(gate); }).join();
  EXPECT_NE(message.find("another thread of this process"), std::string::npos) << message;
}

TEST_F(GateTest, AKilledHolderHandsOver) {
  Sign inside;
  ChildProcess holder([&] {
    Gate gate = open();
    const auto pass = gate.enter(patiently());
    inside.give();
    ::pause();
    return 0;
  });
  ASSERT_TRUE(inside.await());
  Gate gate = open();
  EXPECT_NE(refusal(gate), "");
  bool entered = false;
  std::thread waiter([&] { entered = gate.enter(patiently()) != nullptr; });
  Gate observer = open();
  await_waiting(observer, 1);
  EXPECT_EQ(holder.kill(), -SIGKILL);
  waiter.join();
  EXPECT_TRUE(entered);
}

TEST_F(GateTest, AKilledWaiterIsForgotten) {
  Gate gate = open();
  auto pass = gate.enter(at_once());
  ChildProcess waiter([&] { return open().enter(patiently()) ? 0 : 1; });
  await_waiting(gate, 1);
  EXPECT_EQ(waiter.kill(), -SIGKILL);
  EXPECT_EQ(gate.waiting(), 0u);
  pass.reset();
  EXPECT_TRUE(gate.enter(at_once()));
}

TEST_F(GateTest, LetsProcessesInInTheOrderOfTheirComing) {
  constexpr std::uint32_t count = 5;
  Gate gate = open();
  auto pass = gate.enter(at_once());
  std::vector<ChildProcess> children;
  for (std::uint32_t number = 0; number < count; ++number) {
    children.emplace_back([&, number] {
      Gate own = open();
      const auto own_pass = own.enter(patiently());
      notes().shares[notes().total++] = number;
      return 0;
    });
    await_waiting(gate, number + 1);
  }
  pass.reset();
  for (ChildProcess& child : children) EXPECT_EQ(child.wait(), 0);
  for (std::uint32_t number = 0; number < count; ++number) EXPECT_EQ(notes().shares[number], number);
}

TEST_F(GateTest, LetsThreadsInInTheOrderOfTheirComing) {
  Gate gate = open();
  auto pass = gate.enter(at_once());
  std::vector<std::thread> threads;
  std::vector<std::size_t> order;
  for (std::size_t number = 0; number < 8; ++number) {
    threads.emplace_back([&, number] {
      const auto own_pass = gate.enter(patiently());
      order.push_back(number);
    });
    await_waiting(gate, number + 1);
  }
  pass.reset();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST_F(GateTest, NobodyGetsLessThanHalfOfAnEqualShare) {
  constexpr std::uint32_t processes = 5;
  constexpr std::uint32_t passes = 20'000;
  Gate start = open();
  auto held = start.enter(at_once());
  std::vector<ChildProcess> children;
  for (std::uint32_t number = 0; number < processes; ++number) {
    children.emplace_back([&, number] {
      Gate gate = open();
      for (;;) {
        const auto pass = gate.enter(patiently());
        if (notes().total == passes) return 0;
        ++notes().total;
        ++notes().shares[number];
      }
    });
  }
  await_waiting(start, processes);
  held.reset();
  for (ChildProcess& child : children) EXPECT_EQ(child.wait(), 0);
  for (std::uint32_t number = 0; number < processes; ++number) {
    EXPECT_GE(notes().shares[number], passes / processes / 2) << "process " << number;
  }
}

TEST_F(GateTest, AStoppedWaiterIsPassedOverAndComesInLater) {
  Gate gate = open();
  auto pass = gate.enter(at_once());
  ChildProcess stopped([&] { return open().enter(patiently()) ? 0 : 1; });
  await_waiting(gate, 1);
  stopped.stop();
  ChildProcess second([&] { return open().enter(patiently()) ? 0 : 1; });
  await_waiting(gate, 2);
  pass.reset();
  EXPECT_EQ(second.wait(), 0);
  // From now on it does not count at all: the gate is taken without a wait.
  pass = gate.enter(at_once());
  EXPECT_EQ(gate.waiting(), 0u);
  stopped.resume();
  await_waiting(gate, 1);
  pass.reset();
  EXPECT_EQ(stopped.wait(), 0);
}

TEST_F(GateTest, CountsThreadsAndProcessesThatWait) {
  Gate gate = open();
  EXPECT_EQ(gate.waiting(), 0u);
  auto pass = gate.enter(at_once());
  EXPECT_EQ(gate.waiting(), 0u);
  std::vector<ChildProcess> children;
  children.reserve(2);
  for (int i = 0; i < 2; ++i) children.emplace_back([&] { return open().enter(patiently()) ? 0 : 1; });
  await_waiting(gate, 2);
  std::thread thread([&] { EXPECT_TRUE(gate.enter(patiently())); });
  await_waiting(gate, 3);
  pass.reset();
  thread.join();
  for (ChildProcess& child : children) EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(gate.waiting(), 0u);
}

TEST_F(GateTest, IsClosedInAForkedChild) {
  Gate gate = open();
  ChildProcess child([&] {
    try {
      gate.enter(at_once());
    } catch (const Error& error) {
      return error.code() == ErrorCode::closed && gate.waiting() == 0 ? 0 : 1;
    }
    return 2;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(GateTest, APassThatAForkedChildDestroysStaysWithTheParent) {
  Gate gate = open();
  auto pass = gate.enter(at_once());
  ChildProcess child([&] {
    pass.reset();
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
  Gate other = open();
  EXPECT_NE(refusal(other), "");
}

TEST_F(GateTest, IsFreeWhenTheHolderDiesThoughItsChildLives) {
  Sign inside;
  Sign go;
  ChildProcess holder([&] {
    Gate gate = open();
    const auto pass = gate.enter(patiently());
    if (::fork() == 0) {
      inside.give();
      ::_exit(go.await() ? 0 : 1);
    }
    ::pause();
    return 0;
  });
  ASSERT_TRUE(inside.await());
  Gate gate = open();
  EXPECT_NE(refusal(gate), "");
  EXPECT_EQ(holder.kill(), -SIGKILL);
  EXPECT_TRUE(gate.enter(at_once()));
  go.give();
}

TEST_F(GateTest, SurvivesKillsOfHoldersAndWaitersAtRandomMoments) {
  constexpr std::uint32_t passes = 1500;
  const auto work = [&] {
    Gate gate = open();
    for (;;) {
      const auto pass = gate.enter(patiently());
      if (notes().total >= passes) return 0;
      ++notes().plain_count;
      ++notes().total;
    }
  };
  std::vector<ChildProcess> children;
  children.reserve(3);
  for (int i = 0; i < 3; ++i) children.emplace_back(work);
  // Every further hundred passes one dies wherever it happens to be, and another takes its place.
  for (std::uint32_t mark = 100; mark < passes; mark += 100) {
    while (notes().total < mark) std::this_thread::yield();
    const int code = children.front().kill();
    EXPECT_TRUE(code == -SIGKILL || code == 0);
    std::vector<ChildProcess> next;
    for (std::size_t i = 1; i < children.size(); ++i) next.push_back(std::move(children[i]));
    next.emplace_back(work);
    children.swap(next);
  }
  for (ChildProcess& child : children) EXPECT_EQ(child.wait(), 0);
  // A kill may fall between the two counts, so they differ by one at most for each.
  EXPECT_GE(notes().plain_count, passes);
  EXPECT_LE(notes().plain_count, passes + passes / 100);
  EXPECT_TRUE(open().enter(at_once()));
}

}  // namespace
}  // namespace strata::platform
