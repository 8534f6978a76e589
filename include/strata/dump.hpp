// A store as JSON Lines that other programs can read, and back.
//
// The first line describes the dump: {"strata":1,"digest_key":...,"position":P,"digest":...,...}. Then for each
// collection a line
// {"collection":NAME,"definition":{...}} (options, indexes, dictionary: docs/FORMAT.md) followed by its records,
// {"collection":NAME,"key":K,"value":V,"created":T,"updated":T,"expires":T?}; the last line is
// {"end":true,"records":N}. History and positions do not travel.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "strata/store.hpp"

namespace strata {

/// Writes the state of one position, however long it takes and whoever writes meanwhile. `sink` gets one line at a
/// time, without the line break. Expired records are left out.
void dump(const Store& store, const std::function<void(std::string_view line)>& sink,
          engine::Progress* progress = nullptr);

struct LoadReport {
  std::uint64_t collections = 0;
  std::uint64_t records = 0;
  bool digest_compared = false;  ///< The store was empty before, so its digest must equal that of the dump, and does.
};

/// Reads what dump() wrote; `source` gives the next line, false at the end. In batches, each atomic. Into an empty
/// store: ids and the digest key are taken over, and the digest is compared at the end (`corruption` when it differs).
/// Into any other: records are put over what is there, but no events over events, nor documents over documents:
/// `invalid_argument`, as for what is no dump, or one cut short, with the line's number. A load that was stopped goes
/// on when it is repeated, unless the store was written to since: what it has put is left as it is.
LoadReport load(Store& store, const std::function<bool(std::string& line)>& source,
                engine::Progress* progress = nullptr);

}  // namespace strata
