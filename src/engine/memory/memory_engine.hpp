// `memory:` keeps everything in this process and forgets it at close. It is the model that other engines are compared
// with. Each open makes an engine of its own.
#pragma once

namespace strata::engine {

/// Makes `memory:` known to open_engine.
void register_memory_engine();

}  // namespace strata::engine
