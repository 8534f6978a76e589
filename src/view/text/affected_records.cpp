#include "view/text/affected_records.hpp"

#include "follow/log_reader.hpp"

namespace strata::view::text {

AffectedRecords affected_records(commit::Source& source, engine::Space records, Position from, Position until,
                                 std::size_t keys_max) {
  AffectedRecords affected;
  affected.reached = from;
  if (from >= until) return affected;
  follow::read_log(source, from, [&](const codec::Entry& entry) {
    for (const codec::Change& change : entry.changes) {
      if (change.space != records) continue;
      switch (change.operation) {
        case codec::Operation::put:
        case codec::Operation::erase:
          affected.keys.insert(change.key);
          break;
        case codec::Operation::erase_range:
          affected.ranges.push_back({change.key, change.end_key});
          break;
        case codec::Operation::drop:
          affected.ranges.emplace_back();
          break;
      }
    }
    affected.reached = entry.position;
    affected.chain = entry.chain;
    return entry.position < until && affected.keys.size() < keys_max;
  });
  return affected;
}

}  // namespace strata::view::text
