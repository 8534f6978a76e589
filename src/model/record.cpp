#include "model/record.hpp"

#include "model/document.hpp"
#include "model/graph.hpp"
#include "model/vector_field.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

std::string shown(std::string_view key) {
  return "`" + std::string(key.substr(0, 80)) + (key.size() > 80 ? "...`" : "`");
}

/// Version as the caller sees it: a record that has expired is absent.
struct Present {
  Version version;
  bool exists = false;
};

Present find_present(commit::Source& source, const commit::CollectionDefinition& collection, std::string_view key) {
  if (const commit::PendingWrites* pending = source.pending(collection.records())) {
    if (const auto own = pending->find(key); own != pending->end()) {
      return {Version{}, own->second.kind == commit::Write::Kind::put};
    }
  }
  const auto row = source.get(collection.records(), key);
  if (!row) return {};
  const codec::RecordRow decoded = decode_row(collection, key, *row);
  if (is_expired(decoded.header, source.now())) return {};
  return {decoded.header.version, true};
}

void check_version(commit::Source& source, const commit::CollectionDefinition& collection, std::string_view key,
                   Version expected) {
  const Present present = find_present(source, collection, key);
  if (present.version == expected && present.exists == (expected != Version{})) return;
  const std::string found =
      present.exists ? "it has version " + std::to_string(present.version.value) : std::string("it does not exist");
  const std::string wanted =
      expected == Version{} ? std::string("to be absent") : "version " + std::to_string(expected.value);
  throw Error(ErrorCode::conflict, "record " + shown(key) + " of collection `" + collection.name + "` was expected " +
                                       (expected == Version{} ? wanted : "to have " + wanted) + ", but " + found +
                                       "; read it again");
}

}  // namespace

void check_key(std::string_view key) {
  if (key.empty()) throw Error(ErrorCode::invalid_argument, "a record's key is empty; give it 1 to 240 bytes");
  if (key.size() > user_key_bytes_max) {
    throw Error(ErrorCode::limit_exceeded,
                "key " + shown(key) + " has " + std::to_string(key.size()) +
                    " bytes, more than the 240 that a key may have (user_key_bytes_max); shorten or hash it");
  }
  if (key.find('\0') != std::string_view::npos) {
    throw Error(ErrorCode::invalid_argument,
                "key " + std::string(key.substr(0, key.find('\0'))) + "... has a zero byte; leave it out");
  }
  Value checks_utf8{key};
}

void check_body(std::string_view key, ValueView value) {
  if (value.is_missing())
    throw Error(ErrorCode::invalid_argument, "record " + shown(key) + " was given no value; give it null at least");
  if (value.encoded().size() > record_bytes_max) {
    throw Error(ErrorCode::limit_exceeded,
                "record " + shown(key) + " has " + std::to_string(value.encoded().size()) +
                    " bytes, more than the 1 MiB that a record may have (record_bytes_max); split it");
  }
}

codec::RecordRow decode_row(const commit::CollectionDefinition& collection, std::string_view key, bytes_view row) {
  try {
    return codec::decode_record({collection.records(), key}, row);
  } catch (const Error& error) {
    throw Error(error.code(), "record " + shown(key) + " of collection `" + collection.name + "`: " + error.what());
  }
}

bool is_expired(const codec::RecordHeader& header, Time now) { return header.expires && *header.expires <= now; }

Record make_record(std::string_view key, const codec::RecordRow& row) {
  Record record;
  record.key = key;
  record.value = Value(ValueView(row.body));
  record.version = row.header.version;
  record.created = row.header.created;
  record.updated = row.header.updated;
  record.expires = row.header.expires;
  return record;
}

Record make_record(const commit::Write& write, Time now) {
  Record record;
  record.key = write.key;
  record.value = Value(ValueView(write.body));
  record.created = write.created.value_or(now);
  record.updated = write.updated.value_or(now);
  record.expires = write.expires;
  if (write.time_to_live) record.expires = now + *write.time_to_live;
  return record;
}

filter::RecordView view_of(std::string_view key, const codec::RecordRow& row) {
  return {key, ValueView(row.body), row.header.version, row.header.created, row.header.updated, row.header.expires};
}

filter::RecordView view_of(const Record& record) {
  return {record.key, record.value.view(), record.version, record.created, record.updated, record.expires};
}

std::optional<Record> get_record(commit::Source& source, std::string_view name, std::string_view key) {
  const commit::CollectionDefinition* collection = source.collection(name);
  if (!collection) return std::nullopt;
  if (key.empty() || key.size() > user_key_bytes_max) check_key(key);
  if (const commit::PendingWrites* pending = source.pending(collection->records())) {
    if (const auto own = pending->find(key); own != pending->end()) {
      if (own->second.kind != commit::Write::Kind::put) return std::nullopt;
      return make_record(own->second, source.now());
    }
  }
  const auto row = source.get(collection->records(), key);
  if (!row) return std::nullopt;
  const codec::RecordRow decoded = decode_row(*collection, key, *row);
  if (is_expired(decoded.header, source.now())) return std::nullopt;
  return make_record(key, decoded);
}

bool has_record(commit::Source& source, std::string_view name, std::string_view key) {
  const commit::CollectionDefinition* collection = source.collection(name);
  return collection && find_present(source, *collection, key).exists;
}

void put_record(commit::Transaction& transaction, std::string_view name, std::string_view key, ValueView value,
                const PutOptions& options) {
  check_key(key);
  check_body(key, value);
  const commit::CollectionDefinition& collection = transaction.collection_for_writing(name);
  if (options.if_version) check_version(transaction, collection, key, *options.if_version);
  if (options.time_to_live && options.time_to_live->count() <= 0) {
    throw Error(ErrorCode::invalid_argument, "record " + shown(key) + ": its time to live must be greater than zero");
  }
  commit::Write write;
  write.space = collection.records();
  write.key = key;
  if (collection.vectors.empty() && !collection.documents) {
    write.body = value.encoded();
  } else {
    const bool exists = find_present(transaction, collection, key).exists;
    write.body = put_vectors(transaction, collection, key, value, options, exists).encoded();
    if (collection.documents) keep_document(transaction, collection, key, options, exists);
  }
  write.time_to_live = options.time_to_live;
  transaction.write(std::move(write));
}

bool erase_record(commit::Transaction& transaction, std::string_view name, std::string_view key,
                  const EraseOptions& options) {
  check_key(key);
  const commit::CollectionDefinition* collection = transaction.collection(name);
  if (!collection) {
    if (options.if_version && *options.if_version != Version{}) {
      throw Error(ErrorCode::conflict, "record " + shown(key) + ": there is no collection `" + std::string(name) + "`");
    }
    return false;
  }
  if (options.if_version) check_version(transaction, *collection, key, *options.if_version);
  const bool existed = find_present(transaction, *collection, key).exists;
  release_record(transaction, name, key, existed);
  commit::Write write;
  write.kind = commit::Write::Kind::erase;
  write.space = collection->records();
  write.key = key;
  if (!collection->vectors.empty()) erase_vectors(transaction, *collection, key);
  if (collection->documents) drop_document(transaction, *collection, key);
  transaction.write(std::move(write));
  return existed;
}

const commit::CollectionDefinition& require_collection(commit::Source& source, std::string_view name) {
  if (const commit::CollectionDefinition* found = source.collection(name)) return *found;
  throw Error(ErrorCode::not_found,
              "there is no collection `" + std::string(name) + "`; `strata info` lists those there are");
}

}  // namespace strata::model
