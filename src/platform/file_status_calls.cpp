#include "platform/file_status_calls.hpp"

#include <sys/stat.h>

#include <cstdint>

#include "platform/process.hpp"

namespace strata::platform {
namespace {

void mark_generation(struct stat& status) {
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15u;  // so that few generations and few devices never meet
  status.st_dev ^= static_cast<dev_t>(fork_generation() * odd);
}

int marked_stat(const char* path, struct stat* status) {
  const int result = ::stat(path, status);
  if (result == 0) mark_generation(*status);
  return result;
}

int marked_fstat(int descriptor, struct stat* status) {
  const int result = ::fstat(descriptor, status);
  if (result == 0) mark_generation(*status);
  return result;
}

}  // namespace

FileStatusCalls file_status_calls() noexcept {
  return {reinterpret_cast<FileStatusCalls::Call>(&marked_stat),
          reinterpret_cast<FileStatusCalls::Call>(&marked_fstat)};
}

}  // namespace strata::platform
