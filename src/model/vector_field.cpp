#include "model/vector_field.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/half.hpp"
#include "codec/message_pack.hpp"
#include "codec/varint.hpp"
#include "filter/path.hpp"
#include "model/lexical_embedding.hpp"
#include "model/own_collection.hpp"
#include "model/record.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

using commit::CollectionDefinition;

constexpr std::size_t fields_max = 16;
constexpr float i8_max = 127;

[[noreturn]] void refuse(const VectorOptions& options, std::string_view key, const std::string& why) {
  throw Error(
      ErrorCode::invalid_argument,
      "vector `" + options.field + "`" + (key.empty() ? "" : " of record `" + std::string(key) + "`") + ": " + why);
}

void check_elements(const VectorOptions& options, std::string_view key, std::span<const float> vector) {
  if (vector.size() != options.dimension) {
    refuse(options, key,
           "it has " + std::to_string(vector.size()) + " elements, the field is declared with " +
               std::to_string(options.dimension));
  }
  for (std::size_t i = 0; i < vector.size(); ++i) {
    if (!std::isfinite(vector[i])) refuse(options, key, "element " + std::to_string(i) + " is not a finite number");
  }
  if (options.metric != Metric::cosine) return;
  double norm = 0;
  for (const float element : vector) norm += static_cast<double>(element) * element;
  if (norm == 0) refuse(options, key, "all elements are zero, and zero has no direction to compare (cosine)");
}

void append_float(Bytes& out, float element) {
  char bytes[5] = {'\xca'};
  codec::write_be(bytes + 1, std::bit_cast<std::uint32_t>(element), 4);
  out.append(bytes, sizeof bytes);
}

Value encode_floats(std::span<const float> vector) {
  Bytes bytes;
  bytes.reserve(5 + 5 * vector.size());
  codec::append_array_head(bytes, vector.size());
  for (const float element : vector) append_float(bytes, element);
  return Value(ValueView(bytes));
}

Value encode_halves(const VectorOptions& options, std::string_view key, std::span<const float> vector) {
  std::vector<float> rounded;
  rounded.reserve(vector.size());
  for (const float element : vector) {
    rounded.push_back(base::from_half(base::to_half(element)));
    if (!std::isfinite(rounded.back())) {
      refuse(options, key, "an element is too large for f16, which reaches to 65504; declare the field as f32");
    }
  }
  check_elements(options, key, rounded);
  return encode_floats(rounded);
}

Value encode_i8(std::span<const float> vector) {
  float largest = 0;
  for (const float element : vector) largest = std::max(largest, std::fabs(element));
  const float scale = largest / i8_max;
  Bytes bytes;
  codec::append_object_head(bytes, 2);
  codec::append_string(bytes, "scale");
  append_float(bytes, scale);
  codec::append_string(bytes, "values");
  codec::append_array_head(bytes, vector.size());
  for (const float element : vector) {
    const float units = scale > 0 ? std::clamp(std::round(element / scale), -i8_max, i8_max) : 0;
    codec::append_int(bytes, static_cast<std::int64_t>(units));
  }
  return Value(ValueView(bytes));
}

[[noreturn]] void fail(const VectorOptions& options, std::string_view key) {
  throw Error(ErrorCode::corruption, "vector `" + options.field + "` of record `" + std::string(key) +
                                         "`: what is stored is no such vector; run `strata verify`");
}

constexpr int none = 1'000;

/// The integer that one byte of MessagePack holds, or none.
int small_integer(char byte) {
  const auto content = static_cast<unsigned char>(byte);
  return content <= 0x7f || content >= 0xe0 ? static_cast<signed char>(byte) : none;
}

