#include "platform/mapped_file.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "platform/child_process.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/error.hpp"

namespace strata::platform {
namespace {

TEST(MappedFile, IsSharedBetweenProcesses) {
  const ScratchDirectory scratch;
  const MappedFile mapping(scratch / "map", 4096);
  ChildProcess child([&] {
    const MappedFile own(scratch / "map", 4096);
    std::memcpy(own.data() + 100, "hello", 5);
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(std::memcmp(mapping.data() + 100, "hello", 5), 0);
  EXPECT_EQ(mapping.size(), 4096u);
}

TEST(MappedFile, GrowsWithZerosAndNeverShrinks) {
  const ScratchDirectory scratch;
  replace_file(scratch / "map", "abc");
  {
    const MappedFile mapping(scratch / "map", 10'000);
    EXPECT_EQ(std::memcmp(mapping.data(), "abc\0\0", 5), 0);
    EXPECT_EQ(mapping.data()[9'999], std::byte{0});
  }
  const MappedFile smaller(scratch / "map", 100);
  EXPECT_EQ(File(scratch / "map", File::Mode::read).size(), 10'000u);
}

TEST(MappedFile, ReservesTheBlocksOfAHole) {
  const ScratchDirectory scratch;
  File(scratch / "map", File::Mode::create).resize(1 << 16);
  const MappedFile mapping(scratch / "map", 1 << 16);
  EXPECT_GE(tree_bytes(scratch / "map"), std::uint64_t{1} << 16);
}

TEST(MappedFile, KnowsWhenItsFileIsDeletedOrReplaced) {
  const ScratchDirectory scratch;
  const MappedFile mapping(scratch / "map", 64);
  EXPECT_TRUE(mapping.attached());
  replace_file(scratch / "map", Bytes(64, '\0'));
  EXPECT_FALSE(mapping.attached());
  remove_file(scratch / "map");
  EXPECT_FALSE(mapping.attached());
}

TEST(MappedFile, WhereNoneCanBeMadeIsAnError) {
  const ScratchDirectory scratch;
  EXPECT_THROW(MappedFile(scratch / "absent/map", 64), Error);
  EXPECT_THROW(MappedFile(scratch.path(), 64), Error);
}

}  // namespace
}  // namespace strata::platform
