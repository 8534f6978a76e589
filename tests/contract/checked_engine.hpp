// An engine around another one that holds its caller to the contract of engine.hpp, for tests.
//
// Every view is a copy that is overwritten with 0xDD as soon as the contract says that the view has ended, whatever the
// engine behind it happens to allow. A broken precondition fails the test and, outside destructors, throws
// std::logic_error. Values of a scan with `keys_only` are always empty.
#pragma once

#include <memory>

#include "strata/engine.hpp"

namespace strata::engine {

std::unique_ptr<Engine> make_checked(std::unique_ptr<Engine> engine);

}  // namespace strata::engine
