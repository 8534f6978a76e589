#include "platform/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <limits>
#include <thread>

#include "platform/child_process.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/error.hpp"

namespace strata::platform {
namespace {

template <typename Call>
ErrorCode code_of(Call call, std::string* message = nullptr) {
  try {
    call();
  } catch (const Error& error) {
    if (message != nullptr) *message = error.what();
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::internal;
}

class FileTest : public testing::Test {
 protected:
  ScratchDirectory scratch_;
  std::string path_ = scratch_ / "file";
};

TEST_F(FileTest, ReadsBackWhatWasWritten) {
  File file(path_, File::Mode::create_new);
  file.append("hello ");
  file.append("world");
  file.write_at(0, "J");
  file.sync();
  EXPECT_EQ(file.size(), 11u);
  EXPECT_EQ(file.read_at(0, 11), "Jello world");
  EXPECT_EQ(file.read_at(6, 3), "wor");
  EXPECT_EQ(read_file(path_), "Jello world");
}

TEST_F(FileTest, ReadsLessAtTheEndAndNeverReservesWhatIsNotThere) {
  File file(path_, File::Mode::create);
  file.append("12345");
  EXPECT_EQ(file.read_at(3, std::numeric_limits<std::size_t>::max()), "45");
  EXPECT_EQ(file.read_at(5, 10), "");
  EXPECT_EQ(file.read_at(1'000'000, 10), "");
}

TEST_F(FileTest, GrowsWithZerosAndShrinks) {
  File file(path_, File::Mode::create);
  file.append("abc");
  file.resize(5);
  EXPECT_EQ(file.read_at(0, 10), Bytes("abc\0\0", 5));
  file.resize(1);
  EXPECT_EQ(file.read_at(0, 10), "a");
}

TEST_F(FileTest, ModesSayWhatTheyExpectToFind) {
  std::string message;
  EXPECT_EQ(code_of([&] { File(path_, File::Mode::read); }, &message), ErrorCode::not_found);
  EXPECT_EQ(message, "cannot open " + path_ + ": No such file or directory; check the path");
  EXPECT_EQ(code_of([&] { File(path_, File::Mode::read_write); }), ErrorCode::not_found);
  File(path_, File::Mode::create).append("kept");
  EXPECT_EQ(code_of([&] { File(path_, File::Mode::create_new); }), ErrorCode::already_exists);
  EXPECT_EQ(File(path_, File::Mode::create).size(), 4u);
  EXPECT_EQ(code_of([&] { File(path_, File::Mode::read).append("x"); }), ErrorCode::io);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
}

TEST_F(FileTest, MovesAndClosesOnExec) {
  File first(path_, File::Mode::create);
  const int descriptor = first.descriptor();
  EXPECT_NE(::fcntl(descriptor, F_GETFD) & FD_CLOEXEC, 0);
  File second(std::move(first));
  EXPECT_FALSE(first.is_open());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(second.descriptor(), descriptor);
  File third;
  EXPECT_FALSE(third.is_open());
  third = std::move(second);
  EXPECT_EQ(third.path(), path_);
  third.close();
  EXPECT_EQ(::fcntl(descriptor, F_GETFD), -1);
}

TEST_F(FileTest, AFullDiskIsAnErrorThatSaysSo) {
  File full("/dev/full", File::Mode::read_write);
  std::string message;
  EXPECT_EQ(code_of([&] { full.append("x"); }, &message), ErrorCode::io);
  EXPECT_NE(message.find("free space"), std::string::npos) << message;
}

TEST_F(FileTest, AFailedSyncIsNotTriedAgain) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);  // which cannot be synced
  File file(path_, File::Mode::read_write);
  EXPECT_EQ(code_of([&] { file.sync(); }), ErrorCode::io);
  EXPECT_EQ(code_of([&] { file.sync(); }), ErrorCode::io);
  EXPECT_EQ(code_of([&] { file.write_at(0, "x"); }), ErrorCode::io);
  EXPECT_EQ(code_of([&] { file.resize(0); }), ErrorCode::io);
}

TEST_F(FileTest, OfNothingReadsAsNothing) {
  EXPECT_EQ(read_file(path_), std::nullopt);
  EXPECT_EQ(code_of([&] { read_file(scratch_.path()); }), ErrorCode::io) << "a directory is not a file";
}

TEST_F(FileTest, ReplacingLeavesTheNewFileAlone) {
  replace_file(path_, "old");
  replace_file(path_, "newer");
  EXPECT_EQ(read_file(path_), "newer");
  EXPECT_EQ(list_directory(scratch_.path()), std::vector<std::string>{"file"});
}

TEST_F(FileTest, AFailedReplacingLeavesTheOldFileAlone) {
  make_directories(path_);  // a directory stands where the file should go
  EXPECT_EQ(code_of([&] { replace_file(path_, "new"); }), ErrorCode::io);
  EXPECT_EQ(list_directory(scratch_.path()), std::vector<std::string>{"file"});
  EXPECT_EQ(code_of([&] { replace_file(scratch_ / "absent/file", "new"); }), ErrorCode::not_found);
}

TEST_F(FileTest, ReplacingLeavesOldOrNewWhereverItIsKilled) {
  const Bytes old_bytes(50'000, 'o');
  const Bytes new_bytes(70'001, 'n');
  const auto whole = [&](const std::optional<Bytes>& found) { return found == old_bytes || found == new_bytes; };
  replace_file(path_, old_bytes);
  for (int round = 0; round < 20; ++round) {
    Sign started;
    ChildProcess writer([&] {
      started.give();
      for (;;) {
        replace_file(path_, new_bytes);
        replace_file(path_, old_bytes);
      }
      return 0;
    });
    ASSERT_TRUE(started.await());
    for (int read = 0; read < 10 * (round + 1); ++read) ASSERT_TRUE(whole(read_file(path_)));
    EXPECT_EQ(writer.kill(), -SIGKILL);
    ASSERT_TRUE(whole(read_file(path_))) << "round " << round;
  }
}

TEST_F(FileTest, RemovingWhatIsAbsentIsNoError) {
  remove_file(path_);
  File(path_, File::Mode::create).close();
  EXPECT_TRUE(exists(path_));
  remove_file(path_);
  EXPECT_FALSE(exists(path_));
  remove_tree(path_);
}

}  // namespace
}  // namespace strata::platform
