// What follows from a transaction's writes: rows, index entries, history, expiry, totals, and the changes for the log.
// Worked out inside the write section, from what is there now; nothing is written here.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "codec/head.hpp"
#include "codec/log_entry.hpp"
#include "codec/record.hpp"
#include "commit/catalogue.hpp"
#include "commit/request.hpp"
#include "commit/sequence.hpp"
#include "strata/engine.hpp"

namespace strata::commit {

/// By how much the totals of a space change.
struct TotalsChange {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  codec::Hash128 digest;  ///< Modulo 2^128.
};

struct Mutation {
  Space space;
  Bytes key;
  std::optional<Bytes> value;  ///< Nothing: erase.
};

/// Requires: one derivation for one transaction, each key written at most once.
class Derivation {
 public:
  struct Place {
    Position position;  ///< Of the entry being made.
    Time time;          ///< Its time.
    Time now;           ///< The clock, for expiry.
    std::uint64_t digest_key = 0;
  };
  Derivation(engine::Reader& reader, const Catalogue& catalogue, const Place& place);

  /// `already_exists` (from finish()), `limit_exceeded`, or `corruption` of what is there now.
  void write(const Write& write, const codec::SpaceTotals& totals);
  /// `stored`: the ends of sequences as the reader has them; what it does not know is read, and noted there.
  void append(const Append& append, SequenceEnds& stored);
  void finish();

  std::vector<Mutation> mutations;
  std::vector<codec::Change> changes;
  std::unordered_map<std::uint32_t, TotalsChange> totals;
  bool catalogue_changed = false;
  SequenceEnds ends;  ///< Of the sequences that were appended to.

 private:
  struct Old {
    codec::RecordHeader header;
    Bytes row;
    bytes_view body;  ///< Into row, or into what was decompressed from it.
    std::shared_ptr<const Bytes> decompressed;
  };
  struct UniqueEntry {
    Space space;
    Bytes part;
    Bytes primary_key;
    const CollectionDefinition* collection;
    const IndexDefinition* index;
  };

  const CollectionDefinition* find(Space records) const;
  void declare(const Write& write);
  std::unique_ptr<Old> read_old(Space space, bytes_view key);
  void put(const Write& write, const Old* old);
  void erase(Space space, const Bytes& key);
  void erase_old(Space space, const Bytes& key, const Old& old);
  void drop(const Write& write, const codec::SpaceTotals& totals);
  void set_row(Space space, Bytes key, std::optional<Bytes> value, std::int64_t old_value_bytes);
  void index(const CollectionDefinition& collection, const Bytes& key, const Old* old,
             const codec::RecordHeader* header, bytes_view body);
  void keep_history(const CollectionDefinition& collection, const Bytes& key, const Old& old, bool erased);
  void trim_history(const CollectionDefinition& collection, const Bytes& key);
  void move_expiry(Space space, const Bytes& key, std::optional<Time> from, std::optional<Time> to);
  void check_unique(const UniqueEntry& entry);
  bool expired(const codec::RecordHeader& header) const { return header.expires && *header.expires <= place_.now; }

  engine::Reader& reader_;
  const Catalogue& catalogue_;
  Place place_;
  std::map<std::uint32_t, CollectionDefinition> declared_;  ///< New collections of this transaction, by record space.
  std::vector<UniqueEntry> unique_entries_;
  std::set<std::pair<std::uint32_t, Bytes>> removed_entries_;  // of unique indexes
  std::set<std::pair<std::uint32_t, Bytes>> written_keys_;
};

/// History rows: (key, zero byte, inverted version). The value: until position, until time, erased flag, the row as it
/// was, then the XXH3-64 of all that.
Bytes history_key(bytes_view key, Version version);
struct HistoryRow {
  Position until;
  Time until_time;
  bool erased = false;
  bytes_view row;
};
Bytes encode_history(const HistoryRow& row);
/// `corruption` when damaged.
HistoryRow decode_history(bytes_view value);
/// The key and version that a history row's key holds; `corruption` when malformed.
std::pair<bytes_view, Version> split_history_key(bytes_view key);

/// The row of state_space that says since when a history is kept: a position, as a varint.
Bytes history_since_key(Space history);

Bytes expiry_key(Time expires, Space space, bytes_view key);

}  // namespace strata::commit
