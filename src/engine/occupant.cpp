#include "engine/occupant.hpp"

#include <charconv>

#include "platform/file.hpp"
#include "platform/process.hpp"
#include "strata/error.hpp"

namespace strata::engine {
namespace {

constexpr std::uint64_t lock_byte = 0;

std::string holder_file(const std::string& directory) { return platform::join(directory, "HOLDER"); }

/// `strata (pid 123)`, as well as it is known: the file is a hint, the lock is what counts.
std::string describe_holder(const std::string& directory) {
  const Bytes text = platform::read_file(holder_file(directory)).value_or("");
  std::uint64_t id = 0;
  std::uint64_t pid_namespace = 0;
  const char* const end = text.data() + text.size();
  const auto after_id = std::from_chars(text.data(), end, id);
  if (after_id.ec != std::errc() || after_id.ptr == end) return "another process";
  if (std::from_chars(after_id.ptr + 1, end, pid_namespace).ec != std::errc()) return "another process";
  if (pid_namespace == platform::pid_namespace()) return platform::describe_process(id);
  return "a process of another container (there its pid is " + std::to_string(id) + ")";
}

}  // namespace

Occupant::Occupant(const std::string& directory, const std::string& place, const OccupantOptions& options)
    : lock_(holder_file(directory), lock_byte) {
  using Kind = platform::FileLock::Kind;
  if (!lock_.try_acquire(options.read_only ? Kind::shared : Kind::exclusive)) {
    throw Error(ErrorCode::busy,
                place + " is open in " + describe_holder(directory) + ", and " + options.engine +
                    " serves one process at a time; close it there, or keep the store in lmdb: or sqlite:, which many "
                    "processes share");
  }
  if (options.read_only) return;
  platform::File file(holder_file(directory), platform::File::Mode::create);
  file.resize(0);
  file.write_at(0, std::to_string(platform::process_id()) + " " + std::to_string(platform::pid_namespace()) + "\n");
}

}  // namespace strata::engine
