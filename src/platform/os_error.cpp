#include "platform/os_error.hpp"

#include <cerrno>
#include <system_error>

namespace strata::platform {
namespace {

std::string_view remedy(int reason) {
  switch (reason) {
    case ENOSPC:
      return "; free space on this file system";
    case EDQUOT:
      return "; the disk quota of this user is used up";
    case EACCES:
    case EPERM:
      return "; check its owner and permissions";
    case EROFS:
      return "; the file system is mounted read-only";
    case EMFILE:
    case ENFILE:
      return "; raise the limit of open files (ulimit -n)";
    case ENOMEM:
      return "; free memory, or raise the limit of address space (ulimit -v)";
    case ENOENT:
      return "; check the path";
    case EIO:
      return "; the disk may be failing: check the kernel log";
    case ENOLCK:
      return "; this file system cannot lock: put the store on a local disk";
    default:
      return "";
  }
}

}  // namespace

Error os_error(std::string_view operation, const std::string& path, int reason, ErrorCode code) {
  std::string message = "cannot ";
  message.append(operation).append(" ").append(path).append(": ");
  message.append(std::system_category().message(reason)).append(remedy(reason));
  return Error(code, message);
}

}  // namespace strata::platform
