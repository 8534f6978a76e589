#include "model/document.hpp"

#include <algorithm>
#include <array>

#include "codec/chunking.hpp"
#include "codec/head.hpp"
#include "codec/ordered.hpp"
#include "codec/value_utf8.hpp"
#include "commit/writer.hpp"
#include "model/document_release.hpp"
#include "model/own_collection.hpp"
#include "model/record.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

using commit::CollectionDefinition;

constexpr std::array<std::string_view, 4> own_members{"name", "size", "hash", "media_type"};
constexpr std::size_t beginning_bytes = 8192;

/// What a record says of its document.
Value metadata_of(std::string_view key, const Content& content, const DocumentOptions& options) {
  std::vector<std::pair<std::string, Value>> members;
  members.emplace_back("name", options.name.empty() ? Value(key) : Value(options.name));
  members.emplace_back("size", Value(content.size));
  members.emplace_back("hash", Value("xxh3:" + content.hash));
  members.emplace_back("media_type", Value(options.media_type));
  for (const auto& [name, value] : options.metadata.view()) members.emplace_back(std::string(name), Value(value));
  return Value::object(members);
}

DocumentDescription describe(const Content& content, Record record) {
  DocumentDescription out;
  out.key = record.key;
  out.name = record.value["name"].string_or(record.key);
  out.size = content.size;
  out.hash = "xxh3:" + content.hash;
  out.media_type = record.value["media_type"].string_or({});
  out.chunks = content.chunks();
  out.record = std::move(record);
  return out;
}

std::optional<Content> find_content(commit::Source& source, const CollectionDefinition& contents,
                                    std::string_view key) {
  const auto row = find_row(source, contents, key);
  if (!row) return std::nullopt;
  return decode_content(ValueView(row->body));
}

/// The collection will have documents.
const CollectionDefinition& documents_for_writing(commit::Transaction& transaction, std::string_view name) {
  const CollectionDefinition& found = transaction.collection_for_writing(name);
  if (found.documents) return found;
  CollectionDefinition definition = found;
  definition.documents = true;
  transaction.define(std::move(definition));
  return *transaction.collection(name);
}

commit::Write content_write(const CollectionDefinition& contents, std::string_view key, const Content& content) {
  commit::Write write;
  write.space = contents.records();
  write.key = key;
  write.body = encode_content(content);
  return write;
}

/// Puts the record, then hands over what is left of the content that was there for what `write` makes of it.
DocumentDescription put_with(commit::Transaction& transaction, std::string_view name, std::string_view key,
                             const Content& summary, const DocumentOptions& options,
                             const std::function<Content(std::optional<Content> old)>& write) {
  const CollectionDefinition& collection = documents_for_writing(transaction, name);
  const auto time_to_live = collection.options.time_to_live;
  const auto before = get_record(transaction, name, key);
  put_record(transaction, name, key, metadata_of(key, summary, options), {.if_version = options.if_version});
  const CollectionDefinition& contents =
      own_collection_for_writing(transaction, {.name = contents_name(name), .compressed = true});
  const auto there = find_row(transaction, contents, key);
  const Content content =
      write(there ? std::optional(decode_content(ValueView(there->body))) : std::optional<Content>());
  commit::Write row = content_write(contents, key, content);
  row.time_to_live = time_to_live;
  const bool same = there && !there->expires && !time_to_live && there->body == row.body;
  if (!same) transaction.write(std::move(row));
  auto record = get_record(transaction, name, key);
  if (!record) throw Error(ErrorCode::internal, "a record that has just been put is not there; report this");
  if (before) record->created = before->created;
  return describe(content, std::move(*record));
}

}  // namespace

void check_document(std::string_view collection, std::string_view key, const DocumentOptions& options) {
  if (is_own(collection)) {
    throw Error(ErrorCode::invalid_argument, "collection `" + std::string(collection) +
                                                 "`: names that begin with `.` are Strata's own and hold no documents");
  }
  commit::check_collection_name(collection);
  check_key(key);
  const ValueType type = options.metadata.type();
  if (type != ValueType::object && type != ValueType::null) {
    throw Error(ErrorCode::invalid_argument, document_words(collection, key) +
                                                 ": its metadata must be an object or null, not " +
                                                 std::string(to_string(type)));
  }
  for (const std::string_view member : own_members) {
    if (options.metadata[member].is_missing()) continue;
    throw Error(ErrorCode::invalid_argument, document_words(collection, key) + ": its metadata gives `" +
                                                 std::string(member) +
                                                 "`, which follows from the document; leave it out");
  }
}

