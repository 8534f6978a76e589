// Lines out of a file or standard input, decompressed on the way. Memory is bounded by the longest line.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/byte_source.hpp"

namespace strata::ingest {

/// Longest line, its end included. A longer one ends the reading: `limit_exceeded`.
inline constexpr std::size_t line_bytes_max = std::size_t{64} << 20;

/// A place between two lines, with a checksum of all text before it: equal points, equal text.
struct SourcePoint {
  std::uint64_t line = 0;      ///< Lines before it.
  std::uint64_t bytes = 0;     ///< Decompressed bytes before it.
  std::uint32_t checksum = 0;  ///< CRC-32 of them.
  friend bool operator==(const SourcePoint&, const SourcePoint&) = default;
};

class LineSource {
 public:
  /// A path, or `-` for standard input. Errors as open_bytes.
  explicit LineSource(const std::string& path) : LineSource(open_bytes(path)) {}
  explicit LineSource(std::unique_ptr<ByteSource> bytes) : bytes_(std::move(bytes)) {}

  /// The next line without its `\n` (a `\r` before it stays, a byte order mark at the very start does not); false at
  /// the end. The view lives until the next call. Errors as ByteSource::read.
  bool next(std::string_view& line);
  /// The line that next() will give.
  bool peek(std::string_view& line);
  /// The next `size` bytes, fewer at the end, whatever they are: for files that are not of lines, where each call
  /// counts as a line. False at the end. The view lives until the next call.
  bool next_bytes(std::size_t size, std::string_view& bytes);
  /// Reads on to a place noted earlier. False when the text before it is not what it was then; the source is then of no
  /// further use.
  bool skip_to(const SourcePoint& point);

  /// The place behind the line that next() gave last.
  const SourcePoint& point() const { return point_; }
  const std::string& name() const { return bytes_->name(); }
  std::uint64_t stored_bytes_read() const { return bytes_->stored_bytes_read(); }
  std::uint64_t stored_bytes() const { return bytes_->stored_bytes(); }

 private:
  /// Bytes of the line at begin_, its end included; 0 at the end of the source.
  std::size_t line_bytes();
  void fill();
  void take(std::size_t bytes);
  std::string_view line_of(std::size_t bytes) const;

  std::unique_ptr<ByteSource> bytes_;
  std::string buffer_;
  std::size_t begin_ = 0;   ///< Of the line that comes next, within buffer_.
  std::size_t filled_ = 0;  ///< End of what has been read.
  bool ended_ = false;
  SourcePoint point_;
};

}  // namespace strata::ingest
