#include <gtest/gtest.h>

#include "platform/child_process.hpp"
#include "platform/lock.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/error.hpp"

namespace strata::platform {
namespace {

class FileLockTest : public testing::Test {
 protected:
  /// Whether another process could take the lock now.
  bool free_elsewhere(FileLock::Kind kind, std::uint64_t byte) const {
    return ChildProcess([&] { return FileLock(path_, byte).try_acquire(kind) ? 0 : 1; }).wait() == 0;
  }

  ScratchDirectory scratch_;
  std::string path_ = scratch_ / "lock";
};

TEST_F(FileLockTest, AnExclusiveLockExcludesEveryoneElseFromItsByte) {
  FileLock lock(path_, 7);
  EXPECT_FALSE(lock.held());
  ASSERT_TRUE(lock.try_acquire(FileLock::Kind::exclusive));
  EXPECT_TRUE(lock.held());
  EXPECT_FALSE(free_elsewhere(FileLock::Kind::exclusive, 7));
  EXPECT_FALSE(free_elsewhere(FileLock::Kind::shared, 7));
  EXPECT_TRUE(free_elsewhere(FileLock::Kind::exclusive, 8));
  EXPECT_FALSE(FileLock(path_, 7).try_acquire(FileLock::Kind::shared)) << "another object of this process";
  lock.release();
  EXPECT_FALSE(lock.held());
  EXPECT_TRUE(free_elsewhere(FileLock::Kind::exclusive, 7));
}

TEST_F(FileLockTest, SharedLocksAreHeldTogether) {
  FileLock lock(path_, 1);
  ASSERT_TRUE(lock.try_acquire(FileLock::Kind::shared));
  EXPECT_TRUE(free_elsewhere(FileLock::Kind::shared, 1));
  EXPECT_FALSE(free_elsewhere(FileLock::Kind::exclusive, 1));
}

TEST_F(FileLockTest, AHeldLockChangesItsKindOrKeepsIt) {
  FileLock lock(path_, 1);
  ASSERT_TRUE(lock.try_acquire(FileLock::Kind::shared));
  {
    FileLock other(path_, 1);
    ASSERT_TRUE(other.try_acquire(FileLock::Kind::shared));
    EXPECT_FALSE(lock.try_acquire(FileLock::Kind::exclusive));
    EXPECT_TRUE(lock.held());
  }
  EXPECT_FALSE(free_elsewhere(FileLock::Kind::exclusive, 1));
  EXPECT_TRUE(lock.try_acquire(FileLock::Kind::exclusive));
  EXPECT_FALSE(free_elsewhere(FileLock::Kind::shared, 1));
}

TEST_F(FileLockTest, StaysWhenAnotherDescriptorOfTheFileIsClosed) {
  FileLock lock(path_, 1);
  ASSERT_TRUE(lock.try_acquire(FileLock::Kind::exclusive));
  File(path_, File::Mode::read_write).close();
  EXPECT_FALSE(free_elsewhere(FileLock::Kind::exclusive, 1));
}

TEST_F(FileLockTest, OfAKilledProcessIsFree) {
  Sign held;
  ChildProcess holder([&] {
    FileLock lock(path_, 1);
    if (!lock.try_acquire(FileLock::Kind::exclusive)) return 1;
    held.give();
    ::pause();
    return 0;
  });
  ASSERT_TRUE(held.await());
  FileLock lock(path_, 1);
  EXPECT_FALSE(lock.try_acquire(FileLock::Kind::exclusive));
  EXPECT_EQ(holder.kill(), -SIGKILL);
  EXPECT_TRUE(lock.try_acquire(FileLock::Kind::exclusive));
}

TEST_F(FileLockTest, OfADeadParentIsFreeThoughItsChildLives) {
  Sign held;
  Sign go;
  ChildProcess parent([&] {
    FileLock lock(path_, 1);
    if (!lock.try_acquire(FileLock::Kind::exclusive)) return 1;
    if (::fork() == 0) {
      held.give();
      ::_exit(go.await() ? 0 : 1);
    }
    ::pause();
    return 0;
  });
  ASSERT_TRUE(held.await());
  FileLock lock(path_, 1);
  EXPECT_FALSE(lock.try_acquire(FileLock::Kind::exclusive));
  EXPECT_EQ(parent.kill(), -SIGKILL);
  EXPECT_TRUE(lock.try_acquire(FileLock::Kind::exclusive));
  go.give();
}

TEST_F(FileLockTest, IsClosedInAForkedChildAndStaysWithTheParent) {
  auto lock = std::make_unique<FileLock>(path_, 1);
  ASSERT_TRUE(lock->try_acquire(FileLock::Kind::exclusive));
  ChildProcess child([&] {
    int code = 1;
    try {
      lock->try_acquire(FileLock::Kind::exclusive);
    } catch (const Error& error) {
      code = error.code() == ErrorCode::closed ? 0 : 2;
    }
    lock.reset();
    return code;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_FALSE(free_elsewhere(FileLock::Kind::exclusive, 1));
}

}  // namespace
}  // namespace strata::platform
