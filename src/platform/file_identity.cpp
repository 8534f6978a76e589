#include "platform/file_identity.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "strata/error.hpp"

namespace strata::platform {

FileIdentity identity_of(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) == 0) {
    return {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino)};
  }
  throw Error(ErrorCode::io, "stat " + path + ": " + std::generic_category().message(errno));
}

}  // namespace strata::platform
