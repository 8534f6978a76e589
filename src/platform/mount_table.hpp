// Which kind of file system a path lies on, from the kernel's table of mounts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace strata::platform {

/// The type (`ext4`, `fuse.sshfs`) of the file system with that device number, from the text of /proc/self/mountinfo
/// (proc(5)); nothing when it is not there.
std::optional<std::string> mounted_type(std::string_view mountinfo, std::uint32_t major, std::uint32_t minor);

/// File systems of which another machine may hold the same files, or whose locks and mappings are not those of a disk.
bool is_network_type(std::string_view type);

}  // namespace strata::platform
