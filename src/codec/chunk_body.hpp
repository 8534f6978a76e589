// Bytes of a chunk as a value that JSON can show. Its one member says how they stand there:
//
//   {"text": T}     the bytes are UTF-8, these
//   {"latin1": T}   each byte is a character of T, U+0000 to U+00FF: compresses almost as the bytes themselves would
//   {"base64": T}   for what does not compress: compressed again it takes the space of the bytes, hardly more
#pragma once

#include <cstdint>

#include "strata/types.hpp"
#include "strata/value.hpp"

namespace strata::codec {

/// Appends the member's name and text, as MessagePack.
void append_chunk_member(Bytes& out, bytes_view content);
/// The value, as MessagePack.
Bytes encode_chunk(bytes_view content);
/// Whether an object has such a member.
bool holds_chunk(ValueView value);
/// Appends the bytes. `corruption` when the value holds none.
void decode_chunk(ValueView value, Bytes& out);

}  // namespace strata::codec
