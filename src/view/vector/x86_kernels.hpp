// The kernels for x86-64 with AVX2, AVX-512 and its instructions for 8-bit products.
#pragma once

#include <vector>

#include "view/vector/kernels.hpp"

namespace strata::view {

/// Those that this processor can run, the fastest last. None on other machines.
std::vector<const Kernels*> x86_kernels();

}  // namespace strata::view
