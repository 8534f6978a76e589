// Streams: appending under an expectation, what is known of a stream, and erasing.
//
// `.streams` has a record for each stream of which more is to be known than its events say: {keep_for: microseconds,
// keep_count, last: the last version that it had when its newest event was erased, tombstone}. Under keys that are no
// streams' names it has {number}: 0x1f what must not be given again, 0x1e the highest of an erased event, and 0x1e with
// a stream's name behind it the highest of an erased event of that stream. `.snapshots` has {version, state} of
// aggregates, by the stream's name.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commit/source.hpp"
#include "commit/transaction.hpp"
#include "strata/stream.hpp"

namespace strata::model {

inline constexpr std::string_view streams_name = ".streams";
inline constexpr std::string_view stream_snapshots_name = ".snapshots";

/// Whether a key of `.streams` is the name of a stream.
bool is_stream_name(std::string_view key);

/// What an append will have done. Versions are 0 where they are only known after the commit.
struct Appended {
  std::uint64_t fresh = 0;  ///< Events to be written.
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  Position position;  ///< When all had been appended before.
};
/// As Stream::append says. The expectation becomes part of the footprint.
Appended append_events(commit::Transaction& transaction, std::string_view stream, std::span<const NewEvent> events,
                       Expected expected);
/// Version of the last event that the commit at a position appended; 0 when it is not there any more.
std::uint64_t last_version_at(commit::Source& source, std::string_view stream, Position position);

std::uint64_t stream_version(commit::Source& source, std::string_view stream);
std::optional<StreamDescription> describe_stream(commit::Source& source, std::string_view stream);
/// Sorted by name; limit 0: all.
std::vector<StreamDescription> list_streams(commit::Source& source, std::string_view prefix, std::size_t limit);

void set_stream_options(commit::Transaction& transaction, std::string_view stream, const StreamOptions& options);

struct ErasedEvents {
  std::uint64_t events = 0;
  bool more = false;      ///< The limit came first: call again.
  bool snapshot = false;  ///< The aggregate's snapshot went too.
};
/// Erases the oldest events, as far as they have versions before `before`.
ErasedEvents erase_events(commit::Transaction& transaction, std::string_view stream, std::uint64_t before,
                          std::uint64_t limit);
/// Erases all events; when the limit does not come first, the snapshot too, and the tombstone is set.
ErasedEvents erase_stream(commit::Transaction& transaction, std::string_view stream, bool tombstone,
                          std::uint64_t limit);

/// A wanted stream that lost events beyond `number` after the position `known`, if there is one.
std::optional<std::string> erased_unseen(commit::Source& source, Position known, std::uint64_t number,
                                         const std::function<bool(std::string_view stream)>& wanted);

void save_stream_snapshot(commit::Transaction& transaction, std::string_view stream, std::uint64_t version,
                          const Value& state);
std::optional<AggregateSnapshot> stream_snapshot(commit::Source& source, std::string_view stream);

}  // namespace strata::model