/// The elements of an encoded array of numbers, each times `scale`.
void append_elements(const VectorOptions& options, std::string_view key, ValueView array, float scale,
                     std::vector<float>& out) {
  if (array.type() != ValueType::array || array.size() != options.dimension) fail(options, key);
  bytes_view in = array.encoded();
  in.remove_prefix(codec::read_token(in).head_bytes);
  for (std::size_t i = 0; i < options.dimension; ++i) {
    if (in.size() >= 5 && in[0] == '\xca') {
      out.push_back(std::bit_cast<float>(codec::read_be32(in.data() + 1)) * scale);
      in.remove_prefix(5);
      continue;
    }
    if (const int small = in.empty() ? none : small_integer(in[0]); small != none) {
      out.push_back(static_cast<float>(small) * scale);
      in.remove_prefix(1);
      continue;
    }
    if (in.size() >= 2 && in[0] == '\xd0') {
      out.push_back(static_cast<float>(static_cast<signed char>(in[1])) * scale);
      in.remove_prefix(2);
      continue;
    }
    const ValueType type = in.empty() ? ValueType::missing : codec::shape_of(in[0]).type;
    if (type != ValueType::integer && type != ValueType::number) fail(options, key);
    out.push_back(static_cast<float>(codec::read_number(in).as_double()) * scale);
    in.remove_prefix(codec::value_bytes(in));
  }
}

constexpr std::string_view lexical = "lexical";

/// The text that an embedder reads.
std::string text_of(const VectorOptions& options, ValueView value) {
  std::string text;
  const auto take = [&](ValueView found) {
    if (found.type() == ValueType::string) {
      if (!text.empty()) text += '\n';
      text += found.as_string();
    }
  };
  for (const std::string& source : options.sources) {
    filter::Path::parse_index_field(source).any(value, [&](ValueView found) {
      take(found);
      if (found.type() == ValueType::array) {
        for (const auto& [unused, element] : found) take(element);
      }
      return false;
    });
  }
  return text;
}

/// What a value that is put says of a vector.
struct Wish {
  enum class Kind { keep, erase, put } kind = Kind::keep;
  Value vector;
};

Wish wish_of(const VectorOptions& options, std::string_view key, ValueView value) {
  const ValueView given = value.type() == ValueType::object ? value.at(options.field) : ValueView();
  if (given.is_missing() && !options.embedder.empty()) {
    const auto made = embed(options, text_of(options, value));
    if (!made) return {Wish::Kind::erase, {}};
    return {Wish::Kind::put, encode_vector(options, key, *made)};
  }
  if (given.is_missing()) return {};
  if (given.type() == ValueType::null) return {Wish::Kind::erase, {}};
  return {Wish::Kind::put, encode_vector(options, key, vector_of(options, key, given))};
}

commit::Write erasure(const CollectionDefinition& vectors, std::string_view key) {
  commit::Write write;
  write.kind = commit::Write::Kind::erase;
  write.space = vectors.records();
  write.key = key;
  return write;
}

/// The field's own collection. Requires: the field is declared.
const CollectionDefinition& vectors_of(commit::Source& source, std::string_view collection,
                                       const VectorOptions& options) {
  const CollectionDefinition* found = source.collection(vector_collection_name(collection, options.field));
  if (found) return *found;
  throw Error(ErrorCode::corruption, "vector field `" + options.field + "` of collection `" + std::string(collection) +
                                         "` is declared, but there is no place for its vectors; run `strata verify`");
}

}  // namespace

std::string vector_collection_name(std::string_view collection, std::string_view field) {
  return ".vector/" + std::string(collection) + "/" + std::string(field);
}

