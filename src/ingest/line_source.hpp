// Lines out of a file or standard input, decompressed on the way. What the file is, its first bytes say, not its name:
// plain text, gzip, zstd or lz4, also several of them one after the other. Memory is bounded by the longest line.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/byte_source.hpp"

namespace strata::ingest {

/// Longest line, its end included. A longer one ends the reading: `limit_exceeded`.
inline constexpr std::size_t line_bytes_max = std::size_t{64} << 20;

/// A place between two lines, and a checksum of all text before it: the same place in the same text compares equal.
struct SourcePoint {
  std::uint64_t line = 0;      ///< Lines before it.
  std::uint64_t bytes = 0;     ///< Decompressed bytes before it.
  std::uint32_t checksum = 0;  ///< CRC-32 of them.
  friend bool operator==(const SourcePoint&, const SourcePoint&) = default;
};

class LineSource {
 public:
  /// `-` is standard input. `not_found`, `io`; `unsupported` for archives of other kinds.
  explicit LineSource(const std::string& path);
  ~LineSource();
  LineSource(const LineSource&) = delete;
  LineSource& operator=(const LineSource&) = delete;

  /// The next line without its `\n` (a `\r` before it stays); false at the end. The view lives until the next call.
  /// `invalid_argument` where the archive is damaged or cut short.
  bool next(std::string_view& line);
  /// Like next, but the line comes again.
  bool peek(std::string_view& line);
  /// Reads on to a place noted earlier. False when the text before it is not what it was then: the source is then of no
  /// further use.
  bool skip_to(const SourcePoint& point);

  /// Behind the line that next() gave last.
  SourcePoint point() const { return point_; }
  /// The path, or `standard input`.
  const std::string& name() const { return bytes_->name(); }
  const std::string& path() const { return bytes_->path(); }
  /// Bytes of the file read so far, as they are stored, and the file's size (0: unknown).
  std::uint64_t stored_bytes_read() const { return bytes_->stored_bytes_read(); }
  std::uint64_t stored_bytes() const { return bytes_->stored_bytes(); }

 private:
  bool fill();

  std::unique_ptr<ByteSource> bytes_;
  std::string buffer_;
  std::size_t begin_ = 0;     // of what next() has not given yet
  std::size_t searched_ = 0;  // no line end before it
  std::size_t peeked_ = 0;    // bytes of the peeked line, with its end
  bool ended_ = false;
  SourcePoint point_;
};

}  // namespace strata::ingest
