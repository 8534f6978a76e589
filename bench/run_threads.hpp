// Threads that do the same work side by side.
#pragma once

#include <cstddef>
#include <functional>

#include "bench/run.hpp"

namespace strata::bench {

/// Runs `work(number)` in so many threads, begun together; what they measured, joined. Throws what one of them threw.
Run run_threads(std::size_t count, const std::function<Run(std::size_t number)>& work);

}  // namespace strata::bench
