// Bodies that repeat their record's key, as those of edges do, are stored without it: LZ4 (lz4.org, block format) with
// the key as its dictionary.
#pragma once

#include <optional>

#include "strata/types.hpp"

namespace strata::codec {

/// Nothing when the body does not repeat the end of the key, or that would save less than an eighth.
std::optional<Bytes> compress_by_key(bytes_view key, bytes_view body);
/// `corruption` when it is damaged or does not have `size` bytes.
Bytes decompress_by_key(bytes_view key, bytes_view compressed, std::size_t size);

}  // namespace strata::codec
