#include "codec/key_echo.hpp"

#include <lz4.h>

#include <algorithm>

#include "codec/dictionary.hpp"
#include "strata/error.hpp"

namespace strata::codec {
namespace {

/// So much of the key's end is looked for, which is quick, before anything is compressed.
constexpr std::size_t echo_bytes = 8;
constexpr std::size_t body_bytes_min = 32;

}  // namespace

std::optional<Bytes> compress_by_key(bytes_view key, bytes_view body) {
  if (key.size() < echo_bytes || body.size() < body_bytes_min) return std::nullopt;
  if (body.find(key.substr(key.size() - echo_bytes)) == bytes_view::npos) return std::nullopt;
  LZ4_stream_t stream;
  LZ4_initStream(&stream, sizeof stream);
  LZ4_loadDict(&stream, key.data(), static_cast<int>(key.size()));
  Bytes compressed(body.size() - body.size() / 8, '\0');
  const int size = LZ4_compress_fast_continue(&stream, body.data(), compressed.data(), static_cast<int>(body.size()),
                                              static_cast<int>(compressed.size()), 1);
  if (size <= 0) return std::nullopt;  // it would not fit
  compressed.resize(static_cast<std::size_t>(size));
  return compressed;
}

Bytes decompress_by_key(bytes_view key, bytes_view compressed, std::size_t size) {
  Bytes body(std::min(size, compressed_body_bytes_min), '\0');
  const int got =
      LZ4_decompress_safe_usingDict(compressed.data(), body.data(), static_cast<int>(compressed.size()),
                                    static_cast<int>(body.size()), key.data(), static_cast<int>(key.size()));
  if (got < 0 || static_cast<std::size_t>(got) != size) {
    throw Error(ErrorCode::corruption, "a stored record is damaged (its body does not unpack); run `strata verify`");
  }
  return body;
}

}  // namespace strata::codec
