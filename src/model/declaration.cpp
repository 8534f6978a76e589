#include "model/declaration.hpp"

#include "codec/head.hpp"
#include "codec/varint.hpp"
#include "commit/derivation.hpp"
#include "commit/index_build.hpp"
#include "commit/writer.hpp"
#include "filter/path.hpp"
#include "model/document_release.hpp"
#include "model/graph.hpp"
#include "model/vector_field.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

using commit::CollectionDefinition;
using commit::IndexDefinition;

constexpr std::size_t index_fields_max = 8;
constexpr std::size_t indexes_max = 64;

bool same(const IndexOptions& a, const IndexOptions& b) {
  if (a.unique != b.unique || a.fields.size() != b.fields.size()) return false;
  for (std::size_t i = 0; i < a.fields.size(); ++i) {
    if (a.fields[i].path != b.fields[i].path || a.fields[i].time != b.fields[i].time) return false;
  }
  return true;
}

commit::Write drop_of(commit::Space space) {
  commit::Write drop;
  drop.kind = commit::Write::Kind::drop;
  drop.space = space;
  return drop;
}

void drop_space_of(commit::Transaction& transaction, const IndexDefinition& index) {
  transaction.write(drop_of(index.space()));
  transaction.write(drop_of(index.text_space()));
  transaction.write_local({commit::state_space, commit::index_build_key(index.id), std::nullopt});
}

void drop_history_of(commit::Transaction& transaction, const CollectionDefinition& definition) {
  transaction.write(drop_of(definition.history()));
  transaction.write_local({commit::state_space, commit::history_since_key(definition.history()), std::nullopt});
}

}  // namespace

IndexOptions checked(const IndexOptions& options) {
  if (options.fields.empty() || options.fields.size() > index_fields_max) {
    throw Error(ErrorCode::invalid_argument,
                "an index has 1 to 8 fields, not " + std::to_string(options.fields.size()));
  }
  IndexOptions out = options;
  std::string name;
  for (IndexField& field : out.fields) {
    const filter::Path path = filter::Path::parse_index_field(field.path);
    for (const filter::PathStep& step : path.steps()) {
      if (step.kind == filter::PathStep::Kind::every) {
        throw Error(ErrorCode::invalid_argument,
                    "index field `" + field.path + "`: leave out `[*]`, an array is entered by its elements anyway");
      }
    }
    if (!path.in_body()) field.time = true;
    if (!name.empty()) name += ',';
    name += field.path;
  }
  if (out.name.empty()) out.name = name;
  if (out.name.size() > 200)
    throw Error(ErrorCode::invalid_argument, "an index name has at most 200 bytes; give this one a shorter name");
  Value checks_utf8{out.name};
  return out;
}

bool declare_index(commit::Transaction& transaction, std::string_view name, const IndexOptions& options) {
  CollectionDefinition definition = transaction.collection_for_writing(name);
  if (const IndexDefinition* there = definition.index(options.name)) {
    if (same(there->options, options)) return false;
    throw Error(ErrorCode::already_exists, "collection `" + definition.name + "` has another index named `" +
                                               options.name + "`; drop it first, or choose a name");
  }
  if (definition.indexes.size() >= indexes_max) {
    throw Error(ErrorCode::limit_exceeded,
                "collection `" + definition.name + "` has 64 indexes already; drop one first");
  }
  IndexDefinition index;
  index.id = transaction.take_space();
  index.options = options;
  definition.indexes.push_back(std::move(index));
  transaction.define(std::move(definition));
  return true;
}

bool drop_index(commit::Transaction& transaction, std::string_view name, std::string_view index_name) {
  const CollectionDefinition* found = transaction.collection(name);
  const IndexDefinition* index = found ? found->index(index_name) : nullptr;
  if (!index) return false;
  CollectionDefinition definition = *found;
  drop_space_of(transaction, *index);
  std::erase_if(definition.indexes, [&](const IndexDefinition& one) { return one.options.name == index_name; });
  transaction.define(std::move(definition));
  return true;
}

void set_options(commit::Transaction& transaction, std::string_view name, const CollectionOptions& options) {
  if (options.time_to_live && options.time_to_live->count() <= 0) {
    throw Error(ErrorCode::invalid_argument, "a time to live must be greater than zero");
  }
  if (options.history.keep_count && *options.history.keep_count == 0) {
    throw Error(ErrorCode::invalid_argument, "history that keeps 0 versions keeps nothing; switch it off instead");
  }
  CollectionDefinition definition = transaction.collection_for_writing(name);
  const bool was_on = definition.options.history.enabled;
  definition.options = options;
  if (options.history.enabled && !was_on) {
    definition.history_id = transaction.take_space();
    Bytes since;
    codec::append_varint(since, transaction.position().value + 1);
    transaction.write_local({commit::state_space, commit::history_since_key(definition.history()), std::move(since)});
  }
  if (!options.history.enabled && was_on) drop_history_of(transaction, definition);
  transaction.define(std::move(definition));
}

bool drop_collection(commit::Transaction& transaction, std::string_view name) {
  const CollectionDefinition* found = transaction.collection(name);
  if (!found) return false;
  release_collection(transaction, name);
  for (const VectorOptions& field : std::vector<VectorOptions>(found->vectors))
    drop_vector(transaction, name, field.field);
  if (found->documents) release_contents(transaction, name);
  const CollectionDefinition definition = *transaction.collection(name);
  for (const IndexDefinition& index : definition.indexes) drop_space_of(transaction, index);
  if (definition.options.history.enabled) drop_history_of(transaction, definition);
  transaction.write(drop_of(definition.records()));
  transaction.forget_definition(name);
  return true;
}

std::vector<IndexDescription> describe_indexes(commit::Source& source, std::string_view name) {
  std::vector<IndexDescription> out;
  const CollectionDefinition* collection = source.collection(name);
  if (!collection) return out;
  for (const IndexDefinition& index : collection->indexes) {
    IndexDescription description{index.options, index.ready, 0};
    if (const auto row = source.view().reader().get({commit::totals_space, commit::totals_key(index.space())})) {
      description.entries = codec::decode_totals(*row).rows;
    }
    out.push_back(std::move(description));
  }
  return out;
}

}  // namespace strata::model
