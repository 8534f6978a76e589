// Vector fields: the vectors of the records of a collection, apart from the records.
//
// The vectors of field F of collection C are the records of a collection of the store's own, `.vector/C/F`, under the
// same keys: an array of numbers, or {scale, values} where elements are stored in 8 bits. So they are logged, digested,
// copied and dumped like all records, have versions of their own, and expire with their records.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commit/source.hpp"
#include "commit/transaction.hpp"
#include "strata/collection.hpp"
#include "strata/search.hpp"

namespace strata::model {

std::string vector_collection_name(std::string_view collection, std::string_view field);

/// `invalid_argument` or `limit_exceeded` unless it can be declared.
void check_vector_options(std::string_view collection, const VectorOptions& options);

/// A vector as it is stored. `invalid_argument`, naming the record: wrong length, an element that is not finite or too
/// large for the element type, only zeros where the metric is the cosine.
Value encode_vector(const VectorOptions& options, std::string_view key, std::span<const float> vector);
/// Appends to `out`. `corruption` when it is no vector of that field.
void decode_vector(const VectorOptions& options, std::string_view key, ValueView stored, std::vector<float>& out);
/// The elements of an array of numbers. `invalid_argument`, naming the record.
std::vector<float> vector_of(const VectorOptions& options, std::string_view key, ValueView array);

/// What the field's embedder makes of a text; nothing when it makes nothing of it. `invalid_argument` when the field
/// has no embedder.
std::optional<std::vector<float>> embed(const VectorOptions& options, std::string_view text);

/// Takes the vectors out of a record that is to be put, and writes what becomes of those stored; gives back the value
/// without them. Requires: the collection has vector fields.
Value put_vectors(commit::Transaction& transaction, const commit::CollectionDefinition& collection,
                  std::string_view key, ValueView value, const PutOptions& options, bool record_exists);
/// Erases the vectors of a record.
void erase_vectors(commit::Transaction& transaction, const commit::CollectionDefinition& collection,
                   std::string_view key);
/// `not_found` unless there is such a record and field.
void put_vector(commit::Transaction& transaction, std::string_view collection, std::string_view key,
                std::string_view field, std::span<const float> vector);
bool erase_vector(commit::Transaction& transaction, std::string_view collection, std::string_view key,
                  std::string_view field);

/// The vector; nothing when the record has none. `not_found` when there is no such field.
std::optional<std::vector<float>> get_vector(commit::Source& source, std::string_view collection, std::string_view key,
                                             std::string_view field);

/// The declaration, or `not_found`. An empty name stands for the only one there is.
const VectorOptions& require_vector(const commit::CollectionDefinition& collection, std::string_view field);
const TextOptions& require_text(const commit::CollectionDefinition& collection, std::string_view name);

/// True when it is new, or its index was changed. `already_exists` when the field is declared with another dimension,
/// metric or type.
bool declare_vector(commit::Transaction& transaction, std::string_view collection, const VectorOptions& options);
/// With all its vectors. False when there was none.
bool drop_vector(commit::Transaction& transaction, std::string_view collection, std::string_view field);

/// `field` becomes what `by` is, with its vectors and its index; `by` is no more. `not_found`, `invalid_argument`.
void replace_vector(commit::Transaction& transaction, std::string_view collection, std::string_view field,
                    std::string_view by);

/// Checks and completes: the name from the fields. `invalid_argument`.
TextOptions checked(const TextOptions& options);
bool declare_text(commit::Transaction& transaction, std::string_view collection, const TextOptions& options);
bool drop_text(commit::Transaction& transaction, std::string_view collection, std::string_view name);

/// Moves the vectors that records after key `from` hold into the field, and embeds what is to be embedded; at most
/// `limit` records are looked at. The last key looked at; nothing when there were no more.
struct VectorMove {
  std::optional<std::string> reached;
  std::uint64_t records = 0;
  std::uint64_t moved = 0;
};
VectorMove move_vectors(commit::Transaction& transaction, std::string_view collection, const VectorOptions& options,
                        std::string_view from, std::size_t limit);
/// `invalid_argument`, naming it, when a record has something else than such a vector there.
void check_vectors(commit::Source& source, std::string_view collection, const VectorOptions& options);

}  // namespace strata::model
