// Waiting until a descriptor can be read or written.
#pragma once

#include "platform/clock.hpp"

namespace strata::platform {

struct DescriptorEvents {
  bool readable = false;
  bool writable = false;
};

/// Returns when one of the events wanted has come, or at the deadline; what has come. An error of the descriptor counts
/// as both: the next read or write tells of it.
DescriptorEvents wait_for_descriptor(int descriptor, DescriptorEvents wanted, SteadyTime deadline);

}  // namespace strata::platform
