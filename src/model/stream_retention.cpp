#include "model/stream_retention.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "codec/varint.hpp"
#include "commit/transaction.hpp"
#include "model/event.hpp"
#include "model/record.hpp"
#include "model/stream.hpp"
#include "platform/random.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

constexpr std::chrono::microseconds sweep_every = std::chrono::minutes(1);
constexpr std::chrono::microseconds clock_trusted_within = std::chrono::hours(24);
constexpr std::size_t streams_per_step = 200;
constexpr std::uint64_t events_per_step = 2000;

/// Where the sweep over the streams stands: kept in the store, so that its processes share the work.
struct Sweep {
  static constexpr std::string_view state_key = "stream retention";
  Time next;    ///< Not before then,
  Bytes after;  ///< unless it is under way: behind this stream.

  static Sweep read(commit::Writer& writer) {
    Sweep sweep;
    if (const auto row = writer.transaction().get({commit::state_space, state_key})) {
      bytes_view in = *row;
      sweep.next.micros = codec::unzigzag(codec::take_varint(in));
      sweep.after = in;
    }
    return sweep;
  }
  void write(commit::Writer& writer) const {
    Bytes row;
    codec::append_varint(row, codec::zigzag(next.micros));
    row.append(after);
    writer.note_written();
    writer.transaction().put({commit::state_space, state_key}, row);
  }
};

/// The version before which events are to go, looking at no more than `limit` of them.
std::uint64_t end_of_old(commit::Transaction& transaction, const commit::CollectionDefinition& events,
                         const StreamDescription& stream, Time now, std::uint64_t limit) {
  std::uint64_t before = 0;
  const StreamOptions& options = stream.options;
  if (options.keep_count && stream.version >= *options.keep_count) before = stream.version - *options.keep_count + 1;
  if (options.keep_for) {
    const Time cut = now - *options.keep_for;
    const Bytes begin = event_key(stream.name, stream.first);
    const Bytes end = event_key(stream.name, stream.version);
    const auto cursor = transaction.scan(events.records(), {events.records(), begin, end}, {.limit = limit});
    for (std::uint64_t looked_at = 0; looked_at < limit && cursor->next(); ++looked_at) {
      if (decode_row(events, cursor->key(), cursor->value()).header.created >= cut) break;
      if (const auto key = split_event_key(cursor->key())) before = std::max(before, key->version + 1);
    }
  }
  return std::min(before, stream.version);  // the newest stays
}

/// How many events of the stream went, at most `limit`.
std::uint64_t retain_stream(commit::Writer& writer, std::string_view name, Time now, std::uint64_t limit) {
  auto view = std::make_unique<commit::View>(writer.transaction(), std::make_shared<codec::Head>(writer.head()),
                                             writer.catalogue());
  commit::Transaction transaction(std::move(view), platform::make_uuid(), now, commit::Transaction::Tracking::none);
  const commit::CollectionDefinition* events = transaction.collection(events_name);
  const auto stream = describe_stream(transaction, name);
  if (!events || !stream || stream->first == 0) return 0;
  if (!stream->options.keep_count && !stream->options.keep_for) return 0;
  const std::uint64_t before = end_of_old(transaction, *events, *stream, now, limit);
  const std::uint64_t gone = erase_events(transaction, name, before, limit).events;
  if (gone == 0) return 0;
  commit::Request request = transaction.take_request();
  request.origin = "retention";
  writer.apply(request);
  return gone;
}

std::vector<std::string> streams_after(commit::Writer& writer, const commit::CollectionDefinition& streams,
                                       const Bytes& after) {
  std::vector<std::string> names;
  const Bytes begin = after.empty() ? Bytes{} : after + '\0';
  const auto cursor = writer.transaction().scan({streams.records(), begin, {}}, {.limit = streams_per_step});
  while (names.size() < streams_per_step && cursor->next()) names.emplace_back(cursor->key());
  return names;
}

}  // namespace

bool retain_events(commit::Writer& writer, Time now, bool anew) {
  const commit::CollectionDefinition* streams = writer.catalogue()->find(streams_name);
  if (!streams) return false;
  if (writer.head().time > now + clock_trusted_within) return false;  // the clock cannot be right: nothing grows old
  Sweep sweep = Sweep::read(writer);
  if (anew) sweep.after.clear();
  if (sweep.after.empty() && now < sweep.next && !anew) return false;

  std::uint64_t left = events_per_step;
  const std::vector<std::string> names = streams_after(writer, *streams, sweep.after);
  for (const std::string& name : names) {
    if (is_stream_name(name)) {
      try {
        left -= retain_stream(writer, name, now, left);
      } catch (const Error&) {
        if (writer.broken()) throw;
        // An event is damaged: whoever reads it, or verifies, is told. The other streams are not to suffer.
      }
    }
    if (left == 0) break;  // this stream may have more
    sweep.after = name;
  }
  const bool more = left == 0 || names.size() == streams_per_step;
  sweep.next = more ? Time{} : now + sweep_every;
  if (!more) sweep.after.clear();
  sweep.write(writer);
  return more;
}

}  // namespace strata::model
