#include "codec/log_entry.hpp"

#include "codec/dictionary.hpp"
#include "codec/varint.hpp"
#include "strata/error.hpp"

namespace strata::codec {
namespace {

constexpr unsigned char entry_format = 1;
/// In front of a compressed chunk: neither a format nor an operation.
constexpr unsigned char compressed_mark = 0xC0;
/// Smaller ones are not worth the time. The keys of a few dozen changes begin alike.
constexpr std::size_t compressed_bytes_min = 1024;

[[noreturn]] void damaged(const char* what) {
  throw Error(ErrorCode::corruption, std::string("a log entry is damaged (") + what + "); run `strata verify`");
}

void append_text(Bytes& out, bytes_view text) {
  append_varint(out, text.size());
  out.append(text);
}

bytes_view take_text(bytes_view& in) {
  const std::uint64_t size = take_varint(in);
  if (size > in.size()) damaged("a key is cut short");
  const bytes_view text = in.substr(0, size);
  in.remove_prefix(size);
  return text;
}

void append_change(Bytes& out, const Change& change) {
  out.push_back(static_cast<char>(change.operation));
  append_be32(out, change.space.id);
  append_text(out, change.key);
  if (change.operation == Operation::erase) return;
  if (change.operation != Operation::put) {
    append_text(out, change.end_key);
    append_varint(out, change.count);
  }
  append_hash(out, change.content);
}

Change take_change(bytes_view& in) {
  if (in.empty()) damaged("a change is missing");
  Change change;
  const auto operation = static_cast<unsigned char>(in.front());
  in.remove_prefix(1);
  if (operation > static_cast<unsigned char>(Operation::drop)) damaged("an unknown operation");
  change.operation = static_cast<Operation>(operation);
  change.space.id = take_be32(in);
  change.key = take_text(in);
  if (change.operation == Operation::erase) return change;
  if (change.operation != Operation::put) {
    change.end_key = take_text(in);
    change.count = take_varint(in);
  }
  change.content = take_hash(in);
  return change;
}

void compress(Bytes& chunk) {
  if (chunk.size() < compressed_bytes_min) return;
  const auto compressed = compress_alone(chunk);
  if (!compressed) return;
  Bytes stored(1, static_cast<char>(compressed_mark));
  append_varint(stored, chunk.size());
  stored.append(*compressed);
  chunk = std::move(stored);
}

/// The chunk as it was, in `keep` when it has to be decompressed.
bytes_view decompressed(bytes_view chunk, Bytes& keep) {
  if (chunk.empty() || static_cast<unsigned char>(chunk.front()) != compressed_mark) return chunk;
  chunk.remove_prefix(1);
  const std::uint64_t size = take_varint(chunk);
  if (size > log_chunk_bytes_max) damaged("a part is too long");
  keep = decompress_alone(chunk, size);
  return keep;
}

}  // namespace

Hash128 chain_after(const Hash128& before, const Entry& entry) {
  Bytes parts;
  append_hash(parts, before);
  append_be64(parts, entry.position.value);
  append_be64(parts, static_cast<std::uint64_t>(entry.time.micros));
  parts.append(entry.id.view());
  append_text(parts, entry.origin);
  Bytes one;
  for (const Change& change : entry.changes) {
    one.clear();
    append_change(one, change);
    append_hash(parts, hash128(one));
  }
  return hash128(parts);
}

Bytes log_key(Position position, std::uint16_t chunk) {
  Bytes key;
  append_be64(key, position.value);
  append_be16(key, chunk);
  return key;
}

Position log_position(bytes_view key) {
  if (key.size() != 10) damaged("its key has the wrong length");
  return Position{read_be64(key.data())};
}

std::uint16_t log_chunk(bytes_view key) {
  if (key.size() != 10) damaged("its key has the wrong length");
  return read_be16(key.data() + 8);
}

std::vector<Bytes> encode_entry(const Entry& entry) {
  std::vector<Bytes> chunks(1);
  Bytes* chunk = &chunks.back();
  chunk->push_back(static_cast<char>(entry_format));
  append_be64(*chunk, static_cast<std::uint64_t>(entry.time.micros));
  chunk->append(entry.id.view());
  append_text(*chunk, entry.origin);
  append_hash(*chunk, entry.chain);
  append_varint(*chunk, entry.changes.size());
  Bytes one;
  for (const Change& change : entry.changes) {
    one.clear();
    append_change(one, change);
    if (chunk->size() + one.size() + 8 > log_chunk_bytes_max) chunk = &chunks.emplace_back();
    chunk->append(one);
  }
  for (Bytes& part : chunks) {
    compress(part);
    append_be64(part, hash64(part));
  }
  return chunks;
}

bool EntryDecoder::add(bytes_view key, bytes_view row) {
  if (row.size() < 8 || hash64(row.substr(0, row.size() - 8)) != read_be64(row.data() + row.size() - 8)) {
    damaged("its checksum does not match");
  }
  Bytes keep;
  bytes_view in = decompressed(row.substr(0, row.size() - 8), keep);
  const Position position = log_position(key);
  const std::uint16_t chunk = log_chunk(key);
  if (!open_) {
    if (chunk != 0) damaged("its first part is missing");
    if (in.empty() || static_cast<unsigned char>(in.front()) != entry_format) {
      throw Error(ErrorCode::unsupported, "a log entry has an unknown format; use a newer version of Strata");
    }
    in.remove_prefix(1);
    entry = Entry{};
    entry.position = position;
    entry.time.micros = static_cast<std::int64_t>(take_be64(in));
    if (in.size() < entry.id.bytes.size()) damaged("too short");
    for (auto& byte : entry.id.bytes) {
      byte = static_cast<std::uint8_t>(in.front());
      in.remove_prefix(1);
    }
    entry.origin = take_text(in);
    entry.chain = take_hash(in);
    changes_expected_ = take_varint(in);
    next_chunk_ = 0;
    open_ = true;
  } else if (position != entry.position || chunk != next_chunk_) {
    damaged("a part is missing");
  }
  ++next_chunk_;
  while (!in.empty()) {
    if (entry.changes.size() == changes_expected_) damaged("more changes than announced");
    entry.changes.push_back(take_change(in));
  }
  if (entry.changes.size() < changes_expected_) return false;
  open_ = false;
  return true;
}

}  // namespace strata::codec
