// The tour: what Strata does, shown on this machine's own package catalogue. Each step prints the command that a person
// would type, runs it, and prints its answer.
//
// Commands that the tour types: import (--newest, --link, --batch), export, index create, find (--where --order --limit
// --since --fields --explain), log (--from --follow --limit), queue work, queue put, verify, stats, text create, vector
// create (--dim --type --embed --from), search (--text --like --near --where -k --fields --explain), impact (--limit),
// path, query, ingest, ask (-k --lines --format grep), doc put|get|stats.
#pragma once

#include <optional>
#include <ostream>
#include <string>

namespace strata::ingest {

struct TourOptions {
  std::string binary;  ///< Path of the `strata` program itself, resolved by the caller.
  /// Keep the store here; absent or an empty directory. None: a temporary one, removed at the end.
  std::optional<std::string> directory;
  std::optional<std::string> from;    ///< A deb822 file to import in place of this system's apt lists.
  std::optional<std::string> folder;  ///< To ingest, in place of one that this system has.
  bool colour = false;
};

/// Throws Error at the first step that fails: `not_found` where there is no package catalogue, `already_exists` where
/// the directory holds something.
void run_tour(const TourOptions& options, std::ostream& out);

}  // namespace strata::ingest