void check_vector_options(std::string_view collection, const VectorOptions& options) {
  const filter::Path path = filter::Path::parse_index_field(options.field);
  const bool names = std::all_of(path.steps().begin(), path.steps().end(), [](const filter::PathStep& step) {
    return step.kind == filter::PathStep::Kind::member;
  });
  const bool rooted = names && !path.steps().empty() && path.steps().front().name == "$";
  if (options.field.empty() || !names || rooted || !path.in_body())
    refuse(options, {}, "a vector field is a member of the value, such as `embedding` or `a.b`");
  if (vector_collection_name(collection, options.field).size() > user_key_bytes_max) {
    throw Error(ErrorCode::limit_exceeded, "the names of collection `" + std::string(collection) +
                                               "` and vector field `" + options.field +
                                               "` have more than 231 bytes together; shorten one");
  }
  if (options.dimension == 0 || options.dimension > vector_dimension_max) {
    refuse(options, {},
           "its dimension must be 1 to " + std::to_string(vector_dimension_max) + ", not " +
               std::to_string(options.dimension));
  }
  if (!options.embedder.empty() && options.embedder != lexical)
    refuse(options, {}, "the embedder `" + options.embedder + "` is not known; there is `lexical`");
  if (options.embedder.empty() != options.sources.empty() || options.sources.size() > 8)
    refuse(options, {}, "an embedder reads 1 to 8 fields of text, and without one none are named");
  for (const std::string& source : options.sources) {
    if (!filter::Path::parse_index_field(source).in_body())
      refuse(options, {}, "`" + source + "` is a time, not text in the value");
  }
  if (options.connections < 4 || options.connections > 64)
    refuse(options, {}, "connections must be 4 to 64, not " + std::to_string(options.connections));
  if (options.ef_construction < 8 || options.ef_construction > 1000)
    refuse(options, {}, "ef_construction must be 8 to 1000, not " + std::to_string(options.ef_construction));
}

std::optional<std::vector<float>> embed(const VectorOptions& options, std::string_view text) {
  if (options.embedder != lexical) {
    throw Error(ErrorCode::invalid_argument, "vector field `" + options.field +
                                                 "` has no embedder, so give a vector instead of words; or declare a "
                                                 "field with the embedder `lexical`");
  }
  auto vector = embed_lexically(text, options.dimension);
  const bool nothing = std::all_of(vector.begin(), vector.end(), [](float element) { return element == 0; });
  return nothing ? std::nullopt : std::optional(std::move(vector));
}

Value encode_vector(const VectorOptions& options, std::string_view key, std::span<const float> vector) {
  check_elements(options, key, vector);
  switch (options.type) {
    case ElementType::f32:
      return encode_floats(vector);
    case ElementType::f16:
      return encode_halves(options, key, vector);
    case ElementType::i8:
      break;
  }
  return encode_i8(vector);
}

void decode_vector(const VectorOptions& options, std::string_view key, ValueView stored, std::vector<float>& out) {
  if (stored.type() == ValueType::array) return append_elements(options, key, stored, 1, out);
  const ValueView scale = stored["scale"];
  if (scale.type() != ValueType::number && scale.type() != ValueType::integer) fail(options, key);
  append_elements(options, key, stored["values"], static_cast<float>(scale.as_double()), out);
}

std::vector<float> vector_of(const VectorOptions& options, std::string_view key, ValueView array) {
  if (array.type() != ValueType::array) {
    refuse(options, key,
           "an array of " + std::to_string(options.dimension) + " numbers is expected, not " +
               std::string(to_string(array.type())));
  }
  std::vector<float> out;
  out.reserve(array.size());
  for (const auto& [unused, element] : array) {
    if (element.type() != ValueType::integer && element.type() != ValueType::number) {
      refuse(options, key,
             "element " + std::to_string(out.size()) + " is no number but " + std::string(to_string(element.type())));
    }
    out.push_back(static_cast<float>(element.as_double()));
  }
  return out;
}

