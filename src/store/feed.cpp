#include "store/feed.hpp"

#include <algorithm>

#include "codec/record.hpp"
#include "model/stream.hpp"
#include "platform/clock.hpp"
#include "strata/error.hpp"

namespace strata::store {
namespace {

constexpr std::size_t page_rows = 512;
constexpr std::size_t page_bytes = std::size_t{4} << 20;

}  // namespace

Feed::Feed(std::shared_ptr<commit::Trunk> trunk, SubscriptionOptions options)
    : trunk_(std::move(trunk)), watches_(std::move(options)) {}

template <class Work>
auto Feed::with_source(Work&& work) {
  const auto view = trunk_->view();
  commit::ViewSource source(*view, platform::clock().now());
  watches_.resolve(source);
  return work(source);
}

void Feed::start(Start start, std::optional<Position> after) {
  ready_.clear();
  open_ = false;
  reached_ = {};
  with_source([&](commit::Source& source) {
    const codec::Head& head = source.view().head();
    reached_.known = head.position;
    if (after) {
      if (*after > head.position) {
        throw Error(ErrorCode::invalid_argument, "position " + std::to_string(after->value) +
                                                     " has not been reached; the store is at " +
                                                     std::to_string(head.position.value));
      }
      reached_.point.position = *after;
    } else if (start == Start::log) {
      reached_.point.position = watches_.streams_alone() ? Position{} : head.log_base;
    } else {
      reached_.point.position = head.position;
    }
    if (!after && start == Start::state) {
      reached_.phase = Phase::fill;
    } else if (watches_.any_stream() && reached_.point.position.value > 0) {
      reached_.point.event = number_at(source, reached_.point.position);
    }
  });
}

void Feed::resume(std::string_view consumer, const follow::Place& place) {
  with_source([&](commit::Source& source) {
    if (place.spec != watches_.fingerprint()) {
      throw Error(ErrorCode::conflict, "consumer `" + std::string(consumer) +
                                           "` watched something else before; give it the same conditions, another "
                                           "name, or forget it first");
    }
    follow::check_place(source, consumer, place);
  });
  ready_.clear();
  open_ = false;
  reached_ = {place.point, place.known, place.filling ? Phase::fill : Phase::follow, place.fill_space, place.fill_key};
}

void Feed::push(Change change) {
  change.point = reached_.point;
  ready_.push_back({std::move(change), reached_});
  open_ = true;
}

/// What was read leads to a state of the store.
void Feed::end_batch(Position reached) {
  reached_.point.position = reached_.known = reached;
  reached_.point.ordinal = 0;
  if (reached_.phase == Phase::catch_up) {
    reached_.phase = Phase::follow;
    Change end;
    end.kind = Change::Kind::state_end;
    end.position = reached;
    push(std::move(end));
  }
  if (!ready_.empty()) {
    ready_.back().change.batch_end = true;
    ready_.back().change.point = reached_.point;
    ready_.back().after = reached_;
  }
  open_ = false;
}

std::optional<Change> Feed::take() {
  if (ready_.size() <= (open_ ? 1u : 0u)) return std::nullopt;
  Ready next = std::move(ready_.front());
  ready_.pop_front();
  told_ = std::move(next.after);
  return std::move(next.change);
}

follow::Place Feed::place() const {
  const Spot& spot = ready_.empty() ? reached_ : told_;
  follow::Place place;
  place.spec = watches_.fingerprint();
  place.point = spot.point;
  place.known = spot.known;
  place.filling = spot.phase != Phase::follow;
  place.fill_space = spot.fill_space;
  place.fill_key = spot.fill_key;
  return place;
}

bool Feed::advance() {
  if (ready_.empty()) told_ = reached_;
  return with_source([&](commit::Source& source) {
    switch (reached_.phase) {
      case Phase::fill:
        return fill(source);
      case Phase::fill_events:
        return fill_events(source);
      case Phase::catch_up:
      case Phase::follow:
        break;
    }
    return watches_.streams_alone() ? follow_events(source) : follow_log(source);
  });
}

/// A page of the present records. What changes behind the reader's back is told afterwards, from the log.
bool Feed::fill(commit::Source& source) {
  const std::vector<commit::Space> spaces = watches_.filled_spaces();
  const auto next = std::lower_bound(spaces.begin(), spaces.end(), commit::Space{reached_.fill_space});
  if (next == spaces.end()) {
    reached_.phase = watches_.any_stream() ? Phase::fill_events : Phase::catch_up;
    reached_.fill_key.clear();
    return true;
  }
  if (next->id != reached_.fill_space) reached_.fill_key.clear();
  reached_.fill_space = next->id;
  const auto cursor = source.scan(*next, {*next, reached_.fill_key, {}}, {.limit = page_rows});
  std::size_t rows = 0, bytes = 0;
  while (rows < page_rows && bytes < page_bytes) {
    if (!cursor->next()) {
      ++reached_.fill_space;
      reached_.fill_key.clear();
      return true;
    }
    const Bytes key(cursor->key());
    auto change = watches_.tell_present(source, *next, key, cursor->value());
    reached_.fill_key = key + '\0';
    ++rows;
    bytes += cursor->value().size();
    if (change) push(std::move(*change));
  }
  return true;
}

bool Feed::fill_events(commit::Source& source) {
  check_erased(source);
  if (!read_events(source)) reached_.phase = Phase::catch_up;
  return true;
}

/// Events that went before they were seen must not go unnoticed.
void Feed::check_erased(commit::Source& source) const {
  if (!watches_.any_stream()) return;
  const auto stream = model::erased_unseen(source, reached_.known, reached_.point.event,
                                           [&](std::string_view name) { return watches_.watches_stream(name); });
  if (!stream) return;
  throw Error(ErrorCode::gap, "events of stream `" + *stream + "` were erased after number " +
                                  std::to_string(reached_.point.event) +
                                  ", up to which this subscription has seen them: restart it from the present state");
}

/// A page of events after reached_.point.event; whether there was one.
bool Feed::read_events(commit::Source& source) {
  std::size_t rows = 0, bytes = 0;
  scan_events(source, reached_.point.event + 1, [&](bytes_view key, const codec::RecordRow& row, std::uint64_t number) {
    auto change = watches_.tell_event(key, row);
    reached_.point.event = number;
    if (reached_.phase == Phase::follow || watches_.streams_alone()) {
      // The commit may hold more events: whoever has seen this one has not seen the whole of it.
      reached_.point.position.value = std::max(reached_.point.position.value, row.header.version.value - 1);
      reached_.point.ordinal = 0;
    }
    ++rows;
    bytes += row.body.size();
    if (change) push(std::move(*change));
    return rows < page_rows && bytes < page_bytes;
  });
  return rows > 0;
}

bool Feed::follow_events(commit::Source& source) {
  const Position newest = source.view().position();
  if (reached_.point.position >= newest && reached_.phase == Phase::follow) return false;
  check_erased(source);
  if (read_events(source)) return true;
  end_batch(newest);
  return true;
}

bool Feed::follow_log(commit::Source& source) {
  if (reached_.point.position >= source.view().position()) {
    if (reached_.phase == Phase::follow) return false;
    end_batch(reached_.point.position);
    return true;
  }
  check_erased(source);
  const follow::Tail tail = follow::read_tail(
      source, reached_.point, [&](const codec::Change& change) { return watches_.wanted(change); },
      watches_.options().batch_changes_max);
  for (const follow::TailChange& one : tail.changes) {
    auto change = watches_.tell(source, one);
    reached_.point.position.value = one.position.value - 1;
    reached_.point.ordinal = one.ordinal + 1;
    if (!change) continue;
    if (change->event) {
      if (change->event->number <= reached_.point.event) continue;
      reached_.point.event = change->event->number;
    }
    push(std::move(*change));
  }
  reached_.point.position = tail.reached;
  reached_.point.ordinal = 0;
  if (tail.whole) {
    if (watches_.any_stream()) reached_.point.event = newest_number(source);
    end_batch(tail.reached);
  }
  return true;
}

}  // namespace strata::store
