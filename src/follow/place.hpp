// The place of a durable consumer, as the store keeps it: a local row under the consumer's name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/hash.hpp"
#include "commit/source.hpp"
#include "commit/transaction.hpp"
#include "strata/subscription.hpp"

namespace strata::follow {

struct Place {
  Uuid store_id;
  std::uint64_t incarnation = 0;
  ResumePoint point;
  /// The chain hash at point.position, where it was known: a store that was put back, or is another one, is noticed.
  std::optional<codec::Hash128> chain;
  Time saved;
  Uuid owner;              ///< Drawn anew by each subscription: two under one name are told apart.
  std::uint64_t spec = 0;  ///< Hash of what is watched.
  /// While the present state is being told: the space and key reached.
  bool filling = false;
  std::uint32_t fill_space = 0;
  Bytes fill_key;
};

Bytes encode_place(const Place& place);
/// `corruption` when damaged.
Place decode_place(std::string_view consumer, bytes_view row);

/// `invalid_argument` unless it can be a consumer's name.
void check_consumer(std::string_view name);

std::optional<Place> read_place(commit::Source& source, std::string_view consumer);
/// Writes it within the transaction. `expected`: the place that the writer began with. `conflict` when another than the
/// writer has moved it since.
void write_place(commit::Transaction& transaction, std::string_view consumer, const Place& place,
                 const std::optional<Place>& expected);
/// Throws unless the place is one in this store's own past. `gap`.
void check_place(commit::Source& source, std::string_view consumer, const Place& place);

std::vector<std::pair<std::string, Place>> read_places(commit::Source& source);

}  // namespace strata::follow