Value put_vectors(commit::Transaction& transaction, const CollectionDefinition& collection, std::string_view key,
                  ValueView value, const PutOptions& options, bool record_exists) {
  Value rest(value);
  const auto time_to_live = options.time_to_live ? options.time_to_live : collection.options.time_to_live;
  for (const VectorOptions& field : collection.vectors) {
    Wish wish = wish_of(field, key, value);
    if (wish.kind != Wish::Kind::keep) rest.erase(field.field);
    const CollectionDefinition& vectors = vectors_of(transaction, collection.name, field);
    const auto stored = get_record(transaction, vectors.name, key);
    if (wish.kind == Wish::Kind::erase || (wish.kind == Wish::Kind::keep && stored && !record_exists)) {
      if (stored) transaction.write(erasure(vectors, key));
      continue;
    }
    if (wish.kind == Wish::Kind::keep && !stored) continue;
    // A vector that goes with its record at a time to come has to be told of the record's new time.
    const bool same_end = !time_to_live && (!stored || !stored->expires);
    if (wish.kind == Wish::Kind::keep) wish.vector = stored->value;
    if (stored && same_end && wish.vector.encoded() == stored->value.encoded()) continue;
    commit::Write write;
    write.space = vectors.records();
    write.key = key;
    write.body = wish.vector.encoded();
    write.time_to_live = time_to_live;
    transaction.write(std::move(write));
  }
  return rest;
}

void erase_vectors(commit::Transaction& transaction, const CollectionDefinition& collection, std::string_view key) {
  for (const VectorOptions& field : collection.vectors)
    transaction.write(erasure(vectors_of(transaction, collection.name, field), key));
}

void put_vector(commit::Transaction& transaction, std::string_view name, std::string_view key, std::string_view field,
                std::span<const float> vector) {
  const CollectionDefinition& collection = require_collection(transaction, name);
  const VectorOptions options = require_vector(collection, field);
  const Value body = encode_vector(options, key, vector);
  const auto record = get_record(transaction, name, key);
  if (!record) {
    throw Error(ErrorCode::not_found, "collection `" + std::string(name) + "` has no record `" + std::string(key) +
                                          "` that the vector could belong to; put it first, or with it");
  }
  const CollectionDefinition& vectors = vectors_of(transaction, name, options);
  const auto stored = get_record(transaction, vectors.name, key);
  if (stored && stored->value.encoded() == body.encoded()) return;
  commit::Write write;
  write.space = vectors.records();
  write.key = key;
  write.body = body.encoded();
  write.expires = record->expires;
  transaction.write(std::move(write));
}

bool erase_vector(commit::Transaction& transaction, std::string_view name, std::string_view key,
                  std::string_view field) {
  const CollectionDefinition& collection = require_collection(transaction, name);
  const CollectionDefinition& vectors = vectors_of(transaction, name, require_vector(collection, field));
  if (!get_record(transaction, vectors.name, key)) return false;
  transaction.write(erasure(vectors, key));
  return true;
}

std::optional<std::vector<float>> get_vector(commit::Source& source, std::string_view name, std::string_view key,
                                             std::string_view field) {
  const CollectionDefinition& collection = require_collection(source, name);
  const VectorOptions& options = require_vector(collection, field);
  const auto stored = get_record(source, vectors_of(source, name, options).name, key);
  if (!stored || !get_record(source, name, key)) return std::nullopt;
  std::vector<float> out;
  out.reserve(options.dimension);
  decode_vector(options, key, stored->value, out);
  return out;
}

const VectorOptions& require_vector(const CollectionDefinition& collection, std::string_view field) {
  if (field.empty() && collection.vectors.size() == 1) return collection.vectors.front();
  if (const VectorOptions* found = collection.vector(field)) return *found;
  if (field.empty()) {
    throw Error(ErrorCode::invalid_argument,
                collection.vectors.empty()
                    ? "collection `" + collection.name + "` has no vector field; `strata vector create` makes one"
                    : "collection `" + collection.name + "` has several vector fields; name one");
  }
  throw Error(ErrorCode::not_found, "collection `" + collection.name + "` has no vector field `" + std::string(field) +
                                        "`; `strata vector list` names those there are");
}

