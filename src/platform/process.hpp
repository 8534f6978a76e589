// Who we are, who is alive, and whether we are a forked child.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace strata::platform {

std::uint64_t process_id();
/// Inode of the pid namespace: equal numbers mean that process ids are comparable. 0 where the system does not tell.
std::uint64_t pid_namespace();
/// Start time of a process of this pid namespace in clock ticks since boot, so that a reused id is told apart; nothing
/// if there is none, or only the entry of a dead one that its parent has not collected yet.
std::optional<std::uint64_t> process_start(std::uint64_t id);
/// `name (pid 123)` for messages.
std::string describe_process(std::uint64_t id);

/// Rises by one in the child at each fork(). A handle remembers it at open and compares before use. The first call in a
/// process may throw std::bad_alloc.
std::uint64_t fork_generation();
/// The descriptor is closed in every child that fork() makes from now on, until forgotten.
void close_in_child(int descriptor);
void forget_in_child(int descriptor) noexcept;

/// open(path, flags | O_CLOEXEC, 0600) and close_in_child() as one step, so that no fork() of another thread falls
/// between them. Throws `io`.
int open_closed_in_child(const std::string& path, int flags);
/// The counterpart: forgets and closes in one step. Requires: the descriptor was made in this process (a forked child's
/// copy is closed already, and its number may be someone else's).
void close_and_forget(int descriptor) noexcept;

}  // namespace strata::platform
