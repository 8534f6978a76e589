#include "ingest/decoder.hpp"

#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <string>

#include "strata/error.hpp"

namespace strata::ingest {
namespace {

[[noreturn]] void refuse(std::string_view archive, std::string_view reason) {
  throw Error(ErrorCode::invalid_argument, "damaged " + std::string(archive) + " data (" + std::string(reason) + ")");
}

class GzipDecoder : public Decoder {
 public:
  GzipDecoder() {
    constexpr int gzip_window = 15 + 16;  // largest window, gzip header and trailer expected
    if (inflateInit2(&stream_, gzip_window) != Z_OK) throw Error(ErrorCode::internal, "zlib cannot be initialised");
  }
  ~GzipDecoder() override { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  Step decode(bytes_view input, char* out, std::size_t out_bytes) override {
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(input.data()));
    stream_.avail_in = static_cast<uInt>(std::min(input.size(), most));
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(std::min(out_bytes, most));
    const uInt in_before = stream_.avail_in;
    const uInt out_before = stream_.avail_out;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      refuse(name(), stream_.msg ? stream_.msg : "no gzip stream");
    }
    return {in_before - stream_.avail_in, out_before - stream_.avail_out, result == Z_STREAM_END};
  }
  std::string_view name() const override { return "gzip"; }

 private:
  z_stream stream_{};
};

class ZstdDecoder : public Decoder {
 public:
  ZstdDecoder() : stream_(ZSTD_createDStream(), ZSTD_freeDStream) {
    if (!stream_) throw Error(ErrorCode::internal, "zstd cannot be initialised");
  }
  Step decode(bytes_view input, char* out, std::size_t out_bytes) override {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer produced{out, out_bytes, 0};
    const std::size_t result = ZSTD_decompressStream(stream_.get(), &produced, &in);
    if (ZSTD_isError(result)) refuse(name(), ZSTD_getErrorName(result));
    return {in.pos, produced.pos, result == 0};
  }
  std::string_view name() const override { return "zstd"; }

 private:
  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
};

class Lz4Decoder : public Decoder {
 public:
  Lz4Decoder() {
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION))) {
      throw Error(ErrorCode::internal, "lz4 cannot be initialised");
    }
  }
  ~Lz4Decoder() override { LZ4F_freeDecompressionContext(context_); }
  Lz4Decoder(const Lz4Decoder&) = delete;
  Lz4Decoder& operator=(const Lz4Decoder&) = delete;

  Step decode(bytes_view input, char* out, std::size_t out_bytes) override {
    std::size_t consumed = input.size();
    std::size_t produced = out_bytes;
    const std::size_t result = LZ4F_decompress(context_, out, &produced, input.data(), &consumed, nullptr);
    if (LZ4F_isError(result)) refuse(name(), LZ4F_getErrorName(result));
    return {consumed, produced, result == 0};
  }
  std::string_view name() const override { return "lz4"; }

 private:
  LZ4F_dctx* context_ = nullptr;
};

bool is_skippable_frame(bytes_view bytes) {
  return bytes.size() >= 4 && (static_cast<unsigned char>(bytes[0]) & 0xF0u) == 0x50u &&
         bytes.substr(1, 3) == bytes_view("\x2a\x4d\x18", 3);
}

void refuse_other_kinds(bytes_view bytes) {
  struct Kind {
    bytes_view magic;
    const char* remedy;
  };
  static constexpr Kind kinds[] = {
      {bytes_view("\xfd"
                  "7zXZ\0",
                  6),
       "is an xz archive, which is not read here: unpack it first, as with xz -dc"},
      {bytes_view("BZh", 3), "is a bzip2 archive, which is not read here: unpack it first, as with bzip2 -dc"},
      {bytes_view("PK\x03\x04", 4), "is a zip archive, which is not read here: unpack it first, as with unzip -p"},
      {bytes_view("\x02\x21\x4c\x18", 4),
       "is an lz4 archive of the legacy format, which is not read here: unpack it first, as with lz4 -dc"},
      {bytes_view("\xff\xfe", 2), "is UTF-16 text: convert it to UTF-8 first, as with iconv -f UTF-16"},
      {bytes_view("\xfe\xff", 2), "is UTF-16 text: convert it to UTF-8 first, as with iconv -f UTF-16"},
  };
  for (const Kind& kind : kinds) {
    if (bytes.starts_with(kind.magic)) throw Error(ErrorCode::unsupported, kind.remedy);
  }
}

}  // namespace

std::unique_ptr<Decoder> decoder_for(bytes_view bytes) {
  refuse_other_kinds(bytes);
  if (bytes.starts_with(bytes_view("\x1f\x8b", 2))) return std::make_unique<GzipDecoder>();
  if (bytes.starts_with(bytes_view("\x28\xb5\x2f\xfd", 4))) return std::make_unique<ZstdDecoder>();
  if (bytes.starts_with(bytes_view("\x04\x22\x4d\x18", 4))) return std::make_unique<Lz4Decoder>();
  // zstd and lz4 share these; whichever skips them, the next frame names its own kind.
  if (is_skippable_frame(bytes)) return std::make_unique<ZstdDecoder>();
  return nullptr;
}

}  // namespace strata::ingest
