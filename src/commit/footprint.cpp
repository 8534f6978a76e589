#include "commit/footprint.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "codec/hash.hpp"
#include "codec/log_entry.hpp"
#include "codec/record.hpp"
#include "codec/varint.hpp"

namespace strata::commit {
namespace {

/// Keys that log entries name, to be asked for keys and ranges of record spaces.
class Touched {
 public:
  void add(const codec::Change& change) {
    spaces_.insert(change.space.id);
    if (change.operation == codec::Operation::put || change.operation == codec::Operation::erase) {
      keys_.emplace(change.space.id, change.key);
    } else {
      whole_spaces_.insert(change.space.id);
    }
  }
  bool key(Space space, bytes_view key) const {
    return whole_spaces_.contains(space.id) || keys_.contains(std::pair<std::uint32_t, Bytes>(space.id, Bytes(key)));
  }
  /// Whether rows of the range may have changed; for a derived range: whether any record behind it did.
  bool range(const ReadRange& range) const {
    if (!spaces_.contains(range.source.id)) return false;
    if (whole_spaces_.contains(range.space.id) || class_of(range.space) == SpaceClass::derived) return true;
    const auto first = keys_.lower_bound({range.space.id, range.begin});
    return first != keys_.end() && first->first == range.space.id && (range.end.empty() || first->second < range.end);
  }

 private:
  std::set<std::pair<std::uint32_t, Bytes>> keys_;
  std::set<std::uint32_t> whole_spaces_;
  std::set<std::uint32_t> spaces_;
};

/// Reading the log pays when it is short against what would have to be read again.
constexpr std::uint64_t entries_read_max = 1000;
constexpr std::uint64_t rows_worth_an_entry = 4;

std::optional<Touched> touched_since(engine::Reader& reader, const Footprint& footprint, Position seen, Position now,
                                     Position log_base) {
  if (seen < log_base || now.value - seen.value > entries_read_max) return std::nullopt;
  std::uint64_t rows = footprint.keys.size();
  for (const ReadRange& range : footprint.ranges) rows += range.rows;
  if (rows < rows_worth_an_entry * (now.value - seen.value)) return std::nullopt;
  Touched touched;
  const Bytes begin = codec::log_key(Position{seen.value + 1}, 0);
  const auto cursor = reader.scan({log_space, begin, {}}, {});
  codec::EntryDecoder decoder;
  while (cursor->next()) {
    if (!decoder.add(cursor->key(), cursor->value())) continue;
    for (const codec::Change& change : decoder.entry.changes) touched.add(change);
  }
  return touched;
}

bool key_changed(engine::Reader& reader, const ReadKey& read) {
  const auto row = reader.get({read.space, read.key});
  return (row ? stamp_of(read.space, *row) : 0) != read.stamp;
}

bool range_changed(engine::Reader& reader, const ReadRange& read) {
  const auto cursor = reader.scan({read.space, read.begin, read.end},
                                  {.reverse = read.reverse, .keys_only = class_of(read.space) != SpaceClass::record});
  std::uint64_t fingerprint = 0;
  while (cursor->next()) fingerprint = fingerprint_after(fingerprint, read.space, cursor->key(), cursor->value());
  return fingerprint != read.fingerprint;
}

}  // namespace

std::uint64_t stamp_of(Space space, bytes_view row) {
  if (class_of(space) == SpaceClass::record) return codec::record_version(row).value;
  return codec::hash64(row) | 1;
}

std::uint64_t fingerprint_after(std::uint64_t before, Space space, bytes_view key, bytes_view row) {
  char numbers[16];
  codec::write_be(numbers, before, 8);
  codec::write_be(numbers + 8, class_of(space) == SpaceClass::record ? codec::record_version(row).value : 0, 8);
  return codec::hash64({bytes_view(numbers, sizeof numbers), key});
}

std::optional<std::string> changed_since(engine::Reader& reader, const Footprint& footprint, Position seen,
                                         Position now, Position log_base) {
  const auto always_read = [](Space space) { return class_of(space) == SpaceClass::local; };
  std::optional<Touched> touched;
  if (seen == now) {
    touched.emplace();
  } else {
    touched = touched_since(reader, footprint, seen, now, log_base);
  }
  for (const ReadKey& read : footprint.keys) {
    if (touched && !always_read(read.space) && !touched->key(read.space, read.key)) continue;
    if (key_changed(reader, read)) return "the record `" + read.key + "` that was read";
  }
  for (const ReadRange& read : footprint.ranges) {
    if (touched && !always_read(read.space) && !touched->range(read)) continue;
    if (range_changed(reader, read)) return "a range of keys that was read";
  }
  return std::nullopt;
}

}  // namespace strata::commit
