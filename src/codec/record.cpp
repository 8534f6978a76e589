#include "codec/record.hpp"

#include <cstring>

#include "codec/key_echo.hpp"
#include "codec/varint.hpp"
#include "strata/error.hpp"

namespace strata::codec {
namespace {

constexpr unsigned char has_created = 1, has_expiry = 2, has_codec = 4, has_key_id = 8, known_flags = 15;
constexpr std::size_t checksum_bytes = 8;

std::uint64_t row_checksum(engine::Key key, bytes_view row) {
  char space[4];
  write_be(space, key.space.id, sizeof space);
  return hash64({bytes_view(space, sizeof space), key.bytes, row});
}

void append_le64(Bytes& out, std::uint64_t number) {
  char buffer[8];
  for (int i = 0; i < 8; ++i) buffer[i] = static_cast<char>(number >> (8 * i));
  out.append(buffer, sizeof buffer);
}

std::uint64_t read_le64(const char* at) {
  std::uint64_t number = 0;
  for (int i = 7; i >= 0; --i) number = number << 8 | static_cast<unsigned char>(at[i]);
  return number;
}

[[noreturn]] void damaged(const char* what) {
  throw Error(ErrorCode::corruption, std::string("a stored record is damaged (") + what + "); run `strata verify`");
}

/// A body as it is stored.
struct StoredBody {
  BodyCodec codec = BodyCodec::plain;
  Bytes bytes;  ///< Unless it is plain.
};

StoredBody compress(engine::Key key, bytes_view body, const Compression& compression) {
  std::optional<Bytes> compressed;
  BodyCodec codec = BodyCodec::plain;
  if (body.size() < compressed_body_bytes_min) {
    compressed = compress_by_key(key.bytes, body);
    codec = BodyCodec::by_key;
  } else if (compression.dictionary) {
    compressed = compression.dictionary->compress(body);
    codec = BodyCodec::zstd;
  } else if (compression.alone) {
    compressed = compress_alone(body);
    codec = BodyCodec::zstd_alone;
  }
  if (!compressed) return {};
  StoredBody stored{codec, {}};
  if (codec == BodyCodec::zstd) append_varint(stored.bytes, compression.dictionary->id());
  append_varint(stored.bytes, body.size());
  stored.bytes.append(*compressed);
  return stored;
}

Bytes decompressed(BodyCodec codec, bytes_view key, bytes_view stored) {
  if (codec == BodyCodec::zstd) {
    const std::uint64_t id = take_varint(stored);
    const std::uint64_t size = take_varint(stored);
    const Dictionary* dictionary = Dictionary::find(static_cast<std::uint32_t>(id));
    if (!dictionary) damaged("the catalogue lacks the dictionary that it was compressed with");
    return dictionary->decompress(stored, size);
  }
  const std::uint64_t size = take_varint(stored);
  return codec == BodyCodec::by_key ? decompress_by_key(key, stored, size) : decompress_alone(stored, size);
}

}  // namespace

Bytes encode_record(engine::Key key, const RecordHeader& header, bytes_view body, const Compression& compression) {
  Bytes row;
  row.reserve(body.size() + 48);
  const StoredBody stored = compress(key, body, compression);
  unsigned char flags = 0;
  if (header.created != header.updated) flags |= has_created;
  if (header.expires) flags |= has_expiry;
  if (stored.codec != BodyCodec::plain) flags |= has_codec;
  if (header.key_id != 0) flags |= has_key_id;
  row.push_back(static_cast<char>(flags));
  append_varint(row, header.version.value);
  append_varint(row, zigzag(header.updated.micros));
  if (flags & has_created) append_varint(row, zigzag(header.updated.micros - header.created.micros));
  if (flags & has_expiry) append_varint(row, zigzag(header.expires->micros));
  if (flags & has_codec) append_varint(row, static_cast<std::uint64_t>(stored.codec));
  if (flags & has_key_id) append_varint(row, header.key_id);
  row.append(stored.codec == BodyCodec::plain ? body : bytes_view(stored.bytes));
  append_le64(row, row_checksum(key, row));
  return row;
}

RecordRow decode_record(engine::Key key, bytes_view row) {
  if (row.size() < 3 + checksum_bytes) damaged("too short");
  const bytes_view covered = row.substr(0, row.size() - checksum_bytes);
  if (row_checksum(key, covered) != read_le64(row.data() + covered.size())) damaged("its checksum does not match");
  RecordRow out;
  bytes_view rest = covered;
  const auto flags = static_cast<unsigned char>(rest.front());
  rest.remove_prefix(1);
  if (flags & ~known_flags) {
    throw Error(ErrorCode::unsupported, "a stored record was written by a newer version of Strata; use that one");
  }
  out.header.version.value = take_varint(rest);
  out.header.updated.micros = unzigzag(take_varint(rest));
  out.header.created = out.header.updated;
  if (flags & has_created) out.header.created.micros = out.header.updated.micros - unzigzag(take_varint(rest));
  if (flags & has_expiry) out.header.expires = Time{unzigzag(take_varint(rest))};
  if (flags & has_codec) {
    const std::uint64_t codec = take_varint(rest);
    if (codec == 0 || codec > static_cast<std::uint64_t>(BodyCodec::by_key)) {
      throw Error(ErrorCode::unsupported, "a stored record uses an unknown codec; use a newer version of Strata");
    }
    out.header.codec = static_cast<BodyCodec>(codec);
  }
  if (flags & has_key_id) {
    throw Error(ErrorCode::unsupported, "a stored record is encrypted, which this version of Strata cannot read");
  }
  out.body = rest;
  if (out.header.codec != BodyCodec::plain) {
    out.decompressed = std::make_shared<const Bytes>(decompressed(out.header.codec, key.bytes, rest));
    out.body = *out.decompressed;
  }
  return out;
}

Version record_version(bytes_view row) {
  if (row.size() < 2) damaged("too short");
  row.remove_prefix(1);
  return Version{take_varint(row)};
}

Hash128 content_hash(bytes_view body, std::optional<Time> expires, std::uint64_t digest_key) {
  if (!expires) return hash128(body, digest_key);
  Bytes expiry;
  append_varint(expiry, zigzag(expires->micros));
  return hash128({body, expiry}, digest_key ^ 1);
}

Hash128 digest_term(engine::Key key, const Hash128& content, std::uint64_t digest_key) {
  char prefix[20];
  write_be(prefix, key.space.id, 4);
  std::memcpy(prefix + 4, &content.low, 8);
  std::memcpy(prefix + 12, &content.high, 8);
  return hash128({bytes_view(prefix, sizeof prefix), key.bytes}, digest_key);
}

}  // namespace strata::codec
