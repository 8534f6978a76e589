// Reading the past: which position a time means, a record as of then, all kept versions of a key.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/record.hpp"
#include "commit/source.hpp"
#include "strata/collection.hpp"

namespace strata::model {

/// A moment of the past to read at.
struct Moment {
  Position position;
  std::optional<Time> time;  ///< When it was asked for as a time: expiry is judged against it.
};

/// The last position whose entry's time is not after the given one; exact while the log reaches back there, else to the
/// second. A position beyond the newest: `invalid_argument`.
Moment resolve(commit::Source& source, const AsOf& at);

/// `unsupported` when the collection keeps no history, `gap` when it does not reach back to the moment.
void require_history(commit::Source& source, const commit::CollectionDefinition& collection, const Moment& moment);

std::optional<Record> get_record_at(commit::Source& source, std::string_view collection, std::string_view key,
                                    const AsOf& at);
std::vector<RecordVersion> history_of(commit::Source& source, std::string_view collection, std::string_view key);

/// Visits every record as of the moment, in the order of the keys, from `begin` on. The visitor returns false to stop.
void scan_at(commit::Source& source, const commit::CollectionDefinition& collection, const Moment& moment,
             bytes_view begin, const std::function<bool(std::string_view key, const codec::RecordRow& row)>& visit);

}  // namespace strata::model
