// The changes that a subscription tells, one after the other, read from the store in bounded pieces: first the present
// state where that was asked for, then the log; for streams alone, the events themselves.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "commit/trunk.hpp"
#include "follow/place.hpp"
#include "store/watches.hpp"
#include "strata/subscription.hpp"

namespace strata::store {

/// One thread at a time.
class Feed {
 public:
  Feed(std::shared_ptr<commit::Trunk> trunk, SubscriptionOptions options);

  /// Begins anew.
  void start(Start start, std::optional<Position> after);
  /// Goes on where a consumer was. `gap` when the place is not in the store's past, `conflict` when it is one of a
  /// subscription to other things.
  void resume(std::string_view consumer, const follow::Place& place);

  /// The next change that is at hand.
  std::optional<Change> take();
  /// Reads on; false when there is nothing new in the store. `gap`.
  bool advance();

  /// Where one is who has seen all that take() gave.
  follow::Place place() const;
  ResumePoint point() const { return place().point; }
  std::uint64_t fingerprint() const { return watches_.fingerprint(); }
  commit::Trunk& trunk() { return *trunk_; }

 private:
  enum class Phase { fill, fill_events, catch_up, follow };
  struct Spot {
    ResumePoint point;
    Phase phase = Phase::follow;
    std::uint32_t fill_space = 0;  ///< While the state is told: the space and key reached.
    Bytes fill_key;
  };
  /// A change, and where one is who has seen it.
  struct Ready {
    Change change;
    Spot after;
  };

  template <class Work>
  auto with_source(Work&& work);
  void push(Change change);
  void end_batch(Position reached);
  bool fill(commit::Source& source);
  bool fill_events(commit::Source& source);
  bool follow_log(commit::Source& source);
  bool follow_events(commit::Source& source);
  bool read_events(commit::Source& source);

  std::shared_ptr<commit::Trunk> trunk_;
  Watches watches_;
  Spot reached_;  ///< All up to here has been read,
  Spot told_;     ///< and this much of it told.
  std::deque<Ready> ready_;
  bool open_ = false;  ///< The last of ready_ may be the last of its batch, or not.
};

}  // namespace strata::store
