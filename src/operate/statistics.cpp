#include "operate/statistics.hpp"

#include "codec/head.hpp"
#include "codec/varint.hpp"
#include "strata/error.hpp"

namespace strata::operate {
namespace {

using commit::Space;
using commit::SpaceGroup;

std::string name_of(const commit::Catalogue& catalogue, Space space) {
  if (space == commit::catalogue_space) return "catalogue";
  if (space == commit::log_space) return "log";
  if (space == commit::ids_space) return "transaction ids";
  if (space == commit::expiry_space) return "expiry";
  for (const auto& [name, collection] : catalogue.collections()) {
    if (collection.records() == space) return "collection " + name;
    if (collection.options.history.enabled && collection.history() == space) return "history " + name;
    for (const commit::IndexDefinition& index : collection.indexes) {
      if (index.space() == space) return "index " + name + "/" + index.options.name;
    }
  }
  return "space " + std::to_string(space.id);
}

}  // namespace

StoreStatistics statistics(commit::Trunk& trunk) {
  StoreStatistics out;
  {
    const auto view = trunk.view();
    const auto cursor = view->reader().scan({commit::totals_space, {}, {}}, {});
    while (cursor->next()) {
      if (cursor->key().size() != 4)
        throw Error(ErrorCode::corruption, "a row of totals has a malformed key; run `strata verify`");
      const Space space{codec::read_be32(cursor->key().data())};
      const codec::SpaceTotals totals = codec::decode_totals(cursor->value());
      if (space == commit::log_space) out.log_bytes = totals.bytes;
      const bool without_rows = space.group() == SpaceGroup::derived && (space.number() & 0x800000u) != 0;
      if (totals.rows > 0 && !without_rows)
        out.spaces.push_back({name_of(view->catalogue(), space), totals.rows, totals.bytes});
    }
    out.log_entries = view->head().position.value - view->head().log_base.value;
  }
  const engine::EngineStatistics engine = trunk.engine().statistics();
  out.file_bytes = engine.file_bytes;
  out.live_bytes = engine.live_bytes;
  out.garbage_bytes = engine.free_bytes;
  out.readers = engine.readers;
  out.oldest_reader_process = engine.oldest_reader_process;
  out.oldest_reader_lag = engine.oldest_reader_lag;
  out.engine_details = engine.details;
  out.commits = trunk.counters().commits;
  out.syncs = trunk.counters().syncs;
  out.conflicts = trunk.counters().conflicts;
  return out;
}

}  // namespace strata::operate
