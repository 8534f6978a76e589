// Records of a collection as a source shows them: own writes over what is stored, what has expired left out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/record.hpp"
#include "commit/source.hpp"
#include "commit/transaction.hpp"
#include "filter/filter.hpp"
#include "strata/collection.hpp"

namespace strata::model {

/// `invalid_argument` or `limit_exceeded` unless the key is 1 to 240 bytes of UTF-8 without zero bytes.
void check_key(std::string_view key);
/// `invalid_argument` or `limit_exceeded` unless the value can be a record's.
void check_body(std::string_view key, ValueView value);

/// Decodes a stored row; errors name collection and key.
codec::RecordRow decode_row(const commit::CollectionDefinition& collection, std::string_view key, bytes_view row);
bool is_expired(const codec::RecordHeader& header, Time now);

Record make_record(std::string_view key, const codec::RecordRow& row);
/// A record that the source's own transaction wrote.
Record make_record(const commit::Write& write, Time now);
filter::RecordView view_of(std::string_view key, const codec::RecordRow& row);
filter::RecordView view_of(const Record& record);

std::optional<Record> get_record(commit::Source& source, std::string_view collection, std::string_view key);
/// Whether get_record() would find it.
bool has_record(commit::Source& source, std::string_view collection, std::string_view key);

void put_record(commit::Transaction& transaction, std::string_view collection, std::string_view key, ValueView value,
                const PutOptions& options);
bool erase_record(commit::Transaction& transaction, std::string_view collection, std::string_view key,
                  const EraseOptions& options);

/// The declaration, or `not_found`.
const commit::CollectionDefinition& require_collection(commit::Source& source, std::string_view name);

}  // namespace strata::model
