// The row of a record: a small header, the body, and a checksum over all of it and its place.
//
//   flags (1 byte) | version | updated | [updated - created] | [expiry] | [codec] | [key id] | body | XXH3-64, little
//   endian
//
// The numbers are varints; those in brackets are there when their flag is set. The checksum covers space, key, header
// and stored body, so a row that stands in the wrong place is noticed too.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "codec/dictionary.hpp"
#include "codec/hash.hpp"
#include "strata/engine.hpp"
#include "strata/types.hpp"

namespace strata::codec {

/// How the stored body is encoded. Readers refuse what they do not know.
enum class BodyCodec : std::uint8_t { plain = 0, zstd = 1, zstd_alone = 2, by_key = 3 };

struct RecordHeader {
  Version version;
  Time created;
  Time updated;
  std::optional<Time> expires;
  BodyCodec codec = BodyCodec::plain;
  std::uint64_t key_id = 0;  ///< Reserved for encryption; 0: none.
};

struct RecordRow {
  RecordHeader header;
  bytes_view body;                              ///< Into the row, or into
  std::shared_ptr<const Bytes> decompressed{};  ///< what was decompressed from it.
};

/// How bodies of a collection are compressed, those that gain by it.
struct Compression {
  const Dictionary* dictionary = nullptr;
  bool alone = false;  ///< While there is no dictionary, without one.
};

/// `header.codec` is not looked at.
Bytes encode_record(engine::Key key, const RecordHeader& header, bytes_view body, const Compression& compression = {});
/// `corruption` when the checksum or the form is wrong; `unsupported` for an unknown codec or a key id.
RecordRow decode_record(engine::Key key, bytes_view row);
/// The version alone, checksum not looked at.
Version record_version(bytes_view row);

/// What a record adds to the digest: hash over its place and the hash of its logical content (body and expiry, never
/// version or stored form), keyed per store.
Hash128 content_hash(bytes_view body, std::optional<Time> expires, std::uint64_t digest_key);
Hash128 digest_term(engine::Key key, const Hash128& content, std::uint64_t digest_key);

}  // namespace strata::codec
