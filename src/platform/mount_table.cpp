#include "platform/mount_table.hpp"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>

#include "platform/file.hpp"
#include "platform/os_error.hpp"

namespace strata::platform {
namespace {

/// f_type of statfs(2), where a name in the mount table is not needed. FUSE stands for many file systems and is not
/// here.
std::optional<std::string> network_magic(std::uint32_t magic) {
  switch (magic) {
    case 0x6969:
      return "nfs";
    case 0x517B:
      return "smbfs";
    case 0xFF534D42:
      return "cifs";
    case 0xFE534D42:
      return "smb2";
    case 0x01021997:
      return "9p";
    case 0x5346414F:
    case 0x6B414653:
      return "afs";
    case 0x73757245:
      return "coda";
    case 0x564C:
      return "ncpfs";
    case 0x00C36400:
      return "ceph";
    case 0x0BD00BD0:
      return "lustre";
    case 0x47504653:
      return "gpfs";
    case 0x19830326:
      return "beegfs";
    case 0x7461636F:
      return "ocfs2";
    case 0x01161970:
      return "gfs2";
    case 0xAAD7AAEA:
      return "panfs";
    case 0x786F4256:
      return "vboxsf";
    case 0xBACBACBC:
      return "vmhgfs";
    default:
      return std::nullopt;
  }
}

std::string_view next_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(word.size() + 1, line.size()));
  return word;
}

std::string nearest_existing(std::string path) {
  path = absolute_path(path);
  while (path.size() > 1 && !exists(path)) path.resize(std::max<std::size_t>(path.rfind('/'), 1));
  return path;
}

}  // namespace

std::optional<std::string> mounted_type(std::string_view mountinfo, std::uint32_t major, std::uint32_t minor) {
  const std::string device = std::to_string(major) + ":" + std::to_string(minor);
  while (!mountinfo.empty()) {
    std::string_view line = mountinfo.substr(0, mountinfo.find('\n'));
    mountinfo.remove_prefix(std::min(line.size() + 1, mountinfo.size()));
    next_word(line);  // mount id
    next_word(line);  // parent id
    if (next_word(line) != device) continue;
    // Optional fields end with a lone hyphen; the type follows.
    while (!line.empty() && next_word(line) != "-") {
    }
    const std::string_view type = next_word(line);
    if (!type.empty()) return std::string(type);
  }
  return std::nullopt;
}

bool is_network_type(std::string_view type) {
  static constexpr std::array<std::string_view, 35> network{"9p",
                                                            "afs",
                                                            "beegfs",
                                                            "ceph",
                                                            "cifs",
                                                            "coda",
                                                            "davfs",
                                                            "fuse.afp",
                                                            "fuse.blobfuse",
                                                            "fuse.blobfuse2",
                                                            "fuse.ceph-fuse",
                                                            "fuse.cephfs",
                                                            "fuse.curlftpfs",
                                                            "fuse.davfs",
                                                            "fuse.gcsfuse",
                                                            "fuse.glusterfs",
                                                            "fuse.goofys",
                                                            "fuse.gvfsd-fuse",
                                                            "fuse.juicefs",
                                                            "fuse.moosefs",
                                                            "fuse.mount-s3",
                                                            "fuse.rclone",
                                                            "fuse.s3fs",
                                                            "fuse.seaweedfs",
                                                            "fuse.smbnetfs",
                                                            "fuse.sshfs",
                                                            "fuse.vmhgfs-fuse",
                                                            "glusterfs",
                                                            "lustre",
                                                            "ncpfs",
                                                            "nfs",
                                                            "nfs4",
                                                            "smb3",
                                                            "smbfs",
                                                            "virtiofs"};
  return std::find(network.begin(), network.end(), type) != network.end();
}

std::optional<std::string> network_file_system(const std::string& path) {
  const std::string place = nearest_existing(path);
  struct statfs system {};
  int result = -1;
  do {
    result = ::statfs(place.c_str(), &system);
  } while (result != 0 && errno == EINTR);
  if (result != 0) throw os_error("examine the file system of", place, errno);
  const auto magic = static_cast<std::uint32_t>(system.f_type);
  if (magic != FUSE_SUPER_MAGIC) return network_magic(magic);
  struct stat status {};
  if (::stat(place.c_str(), &status) != 0) throw os_error("examine", place, errno);
  std::ifstream file("/proc/self/mountinfo");
  const std::string table{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto type = mounted_type(table, major(status.st_dev), minor(status.st_dev));
  return type && is_network_type(*type) ? type : std::nullopt;
}

std::uint64_t free_bytes(const std::string& path) {
  const std::string place = nearest_existing(path);
  struct statvfs system {};
  if (::statvfs(place.c_str(), &system) != 0) throw os_error("examine the file system of", place, errno);
  return static_cast<std::uint64_t>(system.f_bavail) * system.f_frsize;
}

}  // namespace strata::platform
