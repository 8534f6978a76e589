// Decompressed bytes out of a file or standard input. What the file is, its first bytes say, not its name: plain bytes,
// gzip, zstd or lz4, also several archives one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace strata::ingest {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Up to `size` bytes; 0 at the end alone. `invalid_argument` where an archive is damaged or cut short, `io`.
  virtual std::size_t read(char* out, std::size_t size) = 0;
  /// The path, or `standard input`.
  virtual const std::string& name() const = 0;
  /// Bytes read so far, as they are stored, and the size of the file; 0 where unknown.
  virtual std::uint64_t stored_bytes_read() const = 0;
  virtual std::uint64_t stored_bytes() const = 0;
};

/// `-` is standard input. `not_found`, `io`; `unsupported` for archives of other kinds and for UTF-16.
std::unique_ptr<ByteSource> open_bytes(const std::string& path);

}  // namespace strata::ingest
