#include "commit/index_build.hpp"

#include <algorithm>

#include "codec/ordered.hpp"
#include "codec/record.hpp"
#include "codec/varint.hpp"
#include "commit/index_entries.hpp"
#include "platform/random.hpp"
#include "strata/error.hpp"

namespace strata::commit {
namespace {

/// A record that already has the unique value, if any.
std::optional<Bytes> holder_of(engine::Reader& reader, const IndexDefinition& index, const Bytes& part,
                               bytes_view primary_key) {
  const Bytes end = codec::prefix_end(part);
  const auto cursor = reader.scan({index.space(), part, end}, {.keys_only = true});
  while (cursor->next()) {
    const codec::IndexEntry found = codec::split_index_entry(cursor->key());
    if (found.stored_part == part && found.primary_key != primary_key) return Bytes(found.primary_key);
  }
  return std::nullopt;
}

/// A request that replaces the collection's declaration, to be applied within the section it was made in.
Request declaration(const Writer& writer, const CollectionDefinition& definition) {
  Request request;
  request.id = platform::make_uuid();
  request.origin = "index build";
  request.seen = writer.head().position;
  Write write;
  write.space = catalogue_space;
  write.key = definition.name;
  write.body = encode_definition(definition).encoded();
  request.writes.push_back(std::move(write));
  return request;
}

void remove_index(Writer& writer, const CollectionDefinition& collection, const IndexDefinition& index) {
  CollectionDefinition without = collection;
  std::erase_if(without.indexes, [&](const IndexDefinition& one) { return one.id == index.id; });
  Request request = declaration(writer, without);
  for (const Space space : {index.space(), index.text_space()}) {
    Write drop;
    drop.kind = Write::Kind::drop;
    drop.space = space;
    request.writes.push_back(std::move(drop));
  }
  request.local_writes.push_back({state_space, index_build_key(index.id), std::nullopt});
  writer.apply(request);
}

}  // namespace

Bytes index_build_key(std::uint32_t index_id) {
  Bytes key = "build/";
  codec::append_be32(key, index_id);
  return key;
}

IndexBuildStep build_index_step(Writer& writer, const std::string& collection_name, const std::string& index_name,
                                std::size_t records_max, std::optional<Error>& failure) {
  const std::shared_ptr<const Catalogue> catalogue = writer.catalogue();
  const CollectionDefinition* collection = catalogue->find(collection_name);
  const IndexDefinition* index = collection ? collection->index(index_name) : nullptr;
  if (!index || index->ready) return {true, 0};

  engine::WriteTransaction& transaction = writer.transaction();
  IndexBuildStep step;
  Bytes after;
  if (const auto row = transaction.get({state_space, index_build_key(index->id)})) {
    bytes_view in = *row;
    step.records = codec::take_varint(in);
    after = in;
  }
  std::vector<std::pair<Bytes, Bytes>> entries;  // (entry key, primary key), with unique parts checked below
  std::vector<IndexPart> parts_in_order;
  std::size_t seen = 0;
  {
    const Bytes begin = after.empty() ? Bytes{} : after + '\0';
    const auto cursor = transaction.scan({collection->records(), begin, {}}, {.limit = records_max});
    while (seen < records_max && cursor->next()) {
      ++seen;
      after = cursor->key();
      const codec::RecordRow row = codec::decode_record({collection->records(), after}, cursor->value());
      for (IndexPart& part : index_parts(*index, ValueView(row.body), row.header.created, row.header.updated)) {
        entries.emplace_back(codec::index_entry_key(part.stored, after), after);
        parts_in_order.push_back(std::move(part));
      }
    }
  }
  writer.note_written();
  codec::SpaceTotals& totals = writer.totals(index->space());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& [key, primary_key] = entries[i];
    if (index->options.unique && !parts_in_order[i].exempt) {
      if (const auto holder = holder_of(transaction, *index, parts_in_order[i].stored, primary_key)) {
        failure.emplace(ErrorCode::already_exists,
                        "unique index `" + index_name + "` of collection `" + collection_name + "`: records `" +
                            *holder + "` and `" + primary_key +
                            "` have the same value; change one of them, then create the index again");
        remove_index(writer, *collection, *index);
        return {true, step.records};
      }
    }
    if (transaction.get({index->space(), key})) continue;  // a writer was here before
    transaction.put({index->space(), key}, {});
    totals.rows += 1;
    totals.bytes += key.size();
    if (parts_in_order[i].plain_text) writer.totals(index->text_space()).rows += 1;
  }
  step.records += seen;
  if (seen == records_max) {
    Bytes state;
    codec::append_varint(state, step.records);
    state.append(after);
    transaction.put({state_space, index_build_key(index->id)}, state);
    return step;
  }
  CollectionDefinition complete = *collection;
  for (IndexDefinition& one : complete.indexes) {
    if (one.id == index->id) one.ready = true;
  }
  Request request = declaration(writer, complete);
  request.local_writes.push_back({state_space, index_build_key(index->id), std::nullopt});
  writer.apply(request);
  step.done = true;
  return step;
}

}  // namespace strata::commit
