// One environment per directory in a process, shared by all handles on it: LMDB forbids a second one.
#pragma once

#include <memory>

#include "engine/lmdb/environment.hpp"

namespace strata::engine {

/// Gives the share back; the last one closes the environment.
struct EnvironmentRelease {
  void operator()(Environment* environment) const noexcept;
};
using EnvironmentShare = std::unique_ptr<Environment, EnvironmentRelease>;

/// The environment of the directory, opened unless this process has it open already (device and inode decide).
EnvironmentShare share_environment(const OpenRequest& request, const EnvironmentOptions& options);

}  // namespace strata::engine