CutContent cut_content(bytes_view content) {
  if (content.size() > document_bytes_max) {
    throw Error(ErrorCode::limit_exceeded, "a document has at most 1 TiB (document_bytes_max); split it");
  }
  CutContent out;
  out.bytes = content;
  out.hash = codec::hash128(content).to_string();
  if (content.size() <= inline_content_bytes_max) return out;
  for (bytes_view rest = content; !rest.empty();) {
    const bytes_view chunk = rest.substr(0, codec::first_chunk(rest));
    out.pieces.push_back({chunk, codec::hash128(chunk)});
    rest.remove_prefix(chunk.size());
  }
  return out;
}

std::string media_type_of(bytes_view beginning) {
  bytes_view text = beginning.substr(0, beginning_bytes);
  // The last character may have been torn.
  for (int torn = 0; torn < 4; ++torn) {
    if (codec::is_utf8(text)) return text.find('\0') == bytes_view::npos ? "text/plain" : "application/octet-stream";
    if (text.size() == beginning.size()) break;
    text.remove_suffix(1);
  }
  return "application/octet-stream";
}

DocumentDescription put_document(commit::Transaction& transaction, std::string_view collection, std::string_view key,
                                 const CutContent& content, const DocumentOptions& options) {
  DocumentOptions complete = options;
  if (complete.media_type.empty()) complete.media_type = media_type_of(content.bytes);
  Content summary;
  summary.size = content.bytes.size();
  summary.hash = content.hash;
  return put_with(transaction, collection, key, summary, complete, [&](std::optional<Content> old) {
    if (content.pieces.empty()) {
      if (old) release_content(transaction, *old);
      Content inside = summary;
      inside.bytes = content.bytes;
      return inside;
    }
    // Under the id of the old content, what both have in common is left alone; but an id whose parts are yet to be
    // released must not be used again.
    const bool continues = old && !old->parts.empty() && !is_released_later(transaction, *old);
    if (old && !continues) release_content(transaction, *old);
    Content fresh;
    fresh.id = continues ? old->id : content_id(transaction.make_key());
    ContentWriting writing(transaction, std::move(fresh), continues ? old->parts : std::vector<Part>());
    writing.add(content.pieces);
    Content written = writing.finish();
    written.hash = content.hash;
    return written;
  });
}

DocumentDescription put_document(commit::Transaction& transaction, std::string_view collection, std::string_view key,
                                 const Content& content, const DocumentOptions& options) {
  return put_with(transaction, collection, key, content, options, [&](std::optional<Content> old) {
    if (old) release_content(transaction, *old);
    return content;
  });
}

std::optional<Document> get_document(commit::Source& source, std::string_view collection, std::string_view key) {
  check_key(key);
  const CollectionDefinition* contents = source.collection(contents_name(collection));
  if (!contents) return std::nullopt;
  const auto row = find_row(source, *contents, key);
  if (!row || (row->expires && *row->expires <= source.now())) return std::nullopt;
  auto record = get_record(source, collection, key);
  if (!record) return std::nullopt;
  Document document;
  try {
    document.content = decode_content(ValueView(row->body));
  } catch (const Error& error) {
    throw Error(error.code(), document_words(collection, key) + ": " + error.what());
  }
  document.description = describe(document.content, std::move(*record));
  return document;
}

std::string document_words(std::string_view collection, std::string_view key) {
  return "document `" + std::string(key.substr(0, 240)) + "` of collection `" + std::string(collection) + "`";
}

