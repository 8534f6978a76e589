#include "codec/dictionary.hpp"

#include <zdict.h>
#include <zstd.h>

#include <map>
#include <mutex>
#include <shared_mutex>

#include "codec/hash.hpp"
#include "strata/error.hpp"

namespace strata::codec {
namespace {

constexpr int level = 3;
constexpr std::size_t samples_min = 100;
constexpr std::size_t decompressed_bytes_max = std::size_t{2} << 20;

struct CompressionEnd {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  void operator()(ZSTD_CDict* tables) const { ZSTD_freeCDict(tables); }
  void operator()(ZSTD_DDict* tables) const { ZSTD_freeDDict(tables); }
};

template <class Made>
Made* made(Made* pointer) {
  if (!pointer) throw std::bad_alloc();
  return pointer;
}

ZSTD_CCtx* compression() {
  thread_local const std::unique_ptr<ZSTD_CCtx, CompressionEnd> context(made(ZSTD_createCCtx()));
  return context.get();
}

ZSTD_DCtx* decompression() {
  thread_local const std::unique_ptr<ZSTD_DCtx, CompressionEnd> context(made(ZSTD_createDCtx()));
  return context.get();
}

/// All dictionaries that this process has met.
struct Known {
  std::shared_mutex mutex;
  std::map<std::uint32_t, std::shared_ptr<const Dictionary>> by_id;
};

Known& known() {
  static Known all;
  return all;
}

/// What `compress` makes of the body, unless it would save less than an eighth.
template <class Compress>
std::optional<Bytes> worth_keeping(bytes_view body, const Compress& compress) {
  Bytes out(ZSTD_compressBound(body.size()), '\0');
  const std::size_t size = compress(out);
  if (ZSTD_isError(size) || size > body.size() - body.size() / 8) return std::nullopt;
  out.resize(size);
  return out;
}

template <class Decompress>
Bytes decompressed(std::size_t size, const Decompress& decompress) {
  if (size > decompressed_bytes_max)
    throw Error(ErrorCode::corruption, "a compressed body claims to be larger than any can be; run `strata verify`");
  Bytes out(size, '\0');
  const std::size_t got = decompress(out);
  if (ZSTD_isError(got) || got != size)
    throw Error(ErrorCode::corruption, "a compressed body is damaged; run `strata verify`");
  return out;
}

}  // namespace

struct Dictionary::Tables {
  std::unique_ptr<ZSTD_CDict, CompressionEnd> to_compress;
  std::unique_ptr<ZSTD_DDict, CompressionEnd> to_decompress;
};

Dictionary::Dictionary(bytes_view bytes)
    : bytes_(bytes), id_(static_cast<std::uint32_t>(hash64(bytes))), tables_(std::make_unique<Tables>()) {
  tables_->to_compress.reset(made(ZSTD_createCDict(bytes_.data(), bytes_.size(), level)));
  tables_->to_decompress.reset(made(ZSTD_createDDict(bytes_.data(), bytes_.size())));
}

Dictionary::~Dictionary() = default;

std::shared_ptr<const Dictionary> Dictionary::train(const std::vector<Bytes>& samples) {
  if (samples.size() < samples_min) return nullptr;
  Bytes all;
  std::vector<std::size_t> sizes;
  for (const Bytes& sample : samples) {
    all += sample;
    sizes.push_back(sample.size());
  }
  Bytes bytes(dictionary_bytes, '\0');
  const std::size_t size =
      ZDICT_trainFromBuffer(bytes.data(), bytes.size(), all.data(), sizes.data(), static_cast<unsigned>(sizes.size()));
  if (ZDICT_isError(size)) return nullptr;
  bytes.resize(size);
  return of(bytes);
}

std::shared_ptr<const Dictionary> Dictionary::of(bytes_view bytes) {
  const auto id = static_cast<std::uint32_t>(hash64(bytes));
  Known& all = known();
  {
    const std::shared_lock lock(all.mutex);
    if (const auto found = all.by_id.find(id); found != all.by_id.end()) {
      if (found->second->bytes() == bytes) return found->second;
      throw Error(ErrorCode::unsupported,
                  "two dictionaries have the same number; open the two stores in processes of their own");
    }
  }
  struct Fresh : Dictionary {
    explicit Fresh(bytes_view content) : Dictionary(content) {}
  };
  std::shared_ptr<const Dictionary> fresh = std::make_shared<const Fresh>(bytes);
  const std::unique_lock lock(all.mutex);
  return all.by_id.emplace(id, std::move(fresh)).first->second;
}

const Dictionary* Dictionary::find(std::uint32_t id) {
  Known& all = known();
  const std::shared_lock lock(all.mutex);
  const auto found = all.by_id.find(id);
  return found == all.by_id.end() ? nullptr : found->second.get();
}

std::optional<Bytes> Dictionary::compress(bytes_view body) const {
  return worth_keeping(body, [&](Bytes& out) {
    return ZSTD_compress_usingCDict(compression(), out.data(), out.size(), body.data(), body.size(),
                                    tables_->to_compress.get());
  });
}

Bytes Dictionary::decompress(bytes_view compressed, std::size_t size) const {
  return decompressed(size, [&](Bytes& out) {
    return ZSTD_decompress_usingDDict(decompression(), out.data(), out.size(), compressed.data(), compressed.size(),
                                      tables_->to_decompress.get());
  });
}

std::optional<Bytes> compress_alone(bytes_view body) {
  return worth_keeping(body, [&](Bytes& out) {
    return ZSTD_compressCCtx(compression(), out.data(), out.size(), body.data(), body.size(), level);
  });
}

Bytes decompress_alone(bytes_view compressed, std::size_t size) {
  return decompressed(size, [&](Bytes& out) {
    return ZSTD_decompressDCtx(decompression(), out.data(), out.size(), compressed.data(), compressed.size());
  });
}

}  // namespace strata::codec
