// What the same records take in SQLite, as rows with JSON text: the comparison that the tour prints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "strata/store.hpp"

namespace strata::ingest {

/// Writes every record of the store into a new SQLite database at `path`, one table for each collection (key, value as
/// JSON text, created, updated) with the same indexes, its edges into another that is indexed in both directions, and
/// returns the file's bytes. In the order of the keys and
/// indexes last, which gives SQLite its smallest file. Nothing when this build has no SQLite.
std::optional<std::uint64_t> sqlite_json_bytes(const Store& store, const std::string& path);

}  // namespace strata::ingest
