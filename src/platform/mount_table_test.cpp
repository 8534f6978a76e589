#include "platform/mount_table.hpp"

#include <gtest/gtest.h>

#include "platform/file.hpp"
#include "platform/scratch_directory.hpp"

namespace strata::platform {
namespace {

constexpr std::string_view table =
    "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    "30 22 0:45 / /home/a/remote rw,nosuid shared:7 master:1 - fuse.sshfs host:/x rw,user_id=0\n"
    "31 22 0:46 / /mnt/odd\\040name ro - fuse portal rw\n"
    "32 22 0:47";

TEST(MountTable, NamesTheTypeOfADevice) {
  EXPECT_EQ(mounted_type(table, 254, 0), "ext4");
  EXPECT_EQ(mounted_type(table, 0, 45), "fuse.sshfs");
  EXPECT_EQ(mounted_type(table, 0, 46), "fuse");
}

TEST(MountTable, HasNothingForAnUnknownDeviceOrATornLine) {
  EXPECT_EQ(mounted_type(table, 0, 4), std::nullopt);
  EXPECT_EQ(mounted_type(table, 0, 47), std::nullopt);
  EXPECT_EQ(mounted_type("", 0, 45), std::nullopt);
}

TEST(MountTable, KnowsNetworkTypesFromLocalOnes) {
  for (const char* type : {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.s3fs", "virtiofs"}) {
    EXPECT_TRUE(is_network_type(type)) << type;
  }
  for (const char* type : {"ext4", "xfs", "btrfs", "tmpfs", "overlay", "fuse", "fuseblk", "fuse.mergerfs"}) {
    EXPECT_FALSE(is_network_type(type)) << type;
  }
}

TEST(MountTable, AnswersForPathsThatDoNotExistYet) {
  EXPECT_EQ(network_file_system("/proc/self/absent/deeper"), std::nullopt);
  const ScratchDirectory scratch;
  EXPECT_EQ(network_file_system(scratch / "new/store"), network_file_system(scratch.path()));
  EXPECT_GT(free_bytes(scratch / "new/store"), 0u);
}

}  // namespace
}  // namespace strata::platform
