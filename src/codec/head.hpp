// The head of a store, and the row of totals for each space: what every commit reads first and writes last.
#pragma once

#include <cstdint>

#include "codec/hash.hpp"
#include "strata/types.hpp"

namespace strata::codec {

/// The format of everything stored. A higher one is refused, a lower one is read.
inline constexpr std::uint32_t format_version = 1;

struct Head {
  std::uint32_t format = format_version;
  Uuid store_id;
  std::uint64_t digest_key = 0;   ///< Keys the hashes of contents, so that digests say nothing about the contents.
  std::uint64_t incarnation = 1;  ///< Raised by restore and promotion: what followed an earlier one must fill again.
  std::uint64_t epoch = 1;        ///< Raised when the engine behind the store changes: a late writer is refused.
  Position position;
  Time time;                  ///< Of the newest entry.
  Hash128 chain;              ///< Over all entries so far.
  Hash128 digest;             ///< Sum over all record spaces.
  std::uint64_t records = 0;  ///< Rows in all record spaces.
  Position catalogue;         ///< The newest entry that changed the catalogue.
  Position log_base;          ///< The log holds the entries after this one.
  Time sampled;               ///< Time of the newest row of the times space.
};

Bytes encode_head(const Head& head);
/// `corruption` when damaged, `unsupported` when of a newer format.
Head decode_head(bytes_view row);

/// Totals of one space.
struct SpaceTotals {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  ///< Keys and values.
  Hash128 digest;           ///< Zero for spaces that are not of the record class.
  friend bool operator==(const SpaceTotals&, const SpaceTotals&) = default;
};

Bytes encode_totals(const SpaceTotals& totals);
SpaceTotals decode_totals(bytes_view row);

}  // namespace strata::codec
