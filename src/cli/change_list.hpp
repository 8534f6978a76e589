// What `apply` reads: lines that each say one change, all to happen in one transaction.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/collection.hpp"
#include "strata/queue.hpp"
#include "strata/stream.hpp"
#include "strata/transaction.hpp"

namespace strata::cli {

struct Change {
  enum class Kind { put, erase, append, enqueue, link, unlink };
  Kind kind = Kind::put;
  std::string place;  ///< `FILE:LINE`, for messages.
  std::string collection;
  std::optional<std::string> key;  ///< None: one is made.
  Value value;
  std::optional<Version> if_version;
  std::optional<std::chrono::microseconds> time_to_live;
  // For appends.
  std::string stream;
  NewEvent event;
  Expected expected = Expected::any();
  // For enqueues, whose payload is `value`.
  std::string queue;
  EnqueueOptions enqueue;
  // For links, whose value is `value`, and unlinks.
  std::string from;
  std::string type;
  std::string to;
};

/// Reads one line; nothing when it is blank. `invalid_argument` or `unsupported`, as `FILE:LINE: reason`.
std::optional<Change> parse_change(std::string_view line, const std::string& place);

/// Reads them all; `next` gives a line, false at the end. `limit_exceeded` beyond what one transaction takes.
std::vector<Change> read_changes(const std::string& file, const std::function<bool(std::string_view&)>& next);

struct ChangesMade {
  std::uint64_t puts = 0;
  std::uint64_t deletes = 0;
  std::uint64_t appends = 0;
  std::uint64_t repeated = 0;  ///< Appends of events that were there already, by their ids.
  std::uint64_t enqueued = 0;
  std::uint64_t linked = 0;
  std::uint64_t unlinked = 0;
  std::uint64_t absent = 0;        ///< Deletes and unlinks of what was not there.
  std::vector<std::string> added;  ///< Keys and items' ids that were made, in the order of their lines.
};

/// Makes the changes within the transaction. Errors say which line.
ChangesMade make_changes(Transaction& transaction, const std::vector<Change>& changes);

}  // namespace strata::cli
