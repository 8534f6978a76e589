// The archive formats that import reads, behind one call.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "strata/types.hpp"

namespace strata::ingest {

/// Turns one archive (gzip member, zstd frame, lz4 frame) back into what was packed.
class Decoder {
 public:
  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    bool ended = false;  ///< The archive is complete.
  };
  virtual ~Decoder() = default;
  /// Error `invalid_argument`, the reason alone, for damaged input.
  virtual Step decode(bytes_view input, char* out, std::size_t out_bytes) = 0;
  virtual std::string_view name() const = 0;
};

/// As many of a file's first bytes as decoder_for needs.
inline constexpr std::size_t magic_bytes = 6;

/// The decoder for an archive that begins with these bytes; none when they begin none. Error `unsupported`, the reason
/// and remedy alone, for kinds that are known and not read.
std::unique_ptr<Decoder> decoder_for(bytes_view first_bytes);

}  // namespace strata::ingest
