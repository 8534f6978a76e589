// What the operating system refused, as strata::Error.
#pragma once

#include <string>
#include <string_view>

#include "strata/error.hpp"

namespace strata::platform {

/// `cannot OPERATION PATH: REASON; REMEDY`, code `io` unless another is given. `reason` is an errno.
Error os_error(std::string_view operation, const std::string& path, int reason, ErrorCode code = ErrorCode::io);

}  // namespace strata::platform
