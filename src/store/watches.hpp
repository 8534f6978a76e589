// What a subscription watches, resolved against a catalogue; and what it tells of a row.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codec/log_entry.hpp"
#include "codec/record.hpp"
#include "commit/source.hpp"
#include "filter/filter.hpp"
#include "follow/tail.hpp"
#include "query/condition.hpp"
#include "strata/subscription.hpp"

namespace strata::store {

class Watches {
 public:
  /// `invalid_argument`: a wrong filter or name, or nothing to watch.
  explicit Watches(SubscriptionOptions options);

  const SubscriptionOptions& options() const { return options_; }
  /// Of what is watched: places of subscriptions to other things are told apart by it. Requires: resolve().
  std::uint64_t fingerprint() const;
  bool streams_alone() const;
  /// By its name alone.
  bool watches_stream(std::string_view name) const;
  bool any_stream() const { return options_.everything || !options_.streams.empty(); }

  /// Takes up the catalogue of a state, and the moment that filters mean by now().
  void resolve(commit::Source& source);
  /// Spaces of collections and queues that are watched now, in order.
  std::vector<commit::Space> filled_spaces() const;

  follow::Wish wanted(const codec::Change& change) const;
  /// What is told of a change of the log, in the state of the source. The point is left to the caller.
  std::optional<Change> tell(commit::Source& source, const follow::TailChange& change);
  /// What is told of a row that is there; nothing when it does not match.
  std::optional<Change> tell_present(commit::Source& source, commit::Space space, bytes_view key, bytes_view row);
  /// The event when a stream's watch matches.
  std::optional<Change> tell_event(bytes_view key, const codec::RecordRow& row) const;

 private:
  enum class Kind { collection, events, items, edges };
  struct Space {
    Kind kind = Kind::collection;
    std::string name;  ///< Of the collection.
    const commit::CollectionDefinition* definition = nullptr;
    std::vector<std::size_t> watches;  ///< Of the collection; empty: everything.
    bool every = false;
  };

  /// Vectors whose changes touch the records of a space.
  struct Vectors {
    commit::Space records;
    std::vector<std::size_t> watches;  ///< That compare with them.
  };

  void check() const;
  void make_conditions();
  void parse_filters(Time now);
  std::optional<Space> watched(const std::string& name, const commit::CollectionDefinition& definition) const;
  bool key_wanted(const Space& space, bytes_view key) const;
  bool watch_wants(std::size_t watch, bytes_view key) const;
  query::Condition::Verdict judge(commit::Source& source, const Space& space, const filter::RecordView& record);
  bool stream_matches(std::size_t watch, const Event& event) const;
  bool edge_wanted(bytes_view key) const;
  std::optional<Change> tell_edge(bytes_view key, const codec::RecordRow& row) const;
  std::optional<Change> tell_record(commit::Source& source, const Space& space, const follow::TailChange& change);
  std::optional<Change> tell_row(commit::Source& source, const Space& space, bytes_view key, bytes_view row);
  Change tell_gone(const Space& space, const follow::TailChange& change) const;

  SubscriptionOptions options_;
  std::shared_ptr<const commit::Catalogue> catalogue_;
  std::map<std::uint32_t, Space> spaces_;
  std::map<std::uint32_t, std::string> known_;  ///< Names of spaces ever seen: to tell of those that are dropped.
  std::map<std::uint32_t, Vectors> vectors_;    ///< By their own space.
  std::vector<filter::Filter> collection_filters_;
  std::vector<query::Condition> conditions_;  ///< For each watch of a collection.
  std::vector<filter::Filter> stream_filters_;
  std::vector<filter::Filter> edge_filters_;
};

/// The events from a number on, in order; `visit` returns false to stop.
void scan_events(commit::Source& source, std::uint64_t from,
                 const std::function<bool(bytes_view key, const codec::RecordRow& row, std::uint64_t number)>& visit);
/// 0: there is none.
std::uint64_t newest_number(commit::Source& source);
/// Number of the newest event whose commit is not after `position`; 0: there is none.
std::uint64_t number_at(commit::Source& source, Position position);

}  // namespace strata::store
