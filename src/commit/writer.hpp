// One group of transactions inside one engine transaction: each validated, derived, logged; then the head.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "codec/head.hpp"
#include "commit/catalogue.hpp"
#include "commit/derivation.hpp"
#include "commit/request.hpp"
#include "strata/engine.hpp"
#include "strata/options.hpp"

namespace strata::commit {

/// Keys that are kept for a while.
class KeyList {
 public:
  void add(Space space, bytes_view key) { keys_.emplace_back(space, key); }
  /// Valid until the list changes.
  std::vector<engine::Key> keys() const;

 private:
  std::vector<std::pair<Space, Bytes>> keys_;
};

/// The rows that a group will ask for, as far as they can be told from a head and a catalogue, which may be stale.
KeyList rows_ahead(std::span<const Request* const> group, const codec::Head& head, const Catalogue& catalogue);

class Writer {
 public:
  /// Reads the head. `corruption`, `unsupported`; as check_epoch() says when the epoch is not the expected one.
  /// `catalogue` may be of any position; a newer one is read when needed.
  Writer(engine::WriteTransaction& transaction, std::shared_ptr<const Catalogue> catalogue, std::uint64_t epoch,
         Time now);

  /// For a remote engine, which keeps what it has read while it holds the write section: fetches the rows that the
  /// group will ask for, as far as they can be told, in one round trip.
  void fetch_ahead(std::span<const Request* const> group);
  /// Takes one transaction into the group. If it throws before anything was written (`conflict`, `already_exists`,
  /// `limit_exceeded`, `corruption`), the group goes on without it; if after (broken() is then true), the group must be
  /// abandoned.
  CommitResult apply(const Request& request);
  /// Writes head and totals. Nothing may be applied afterwards.
  void finish();

  bool broken() const { return broken_; }
  bool wrote() const { return wrote_; }
  const codec::Head& head() const { return head_; }
  codec::Head& head() { return head_; }
  const std::shared_ptr<const Catalogue>& catalogue() const { return catalogue_; }
  engine::WriteTransaction& transaction() { return transaction_; }
  /// Totals of a space as the group leaves them so far.
  codec::SpaceTotals& totals(Space space);
  /// For upkeep that writes through transaction() itself.
  void note_written() { wrote_ = true; }

 private:
  void check_footprint(const Request& request);
  void append_log(const Request& request, Derivation& derivation, CommitResult& result);
  void put_counted(Space space, bytes_view key, bytes_view value);

  engine::WriteTransaction& transaction_;
  std::shared_ptr<const Catalogue> catalogue_;
  Time now_;
  codec::Head head_;
  std::unordered_map<std::uint32_t, codec::SpaceTotals> totals_;
  SequenceEnds ends_;
  bool broken_ = false;
  bool wrote_ = false;
};

/// The answer kept under a transaction id.
Bytes encode_outcome(const CommitResult& result);
CommitResult decode_outcome(const Uuid& id, bytes_view row);

Bytes time_key(Time time);
Bytes totals_key(Space space);

}  // namespace strata::commit
