// Export: the records of a collection as text, streaming.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "strata/store.hpp"

namespace strata::ingest {

enum class ExportFormat : std::uint8_t { jsonl, csv };

struct ExportOptions {
  std::string collection;
  Query query;  ///< where, order, limit, fields, since, until, at
  ExportFormat format = ExportFormat::jsonl;
  engine::Progress* progress = nullptr;  ///< Phase `export`, in records.
};

/// Appends `{"key":K,"value":V,"version":N,"created":T,"updated":T}`, with `"expires":T` where it has one; no line
/// break.
void append_json_line(const Record& record, std::string& out);

/// Writes the records and returns their number. The import reads either format back to the same keys and values, but
/// for what CSV cannot tell: null becomes missing, arrays and objects become their JSON text.
///
/// CSV (RFC 4180, lines end in CRLF): column `_key`, then `query.fields`, or else every member name that occurs, in the
/// order of first occurrence (found by a first pass over the same snapshot). Strings are quoted where they would
/// otherwise read as something else. `not_found` when there is no such collection; `io` when `out` fails.
std::uint64_t export_records(const Store& store, const ExportOptions& options, std::ostream& out);

}  // namespace strata::ingest
