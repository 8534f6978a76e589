#include "ingest/line_source.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "strata/error.hpp"

namespace strata::ingest {
namespace {

constexpr std::size_t fill_bytes = std::size_t{64} << 10;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

}  // namespace

bool LineSource::next(std::string_view& line) {
  const std::size_t bytes = line_bytes();
  if (bytes == 0) return false;
  line = line_of(bytes);
  take(bytes);
  ++point_.line;
  return true;
}

void LineSource::take(std::size_t bytes) {
  const auto* text = reinterpret_cast<const Bytef*>(buffer_.data() + begin_);
  point_.checksum = static_cast<std::uint32_t>(crc32_z(point_.checksum, text, bytes));
  point_.bytes += bytes;
  begin_ += bytes;
}

bool LineSource::next_bytes(std::size_t size, std::string_view& bytes) {
  while (filled_ - begin_ < size && !ended_) fill();
  const std::size_t there = std::min(size, filled_ - begin_);
  if (there == 0) return false;
  bytes = std::string_view(buffer_).substr(begin_, there);
  take(there);
  ++point_.line;
  return true;
}

bool LineSource::peek(std::string_view& line) {
  const std::size_t bytes = line_bytes();
  if (bytes == 0) return false;
  line = line_of(bytes);
  return true;
}

bool LineSource::skip_to(const SourcePoint& point) {
  while (point_.bytes < point.bytes) {
    if (begin_ == filled_) {
      if (ended_) return false;
      fill();
    }
    take(static_cast<std::size_t>(std::min<std::uint64_t>(point.bytes - point_.bytes, filled_ - begin_)));
  }
  point_.line = point.line;
  return point_ == point;
}

std::size_t LineSource::line_bytes() {
  std::size_t searched = begin_;
  while (true) {
    const void* end = searched < filled_ ? std::memchr(buffer_.data() + searched, '\n', filled_ - searched) : nullptr;
    if (end) return static_cast<std::size_t>(static_cast<const char*>(end) - buffer_.data()) + 1 - begin_;
    const std::size_t pending = filled_ - begin_;
    if (ended_) return pending;
    if (pending >= line_bytes_max) {
      throw Error(ErrorCode::limit_exceeded, name() + ":" + std::to_string(point_.line + 1) +
                                                 ": the line is longer than 64 MiB; is this really a file of lines?");
    }
    fill();
    searched = begin_ + pending;
  }
}

void LineSource::fill() {
  const bool first = point_.line == 0 && filled_ == 0;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, filled_ - begin_);
    filled_ -= begin_;
    begin_ = 0;
  }
  // Grows as bytes arrive, by doubling, so that a long line costs time in proportion to its length.
  if (buffer_.size() - filled_ < fill_bytes) buffer_.resize(std::max(buffer_.size() * 2, filled_ + fill_bytes));
  // A whole mark, or the end, before the first line is cut.
  do {
    const std::size_t got = bytes_->read(buffer_.data() + filled_, buffer_.size() - filled_);
    ended_ = got == 0;
    filled_ += got;
  } while (first && !ended_ && filled_ < byte_order_mark.size());
  if (first && std::string_view(buffer_).substr(0, filled_).starts_with(byte_order_mark))
    begin_ = byte_order_mark.size();
}

std::string_view LineSource::line_of(std::size_t bytes) const {
  std::string_view line = std::string_view(buffer_).substr(begin_, bytes);
  if (line.ends_with('\n')) line.remove_suffix(1);
  return line;
}

}  // namespace strata::ingest
