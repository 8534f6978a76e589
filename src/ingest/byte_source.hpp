// Decompressed bytes out of a file or standard input.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "strata/types.hpp"

namespace strata::ingest {

/// Turns the bytes of one archive format into those that were put in.
class Decoder {
 public:
  virtual ~Decoder() = default;
  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    bool frame_ended = false;  ///< The archive may end here, or another one may follow.
  };
  /// Decodes from `input` into `output`. Error `invalid_argument` (without the file's name) for damaged input.
  virtual Step decode(bytes_view input, char* output, std::size_t output_bytes) = 0;
  virtual std::string_view name() const = 0;
};

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Up to `size` bytes; 0 at the end alone.
  virtual std::size_t read(char* out, std::size_t size) = 0;
  virtual std::uint64_t stored_bytes_read() const = 0;
  virtual std::uint64_t stored_bytes() const = 0;
  virtual const std::string& name() const = 0;
  virtual const std::string& path() const = 0;
};

/// `-` is standard input. `not_found`, `io`; `unsupported` for archives of other kinds (xz, bzip2, zip).
std::unique_ptr<ByteSource> open_bytes(const std::string& path);

}  // namespace strata::ingest