void for_each_document(commit::Source& source, std::string_view collection, std::string_view prefix,
                       std::string_view from, const std::function<bool(const std::string& key)>& visit) {
  const CollectionDefinition* contents = source.collection(contents_name(collection));
  if (!contents) return;
  if (from > prefix && !from.starts_with(prefix)) return;
  const Bytes begin(std::max(prefix, from));
  const Bytes end = codec::prefix_end(prefix);
  const auto cursor = source.scan(contents->records(), {contents->records(), begin, end}, {});
  const commit::PendingWrites* own = source.pending(contents->records());
  std::vector<std::string> own_keys;
  std::set<std::string, std::less<>> own_erased;
  if (own) {
    for (auto one = own->lower_bound(begin); one != own->end() && one->first.starts_with(prefix); ++one) {
      if (one->second.kind == commit::Write::Kind::put)
        own_keys.push_back(one->first);
      else
        own_erased.insert(one->first);
    }
  }
  auto next_own = own_keys.begin();
  std::string key;
  while (cursor->next()) {
    key = cursor->key();
    for (; next_own != own_keys.end() && *next_own < key; ++next_own) {
      if (!visit(*next_own)) return;
    }
    if (next_own != own_keys.end() && *next_own == key) ++next_own;
    if (own_erased.contains(key)) continue;
    if (!visit(key)) return;
  }
  for (; next_own != own_keys.end(); ++next_own) {
    if (!visit(*next_own)) return;
  }
}

bool erase_document(commit::Transaction& transaction, std::string_view collection, std::string_view key) {
  if (!get_document(transaction, collection, key)) return false;
  erase_record(transaction, collection, key, {});
  return true;
}

DocumentStatistics document_statistics(commit::Source& source, std::string_view collection) {
  DocumentStatistics out;
  for_each_document(source, collection, {}, {}, [&](const std::string& key) {
    const CollectionDefinition* contents = source.collection(contents_name(collection));
    const auto row = find_row(source, *contents, key);
    if (!row || (row->expires && *row->expires <= source.now())) return true;
    const Content content = decode_content(ValueView(row->body));
    ++out.documents;
    out.bytes += content.size;
    return true;
  });
  const auto totals_of = [&](const CollectionDefinition& definition) {
    const auto row = source.view().reader().get({commit::totals_space, commit::totals_key(definition.records())});
    return row ? codec::decode_totals(*row) : codec::SpaceTotals();
  };
  if (const CollectionDefinition* chunks = source.collection(chunks_name)) {
    const codec::SpaceTotals totals = totals_of(*chunks);
    out.stored_bytes = totals.bytes;
    out.chunks = totals.rows;
    const auto lists = source.view().reader().scan({chunks->records(), "list-", "list."}, {.keys_only = true});
    while (lists->next()) --out.chunks;
  }
  for (const CollectionDefinition* released : released_collections(source.view().catalogue())) {
    const auto cursor = source.view().reader().scan({released->records(), {}, {}}, {});
    while (cursor->next())
      out.unreferenced +=
          decode_content(ValueView(decode_row(*released, cursor->key(), cursor->value()).body)).chunks();
  }
  return out;
}

void keep_document(commit::Transaction& transaction, const CollectionDefinition& collection, std::string_view key,
                   const PutOptions& options, bool existed) {
  const CollectionDefinition* contents = transaction.collection(contents_name(collection.name));
  if (!contents) return;
  const auto row = find_row(transaction, *contents, key);
  if (!row) return;
  if (!existed) {
    release_content(transaction, decode_content(ValueView(row->body)));
    return erase_row(transaction, *contents, key);
  }
  const auto time_to_live = options.time_to_live ? options.time_to_live : collection.options.time_to_live;
  if (!time_to_live && !row->expires) return;
  commit::Write write;
  write.space = contents->records();
  write.key = key;
  write.body = row->body;
  write.time_to_live = time_to_live;
  transaction.write(std::move(write));
}

void drop_document(commit::Transaction& transaction, const CollectionDefinition& collection, std::string_view key) {
  const CollectionDefinition* contents = transaction.collection(contents_name(collection.name));
  if (!contents) return;
  if (const auto content = find_content(transaction, *contents, key)) {
    release_content(transaction, *content);
    erase_row(transaction, *contents, key);
  }
}

}  // namespace strata::model
