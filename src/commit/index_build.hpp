// Filling a new index, in short write sections, while others go on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "commit/writer.hpp"
#include "strata/error.hpp"

namespace strata::commit {

struct IndexBuildStep {
  bool done = false;          ///< The index is ready (or gone).
  std::uint64_t records = 0;  ///< Looked at so far, all steps together.
};

/// Enters the next records, at most `records_max`, into an index that is building, and makes it ready after the last.
/// Where it stands is stored with what it did, so any process may take the next step at any time. A duplicate in a
/// unique index ends the build: the index is removed again, and `failure` is set to `already_exists`, to be thrown once
/// that is committed.
IndexBuildStep build_index_step(Writer& writer, const std::string& collection, const std::string& index,
                                std::size_t records_max, std::optional<Error>& failure);

/// Where a build keeps its state.
Bytes index_build_key(std::uint32_t index_id);

}  // namespace strata::commit
