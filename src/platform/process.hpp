// Who we are, who is alive, and whether we are a forked child.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace strata::platform {

std::uint64_t process_id();
/// Inode of the pid namespace: equal numbers mean that process ids are comparable.
std::uint64_t pid_namespace();
/// Start time of a process of this pid namespace in clock ticks since boot, so that a reused id is told apart; nothing if there is none.
std::optional<std::uint64_t> process_start(std::uint64_t id);
/// `name (pid 123)` for messages.
std::string describe_process(std::uint64_t id);

/// Rises by one in the child at each fork(). A handle remembers it at open and compares before use.
std::uint64_t fork_generation() noexcept;
/// The descriptor is closed in every child that fork() makes from now on, until forgotten.
void close_in_child(int descriptor);
void forget_in_child(int descriptor) noexcept;

}  // namespace strata::platform
