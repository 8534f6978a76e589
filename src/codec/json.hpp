// JSON text (RFC 8259) to and from encoded values.
#pragma once

#include <string>
#include <string_view>

#include "strata/types.hpp"
#include "strata/value.hpp"

namespace strata::codec {

/// Value::from_json, as bytes. A byte order mark before the text is passed over.
Bytes encode_json(std::string_view json);

void append_json(std::string& out, ValueView value);
void append_pretty_json(std::string& out, ValueView value);

}  // namespace strata::codec
