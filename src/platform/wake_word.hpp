// The wake-up word: a futex word in a small shared file (`run/wake`), or in this process's memory.
#pragma once

#include <memory>
#include <string>

#include "strata/engine.hpp"

namespace strata::platform {

/// For engines on local files. The file is made when absent; when it cannot be mapped, or is deleted meanwhile, waiting
/// falls back to the caller's poll (wait() returns within 100 ms).
std::unique_ptr<engine::Wake> open_wake_word(const std::string& path);
/// For engines of one process.
std::unique_ptr<engine::Wake> make_local_wake_word();

/// For tests: while set, notify() of every word in this process does nothing.
void suppress_wake_ups(bool suppressed);

}  // namespace strata::platform