const TextOptions& require_text(const CollectionDefinition& collection, std::string_view name) {
  if (name.empty() && collection.texts.size() == 1) return collection.texts.front();
  if (const TextOptions* found = collection.text(name)) return *found;
  if (name.empty()) {
    throw Error(ErrorCode::invalid_argument,
                collection.texts.empty()
                    ? "collection `" + collection.name + "` has no text field; `strata text create` makes one"
                    : "collection `" + collection.name + "` has several text fields; name one");
  }
  throw Error(ErrorCode::not_found, "collection `" + collection.name + "` has no text field `" + std::string(name) +
                                        "`; `strata text list` names those there are");
}

bool declare_vector(commit::Transaction& transaction, std::string_view name, const VectorOptions& options) {
  check_vector_options(name, options);
  CollectionDefinition definition = transaction.collection_for_writing(name);
  const auto there = std::find_if(definition.vectors.begin(), definition.vectors.end(),
                                  [&](const VectorOptions& one) { return one.field == options.field; });
  if (there == definition.vectors.end()) {
    if (definition.vectors.size() >= fields_max) {
      throw Error(ErrorCode::limit_exceeded,
                  "collection `" + definition.name + "` has 16 vector fields already; drop one first");
    }
    own_collection_for_writing(transaction, {vector_collection_name(name, options.field), {}});
    definition.vectors.push_back(options);
  } else {
    if (*there == options) return false;
    if (there->dimension != options.dimension || there->metric != options.metric || there->type != options.type) {
      throw Error(ErrorCode::already_exists,
                  "vector field `" + options.field + "` of collection `" + definition.name + "` is declared as " +
                      std::to_string(there->dimension) + " x " + std::string(to_string(there->type)) + ", " +
                      std::string(to_string(there->metric)) +
                      "; declare a second field for the new vectors, which then replaces this one "
                      "(`strata vector replace`)");
    }
    *there = options;
  }
  transaction.define(std::move(definition));
  return true;
}

bool drop_vector(commit::Transaction& transaction, std::string_view name, std::string_view field) {
  const CollectionDefinition* found = transaction.collection(name);
  if (!found || !found->vector(field)) return false;
  CollectionDefinition definition = *found;
  const std::string vectors = vector_collection_name(name, field);
  commit::Write drop;
  drop.kind = commit::Write::Kind::drop;
  drop.space = vectors_of(transaction, name, *definition.vector(field)).records();
  transaction.write(std::move(drop));
  transaction.forget_definition(vectors);
  std::erase_if(definition.vectors, [&](const VectorOptions& one) { return one.field == field; });
  transaction.define(std::move(definition));
  return true;
}

void replace_vector(commit::Transaction& transaction, std::string_view name, std::string_view field,
                    std::string_view by) {
  const CollectionDefinition* found = transaction.collection(name);
  if (!found) throw Error(ErrorCode::not_found, "there is no collection `" + std::string(name) + "`");
  if (field == by)
    throw Error(ErrorCode::invalid_argument, "vector field `" + std::string(field) + "` cannot replace itself");
  CollectionDefinition definition = *found;
  require_vector(definition, field);
  VectorOptions options = require_vector(definition, by);
  CollectionDefinition vectors = vectors_of(transaction, name, options);
  transaction.forget_definition(vectors.name);
  commit::Write drop;
  drop.kind = commit::Write::Kind::drop;
  drop.space = vectors_of(transaction, name, *definition.vector(field)).records();
  transaction.write(std::move(drop));
  vectors.name = vector_collection_name(name, field);
  transaction.define(std::move(vectors));
  options.field = field;
  std::erase_if(definition.vectors, [&](const VectorOptions& one) { return one.field == by; });
  *std::find_if(definition.vectors.begin(), definition.vectors.end(),
                [&](const VectorOptions& one) { return one.field == field; }) = std::move(options);
  transaction.define(std::move(definition));
}

