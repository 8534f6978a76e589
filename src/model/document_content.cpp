#include "model/document_content.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "codec/chunk_body.hpp"
#include "codec/chunking.hpp"
#include "codec/message_pack.hpp"
#include "model/document_release.hpp"
#include "model/own_collection.hpp"
#include "model/record.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

using commit::CollectionDefinition;

/// Chunks that are looked up at once.
constexpr std::size_t group_chunks = 128;

void append_parts(Bytes& out, const std::vector<Part>& parts) {
  codec::append_array_head(out, parts.size());
  for (const Part& part : parts) {
    codec::append_array_head(out, part.level == 0 ? 2 : 4);
    codec::append_string(out, part.key);
    codec::append_uint(out, part.size);
    if (part.level == 0) continue;
    codec::append_uint(out, part.chunks);
    codec::append_uint(out, part.level);
  }
}

std::vector<Part> decode_parts(ValueView array) {
  std::vector<Part> parts;
  parts.reserve(array.size());
  for (const auto& [unused, entry] : array) {
    Part part;
    part.key = entry[std::size_t{0}].as_string();
    part.size = entry[1].as_uint();
    if (entry.size() > 2) {
      part.chunks = entry[2].as_uint();
      part.level = static_cast<unsigned>(entry[3].as_uint());
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

[[noreturn]] void damaged(const char* what) {
  throw Error(ErrorCode::corruption, std::string(what) + "; run `strata verify`");
}

/// The row of a content with one chunk need not name it.
bool is_its_only_chunk(const Content& content) {
  return content.parts.size() == 1 && content.parts.front().level == 0 && content.parts.front().key == content.hash;
}

/// The key of the n-th different thing with the same hash.
std::string numbered(const std::string& key, unsigned number) {
  return number == 0 ? key : key + "-" + std::to_string(number);
}

void put_row(commit::Transaction& transaction, const CollectionDefinition& collection, Bytes key, Bytes body) {
  commit::Write write;
  write.space = collection.records();
  write.key = std::move(key);
  write.body = std::move(body);
  transaction.write(std::move(write));
}

void put_use(commit::Transaction& transaction, const CollectionDefinition& uses, std::string_view part,
             std::string_view user) {
  put_row(transaction, uses, use_key(part, user), Bytes(codec::encoded_null));
}

bool is_chunk_of(ValueView value, bytes_view bytes) {
  Bytes there;
  codec::decode_chunk(value, there);
  return there == bytes;
}

}  // namespace

std::string contents_name(std::string_view collection) { return ".document/" + std::string(collection); }

std::uint64_t Content::chunks() const {
  std::uint64_t sum = 0;
  for (const Part& part : parts) sum += part.chunks;
  return sum;
}

Bytes encode_content(const Content& content) {
  const bool names_parts = !content.parts.empty() && !is_its_only_chunk(content);
  Bytes out;
  codec::append_object_head(out, 2 + (content.id.empty() ? 0 : 1) + (names_parts ? 1 : 0) + (content.bytes ? 1 : 0));
  codec::append_string(out, "size");
  codec::append_uint(out, content.size);
  codec::append_string(out, "hash");
  codec::append_string(out, content.hash);
  if (!content.id.empty()) {
    codec::append_string(out, "id");
    codec::append_string(out, content.id);
  }
  if (names_parts) {
    codec::append_string(out, "parts");
    append_parts(out, content.parts);
  }
  if (content.bytes) codec::append_chunk_member(out, *content.bytes);
  return out;
}

Content decode_content(ValueView value) {
  const ValueView size = value["size"], hash = value["hash"];
  if (size.type() != ValueType::integer || hash.type() != ValueType::string)
    damaged("the row of a document lacks size or hash");
  Content content;
  content.size = size.as_uint();
  content.hash = hash.as_string();
  content.id = value["id"].string_or({});
  if (codec::holds_chunk(value)) {
    content.bytes.emplace();
    codec::decode_chunk(value, *content.bytes);
  } else if (const ValueView parts = value["parts"]) {
    content.parts = decode_parts(parts);
  } else if (content.size > 0) {
    content.parts.push_back({content.hash, content.size, 1, 0});
  }
  if (content.parts.empty() != content.id.empty()) damaged("the row of a document has parts without id, or none");
  return content;
}

PartList decode_list(ValueView value) {
  const ValueView parts = value["parts"];
  if (parts.type() != ValueType::array) damaged("a list of chunks holds none");
  return {std::string(value["id"].string_or({})), decode_parts(parts)};
}

std::string list_hash(const std::vector<Part>& parts) {
  Bytes body;
  append_parts(body, parts);
  return "list-" + codec::hash128(body).to_string();
}

std::optional<ContentRow> find_row(commit::Source& source, const CollectionDefinition& collection,
                                   std::string_view key) {
  if (const commit::PendingWrites* pending = source.pending(collection.records())) {
    if (const auto own = pending->find(key); own != pending->end()) {
      if (own->second.kind != commit::Write::Kind::put) return std::nullopt;
      return ContentRow{own->second.body, make_record(own->second, source.now()).expires};
    }
  }
  const auto row = source.get(collection.records(), key);
  if (!row) return std::nullopt;
  const codec::RecordRow decoded = decode_row(collection, key, *row);
  return ContentRow{Bytes(decoded.body), decoded.header.expires};
}

void erase_row(commit::Transaction& transaction, const CollectionDefinition& collection, std::string_view key) {
  commit::Write write;
  write.kind = commit::Write::Kind::erase;
  write.space = collection.records();
  write.key = key;
  transaction.write(std::move(write));
}

Bytes use_key(std::string_view part, std::string_view user) {
  Bytes key(part);
  key.push_back('/');
  key.append(user);
  return key;
}

std::string content_id(const Uuid& id) {
  Bytes out;
  base::append_base64(out, id.view());
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  out.resize(22);
  return out;
}

ContentWriting::ContentWriting(commit::Transaction& transaction, Content content, const std::vector<Part>& held)
    : transaction_(transaction),
      content_(std::move(content)),
      before_(held),
      chunks_(&own_collection_for_writing(transaction, {.name = chunks_name, .compressed = true})),
      uses_(&own_collection_for_writing(transaction, {.name = chunk_uses_name})) {
  own_collection_for_writing(transaction, {.name = released_name, .compressed = true});
  for (const Part& part : held) held_.insert(part.key);
}

void ContentWriting::add(std::span<const Piece> pieces) {
  for (std::size_t at = 0; at < pieces.size(); at += group_chunks)
    add_group(pieces.subspan(at, std::min(group_chunks, pieces.size() - at)));
}

/// Those that are there already are found in one go.
void ContentWriting::add_group(std::span<const Piece> pieces) {
  std::vector<std::string> names;
  std::vector<engine::Key> keys;
  names.reserve(pieces.size());
  for (const Piece& piece : pieces) names.push_back(piece.hash.to_string());
  for (const std::string& name : names) keys.push_back({chunks_->records(), name});
  enum class Found { none, same, other };
  std::vector<Found> found(pieces.size(), Found::none);
  transaction_.get_many(keys, [&](std::size_t at, std::optional<bytes_view> row) {
    if (!row) return;
    const codec::RecordRow decoded = decode_row(*chunks_, names[at], *row);
    found[at] = is_chunk_of(ValueView(decoded.body), pieces[at].bytes) ? Found::same : Found::other;
  });
  for (std::size_t at = 0; at < pieces.size(); ++at) {
    const commit::PendingWrites* own = transaction_.pending(chunks_->records());
    const bool written = own && own->find(names[at]) != own->end();
    if (found[at] == Found::none && !written) {
      put_row(transaction_, *chunks_, names[at], codec::encode_chunk(pieces[at].bytes));
    } else if (found[at] != Found::same || written) {
      names[at] = put_chunk(pieces[at]);
    }
    add_part({names[at], pieces[at].bytes.size(), 1, 0});
    content_.size += pieces[at].bytes.size();
  }
}

/// The key under which the chunk is, or has been put: that of its hash, unless other bytes have the same.
std::string ContentWriting::put_chunk(const Piece& piece) {
  const std::string hash = piece.hash.to_string();
  for (unsigned number = 0;; ++number) {
    std::string key = numbered(hash, number);
    const auto row = find_row(transaction_, *chunks_, key);
    if (row && !is_chunk_of(ValueView(row->body), piece.bytes)) continue;
    if (!row) put_row(transaction_, *chunks_, key, codec::encode_chunk(piece.bytes));
    return key;
  }
}

/// Puts the part behind the others. When that completes a run of its level, a list takes the run's place, and so on.
void ContentWriting::add_part(Part part) {
  std::vector<Part>& parts = content_.parts;
  for (;;) {
    const unsigned level = part.level;
    const codec::Hash128 hash = codec::hash128(part.key);
    parts.push_back(std::move(part));
    const auto run = std::find_if(parts.rbegin(), parts.rend(), [&](const Part& one) { return one.level != level; });
    const auto entries = static_cast<std::size_t>(run - parts.rbegin());
    if (!codec::ends_list(hash, entries)) return;
    std::vector<Part> gathered(run.base(), parts.end());
    parts.erase(run.base(), parts.end());
    part = gather(std::move(gathered));
  }
}

/// The list of the parts, which is there already or is written.
Part ContentWriting::gather(std::vector<Part> parts) {
  Part list;
  list.chunks = 0;
  list.level = parts.front().level + 1;
  for (const Part& part : parts) list.size += part.size, list.chunks += part.chunks;
  Bytes body;
  append_parts(body, parts);
  const std::string hash = list_hash(parts);
  for (unsigned number = 0;; ++number) {
    list.key = numbered(hash, number);
    const auto row = find_row(transaction_, *chunks_, list.key);
    if (!row) break;
    Bytes there;
    append_parts(there, decode_list(ValueView(row->body)).parts);
    if (there == body) return list;
  }
  const std::string id = content_id(transaction_.make_key());
  for (const Part& part : parts) put_use(transaction_, *uses_, part.key, id);
  Bytes value;
  codec::append_object_head(value, 2);
  codec::append_string(value, "id");
  codec::append_string(value, id);
  codec::append_string(value, "parts");
  value.append(body);
  put_row(transaction_, *chunks_, list.key, std::move(value));
  return list;
}

Content ContentWriting::finish() {
  std::set<std::string_view> now;
  for (const Part& part : content_.parts) {
    if (now.insert(part.key).second && !held_.contains(part.key)) put_use(transaction_, *uses_, part.key, content_.id);
  }
  std::vector<Part> gone;
  for (const Part& part : before_) {
    if (!now.contains(part.key)) gone.push_back(part);
  }
  release_parts(transaction_, gone, content_.id);
  return std::move(content_);
}

}  // namespace strata::model
