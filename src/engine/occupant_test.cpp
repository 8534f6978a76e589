#include "engine/occupant.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/file.hpp"
#include "strata/error.hpp"

namespace strata::engine {
namespace {

const OccupantOptions writing{.engine = "RocksDB", .read_only = false};
const OccupantOptions reading{.engine = "RocksDB", .read_only = true};

class OccupantTest : public testing::Test {
 protected:
  OccupantTest() {
    platform::remove_tree(directory_);
    platform::make_directories(directory_);
  }
  ~OccupantTest() override { platform::remove_tree(directory_); }

  const std::string directory_ = testing::TempDir() + "occupant_test";
};

TEST_F(OccupantTest, ASecondProcessIsToldWhoHoldsTheDirectoryAndTheRemedy) {
  int ready[2];
  int leave[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(leave), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  char byte = 'x';
  if (child == 0) {
    ::close(leave[1]);
    const Occupant holder(directory_, "rocksdb:here", writing);
    const bool told = ::write(ready[1], &byte, 1) == 1;
    const bool left = ::read(leave[0], &byte, 1) == 0;
    ::_exit(told && left ? 0 : 1);
  }
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  try {
    const Occupant second(directory_, "rocksdb:here", writing);
    ADD_FAILURE() << "two hold one directory";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::busy);
    const std::string message = error.what();
    EXPECT_NE(message.find("(pid " + std::to_string(child) + ")"), std::string::npos) << message;
    EXPECT_NE(message.find("RocksDB serves one process"), std::string::npos) << message;
    EXPECT_NE(message.find("lmdb:"), std::string::npos) << message;
  }
  EXPECT_THROW(Occupant(directory_, "rocksdb:here", reading), Error);
  ::close(leave[1]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_NO_THROW(Occupant(directory_, "rocksdb:here", writing));
  for (const int end : {ready[0], ready[1], leave[0]}) ::close(end);
}

TEST_F(OccupantTest, SeveralMayReadAndNoneWritesMeanwhile) {
  const Occupant reader(directory_, "rocksdb:here", reading);
  EXPECT_NO_THROW(Occupant(directory_, "rocksdb:here", reading));
  EXPECT_THROW(Occupant(directory_, "rocksdb:here", writing), Error);
}

}  // namespace
}  // namespace strata::engine
