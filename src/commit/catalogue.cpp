#include "commit/catalogue.hpp"

#include "codec/record.hpp"
#include "commit/search_options.hpp"
#include "strata/error.hpp"

namespace strata::commit {
namespace {

std::optional<std::chrono::microseconds> duration_at(ValueView body, std::string_view name) {
  const ValueView found = body[name];
  if (!found) return std::nullopt;
  return std::chrono::microseconds(found.as_int());
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

IndexDefinition decode_index(ValueView body) {
  IndexDefinition index;
  index.id = static_cast<std::uint32_t>(body["id"].as_uint());
  index.options.name = body["name"].as_string();
  index.options.unique = body["unique"].bool_or(false);
  index.ready = body["ready"].bool_or(false);
  for (const auto& [unused, field] : body["fields"]) {
    index.options.fields.push_back({std::string(field["path"].as_string()), field["time"].bool_or(false)});
  }
  return index;
}

Value encode_index(const IndexDefinition& index) {
  std::vector<Value> fields;
  for (const IndexField& field : index.options.fields) {
    Value one = Value::object({{"path", field.path}});
    if (field.time) one.set("time", Value(true));
    fields.push_back(std::move(one));
  }
  return Value::object({{"id", index.id},
                        {"name", index.options.name},
                        {"fields", Value::array(fields)},
                        {"unique", index.options.unique},
                        {"ready", index.ready}});
}

constexpr char hex_digits[] = "0123456789abcdef";

std::string to_hex(bytes_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += hex_digits[static_cast<unsigned char>(c) >> 4];
    text += hex_digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

Bytes from_hex(std::string_view text) {
  const auto digit = [](char c) {
    const char* found = std::char_traits<char>::find(hex_digits, 16, c);
    if (!found) throw Error(ErrorCode::corruption, "a dictionary is not hexadecimal");
    return found - hex_digits;
  };
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1])));
  return bytes;
}

}  // namespace

const IndexDefinition* CollectionDefinition::index(std::string_view index_name) const {
  for (const IndexDefinition& one : indexes) {
    if (one.options.name == index_name) return &one;
  }
  return nullptr;
}

const VectorOptions* CollectionDefinition::vector(std::string_view field) const {
  for (const VectorOptions& one : vectors) {
    if (one.field == field) return &one;
  }
  return nullptr;
}

const TextOptions* CollectionDefinition::text(std::string_view text_name) const {
  for (const TextOptions& one : texts) {
    if (one.name == text_name) return &one;
  }
  return nullptr;
}

std::shared_ptr<const Catalogue> Catalogue::load(engine::Reader& reader, Position position) {
  auto catalogue = std::make_shared<Catalogue>();
  catalogue->position_ = position;
  const auto cursor = reader.scan({catalogue_space, {}, {}}, {});
  while (cursor->next()) {
    const std::string name(cursor->key());
    try {
      const codec::RecordRow row = codec::decode_record({catalogue_space, name}, cursor->value());
      const Value body = Value::from_encoded(row.body);
      if (name == next_space_key) {
        catalogue->next_space_ = static_cast<std::uint32_t>(body["next"].as_uint());
        catalogue->next_space_version_ = row.header.version;
        continue;
      }
      CollectionDefinition definition = decode_definition(name, body);
      definition.version = row.header.version;
      catalogue->collections_.emplace(name, std::move(definition));
    } catch (const Error& error) {
      throw Error(error.code(), "the catalogue's record of `" + name + "`: " + error.what());
    }
  }
  for (const auto& [name, definition] : catalogue->collections_) catalogue->by_id_.emplace(definition.id, &definition);
  return catalogue;
}

const CollectionDefinition* Catalogue::find(std::string_view name) const {
  const auto found = collections_.find(name);
  return found == collections_.end() ? nullptr : &found->second;
}

const CollectionDefinition* Catalogue::find(Space records) const {
  if (records.group() != SpaceGroup::record) return nullptr;
  const auto found = by_id_.find(records.number());
  return found == by_id_.end() ? nullptr : found->second;
}

void check_collection_name(std::string_view name) {
  const auto refuse = [&](const std::string& why) {
    std::string shown(name.substr(0, 60));
    for (char& c : shown) {
      if (is_control(c)) c = '?';
    }
    throw Error(ErrorCode::invalid_argument, "collection name `" + shown + "`: " + why);
  };
  if (name.empty()) refuse("it is empty; give it 1 to 200 bytes");
  if (name.size() > 200) refuse("it is longer than 200 bytes");
  if (name.front() == '.') refuse("names that begin with `.` are Strata's own");
  for (const char c : name) {
    if (is_control(c)) refuse("it has a control character");
    if (c == '/') refuse("`/` separates collection and key elsewhere; choose another character");
  }
  Value checks_utf8{name};
}

Value encode_definition(const CollectionDefinition& definition) {
  Value body = Value::object({{"id", definition.id}});
  if (definition.options.time_to_live) body.set("time_to_live", Value(definition.options.time_to_live->count()));
  if (const HistoryOptions& history = definition.options.history; history.enabled) {
    Value options = Value::object({{"id", definition.history_id}});
    if (history.keep_for) options.set("keep_for", Value(history.keep_for->count()));
    if (history.keep_count) options.set("keep_count", Value(*history.keep_count));
    body.set("history", options);
  }
  if (definition.dictionary) body.set("dictionary", Value(to_hex(definition.dictionary->bytes())));
  if (definition.compressed) body.set("compressed", Value(true));
  if (definition.documents) body.set("documents", Value(true));
  std::vector<Value> indexes;
  for (const IndexDefinition& index : definition.indexes) indexes.push_back(encode_index(index));
  body.set("indexes", Value::array(indexes));
  std::vector<Value> vectors, texts;
  for (const VectorOptions& options : definition.vectors) vectors.push_back(encode_vector_options(options));
  for (const TextOptions& options : definition.texts) texts.push_back(encode_text_options(options));
  if (!vectors.empty()) body.set("vectors", Value::array(vectors));
  if (!texts.empty()) body.set("texts", Value::array(texts));
  return body;
}

CollectionDefinition decode_definition(std::string_view name, ValueView body) {
  CollectionDefinition definition;
  definition.name = name;
  definition.id = static_cast<std::uint32_t>(body["id"].as_uint());
  definition.options.time_to_live = duration_at(body, "time_to_live");
  if (const ValueView history = body["history"]) {
    definition.options.history.enabled = true;
    definition.history_id = static_cast<std::uint32_t>(history["id"].as_uint());
    definition.options.history.keep_for = duration_at(history, "keep_for");
    if (const ValueView count = history["keep_count"]) definition.options.history.keep_count = count.as_uint();
  }
  if (const ValueView dictionary = body["dictionary"]) {
    definition.dictionary = codec::Dictionary::of(from_hex(dictionary.as_string()));
  }
  definition.compressed = body["compressed"].bool_or(false);
  definition.documents = body["documents"].bool_or(false);
  for (const auto& [unused, index] : body["indexes"]) definition.indexes.push_back(decode_index(index));
  for (const auto& [unused, vector] : body["vectors"]) definition.vectors.push_back(decode_vector_options(vector));
  for (const auto& [unused, text] : body["texts"]) definition.texts.push_back(decode_text_options(text));
  return definition;
}

}  // namespace strata::commit
