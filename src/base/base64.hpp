// Base64 (RFC 4648, section 4): bytes as text, three in four characters, filled up with `=`.
#pragma once

#include <optional>

#include "strata/types.hpp"

namespace strata::base {

void append_base64(Bytes& out, bytes_view bytes);
/// Nothing unless the text is what append_base64() makes of some bytes.
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace strata::base
