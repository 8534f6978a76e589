#include "engine/lmdb/occupancy.hpp"

#include <chrono>
#include <optional>

#include "platform/file.hpp"
#include "platform/process.hpp"
#include "strata/error.hpp"

namespace strata::engine {
namespace {

using platform::FileLock;

constexpr std::uint64_t entrance_byte = 0;
constexpr std::uint64_t users_byte = 1;
constexpr std::uint64_t first_process_byte = std::uint64_t{1} << 20;
constexpr std::chrono::seconds entrance_timeout{2};

std::string users_path(const std::string& directory) { return platform::join(directory, "users"); }

void enter(FileLock& entrance, const std::string& place) {
  const auto deadline = platform::steady_now() + entrance_timeout;
  while (!entrance.try_acquire(FileLock::Kind::exclusive)) {
    if (platform::steady_now() >= deadline) {
      throw Error(ErrorCode::busy,
                  place + ": another process has been opening it for 2 s; continue or end that process");
    }
    platform::sleep_until(platform::steady_now() + std::chrono::milliseconds(1));
  }
}

bool anyone_inside(const std::string& path) {
  FileLock probe(path, users_byte);
  return !probe.try_acquire(FileLock::Kind::exclusive);
}

/// The first user writes its namespace into the file; those who join it must be of the same.
void agree_on_namespace(const std::string& path, const std::string& place) {
  const std::string mine = "pid namespace " + std::to_string(platform::pid_namespace()) + "\n";
  if (!anyone_inside(path)) {
    platform::File file(path, platform::File::Mode::create);
    file.resize(0);
    file.write_at(0, mine);
    return;
  }
  if (platform::read_file(path) == std::optional<Bytes>(mine)) return;
  throw Error(ErrorCode::unsupported,
              place +
                  " is open in another pid namespace (container), and LMDB tells its readers apart by process id; "
                  "run all users in one pid namespace, or keep the store on sqlite:");
}

}  // namespace

Occupancy::Occupancy(const std::string& directory, const std::string& place)
    : users_(users_path(directory), users_byte),
      self_(users_path(directory), first_process_byte + platform::process_id()) {
  FileLock entrance(users_path(directory), entrance_byte);
  enter(entrance, place);
  agree_on_namespace(users_path(directory), place);
  if (!self_.try_acquire(FileLock::Kind::exclusive)) {
    throw Error(ErrorCode::unsupported,
                place +
                    " is open in this process through another copy of the Strata library; link the "
                    "library once (shared), or open the store through one copy alone");
  }
  if (!users_.try_acquire(FileLock::Kind::shared)) {
    throw Error(ErrorCode::busy, place + ": its file 'users' is locked by a foreign program; end that program");
  }
}

}  // namespace strata::engine
