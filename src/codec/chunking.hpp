// Where content is cut into chunks: at places that follow from the content itself, so that the same stretch of bytes
// gives the same chunks in another document, and behind a change soon again.
//
// FastCDC (Xia et al., "FastCDC: a Fast and Efficient Content-Defined Chunking Approach", USENIX ATC 2016): a gear hash
// runs over the bytes, and a chunk ends where the hash has zeros in the bits of a mask. Before the average size the
// mask has more bits than after it (normalised chunking), so that sizes lie close to the average. Then a cut that would
// tear a UTF-8 sequence moves before it: a chunk of text is text.
//
// For ever: other cuts would end the sharing between what was stored before and after.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/hash.hpp"
#include "strata/types.hpp"

namespace strata::codec {

inline constexpr std::size_t chunk_bytes_min = std::size_t{8} << 10;  ///< Less 3, where the cut moved; the last: 1.
inline constexpr std::size_t chunk_bytes_average = std::size_t{32} << 10;
inline constexpr std::size_t chunk_bytes_max = std::size_t{128} << 10;
/// What has to be known of the content to find the end of its first chunk, unless it ends before.
inline constexpr std::size_t chunk_lookahead_bytes = chunk_bytes_max + 1;

/// Bytes of the first chunk. Requires: `content` is not empty, and is the whole rest or has chunk_lookahead_bytes.
std::size_t first_chunk(bytes_view content);

/// Lists of chunks, and lists of lists, end by the same idea: between 16 and 128 entries, 64 or so.
inline constexpr std::size_t list_entries_min = 16;
inline constexpr std::size_t list_entries_max = 128;
/// Whether a list ends with its entry number `entries` (from 1), which has this hash.
bool ends_list(const Hash128& hash, std::size_t entries);

}  // namespace strata::codec
