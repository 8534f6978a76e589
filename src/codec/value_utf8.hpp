// Whether bytes are UTF-8 (RFC 3629: shortest forms only, no surrogates, nothing beyond U+10FFFF).
#pragma once

#include <string_view>

namespace strata::codec {

bool is_utf8(std::string_view text);

}  // namespace strata::codec