TextOptions checked(const TextOptions& options) {
  if (options.fields.empty() || options.fields.size() > 8) {
    throw Error(ErrorCode::invalid_argument,
                "a text field covers 1 to 8 paths, not " + std::to_string(options.fields.size()));
  }
  TextOptions out = options;
  std::string name;
  for (const std::string& field : options.fields) {
    if (!filter::Path::parse_index_field(field).in_body()) {
      throw Error(ErrorCode::invalid_argument, "text field `" + field + "`: it is a time, not text in the value");
    }
    if (!name.empty()) name += ',';
    name += field;
  }
  if (out.name.empty()) out.name = name;
  check_name("text field", out.name);
  return out;
}

bool declare_text(commit::Transaction& transaction, std::string_view name, const TextOptions& options) {
  CollectionDefinition definition = transaction.collection_for_writing(name);
  if (const TextOptions* there = definition.text(options.name)) {
    if (*there == options) return false;
    throw Error(ErrorCode::already_exists, "collection `" + definition.name + "` has another text field named `" +
                                               options.name + "`; drop it first, or choose a name");
  }
  if (definition.texts.size() >= fields_max) {
    throw Error(ErrorCode::limit_exceeded,
                "collection `" + definition.name + "` has 16 text fields already; drop one first");
  }
  definition.texts.push_back(options);
  transaction.define(std::move(definition));
  return true;
}

bool drop_text(commit::Transaction& transaction, std::string_view name, std::string_view text) {
  const CollectionDefinition* found = transaction.collection(name);
  if (!found || !found->text(text)) return false;
  CollectionDefinition definition = *found;
  std::erase_if(definition.texts, [&](const TextOptions& one) { return one.name == text; });
  transaction.define(std::move(definition));
  return true;
}

VectorMove move_vectors(commit::Transaction& transaction, std::string_view name, const VectorOptions& options,
                        std::string_view from, std::size_t limit) {
  VectorMove move;
  const CollectionDefinition* collection = transaction.collection(name);
  if (!collection || !collection->vector(options.field)) return move;
  std::vector<std::pair<Record, bool>> found;  // whether it holds a vector
  {
    Bytes begin(from);
    if (!begin.empty()) begin.push_back('\0');
    const auto cursor = transaction.scan(collection->records(), {collection->records(), begin, {}}, {.limit = limit});
    while (move.records < limit && cursor->next()) {
      ++move.records;
      move.reached = cursor->key();
      const codec::RecordRow row = decode_row(*collection, cursor->key(), cursor->value());
      if (is_expired(row.header, transaction.now())) continue;
      const ValueView body(row.body);
      const bool holds = body.type() == ValueType::object && !body.at(options.field).is_missing();
      if (holds || !options.embedder.empty()) found.emplace_back(make_record(cursor->key(), row), holds);
    }
  }
  for (const auto& [record, holds] : found) {
    if (!holds) {
      if (const auto made = embed(options, text_of(options, record.value)))
        put_vector(transaction, name, record.key, options.field, *made);
      continue;
    }
    PutOptions put;
    if (record.expires) put.time_to_live = std::chrono::microseconds(record.expires->micros - transaction.now().micros);
    commit::Write write;
    write.space = collection->records();
    write.key = record.key;
    write.body = put_vectors(transaction, *collection, record.key, record.value, put, true).encoded();
    // What it says has not changed: its times stay.
    write.created = record.created;
    write.updated = record.updated;
    write.expires = record.expires;
    transaction.write(std::move(write));
    ++move.moved;
  }
  return move;
}

void check_vectors(commit::Source& source, std::string_view name, const VectorOptions& options) {
  const CollectionDefinition* collection = source.collection(name);
  if (!collection) return;
  const auto cursor = source.scan(collection->records(), {collection->records(), {}, {}}, {});
  while (cursor->next()) {
    const codec::RecordRow row = decode_row(*collection, cursor->key(), cursor->value());
    if (!is_expired(row.header, source.now())) wish_of(options, cursor->key(), ValueView(row.body));
  }
}

}  // namespace strata::model
