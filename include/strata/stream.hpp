// Streams: append-only sequences of events, for event sourcing.
//
// A stream is a name and its events, numbered 1, 2, 3, ... without holes: an event's number is its version, and the
// version of the stream is that of its last event (0: none). All events of a store also have one common order, that of
// their commits; `Event::number` counts in it. An event never changes; it goes with its stream (erase), or when the
// stream's retention says so.
//
// A Stream is a cheap handle, as a Collection is: one from a Store commits each append by itself, one from a
// Transaction writes within it, one from a Snapshot only reads. A transaction does not see its own appends.
// Stream names are UTF-8, 1 to 200 bytes, without control characters; so are types and ids of events.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "strata/options.hpp"
#include "strata/value.hpp"

namespace strata {

namespace detail {
class CollectionAccess;
}

/// What is appended.
struct NewEvent {
  std::string type{};  ///< 1 to 200 bytes.
  Value data{};
  Value metadata{};  ///< Whatever else is to be kept with it; missing: nothing.
  /// The event's own id: appending it to the same stream again returns the first answer and writes nothing. It is
  /// unique in the store: the same id in another stream is `already_exists`. An event that was erased is not known any
  /// more. Empty: none.
  std::string id{};
  std::string correlation{};  ///< Of the conversation that it belongs to,
  std::string causation{};    ///< and of what brought it about.
};

struct Event {
  std::string stream{};
  std::uint64_t version = 0;  ///< Within the stream.
  std::uint64_t number = 0;   ///< Among all events of the store; rises with position, may have holes.
  Position position{};        ///< Of the commit.
  Time time{};                ///< Of the commit.
  std::string type{};
  Value data{};
  Value metadata{};
  std::string id{};
  std::string correlation{};
  std::string causation{};
};

/// What an append expects of the stream. Else: `conflict`, whose message names the actual version. Erased events count:
/// the version does not go back.
class Expected {
 public:
  enum class Kind { any, none, exists, exactly };
  static Expected any() { return Expected(Kind::any, 0); }
  static Expected none() { return Expected(Kind::none, 0); }      ///< It has no event yet.
  static Expected exists() { return Expected(Kind::exists, 0); }  ///< It has one at least.
  static Expected exactly(std::uint64_t version) { return Expected(Kind::exactly, version); }

  Kind kind() const { return kind_; }
  std::uint64_t version() const { return version_; }

 private:
  Expected(Kind kind, std::uint64_t version) : kind_(kind), version_(version) {}
  Kind kind_;
  std::uint64_t version_;
};

/// Inside a transaction, versions and position are only known after the commit: 0.
struct AppendResult {
  std::uint64_t first = 0;  ///< Versions of the first and the last event appended.
  std::uint64_t last = 0;
  Position position{};
  bool repeated = false;  ///< All had been appended before, by their ids; nothing was written.
};

/// Which events, and in which direction. All conditions must hold.
struct EventQuery {
  std::uint64_t from = 0;            ///< Stream: the first version to read; all streams: the first number. 0: the end
                                     ///< where the reading begins.
  std::optional<Position> after{};   ///< Only those of later commits.
  std::optional<Time> since{};       ///< time >= since
  std::optional<Time> until{};       ///< time < until
  std::vector<std::string> types{};  ///< Of one of these types; empty: any.
  std::string prefix{};              ///< All streams: those whose name begins so.
  bool backward = false;             ///< From the newest down.
  std::size_t limit = 0;             ///< 0: all.
};

struct StreamOptions {
  /// Upkeep erases events beyond these, the oldest first. The newest event of a stream stays.
  std::optional<std::chrono::microseconds> keep_for{};
  std::optional<std::uint64_t> keep_count{};
};

struct StreamDescription {
  std::string name{};
  std::uint64_t version = 0;  ///< Of the last event that it ever had.
  std::uint64_t first = 0;    ///< Version of the oldest event still there; 0: none is.
  StreamOptions options{};
  bool tombstone = false;  ///< Erased for good.
};

/// State of an aggregate as of a version, so that a reader need not replay everything.
struct AggregateSnapshot {
  std::uint64_t version = 0;
  Value state{};
  Time time{};  ///< When it was saved.
};

class Stream {
 public:
  Stream(std::shared_ptr<detail::CollectionAccess> access, std::string name);

  const std::string& name() const { return name_; }

  /// Appends one or many, all or none. `conflict` when the expectation does not hold, `invalid_argument` when malformed
  /// or the stream has a tombstone, `limit_exceeded`. Events whose ids this stream knows are left out: when they all
  /// are, the first answer is given again, whatever is expected; else the expectation and the answer are those of the
  /// rest.
  AppendResult append(const NewEvent& event, Expected expected = Expected::any());
  AppendResult append(std::span<const NewEvent> events, Expected expected = Expected::any());

  std::vector<Event> read(const EventQuery& query = {}) const;
  /// The same one at a time, in bounded memory; `visit` returns false to stop, and must not use the handle's source.
  void scan(const EventQuery& query, const std::function<bool(const Event&)>& visit) const;
  std::optional<Event> get(std::uint64_t version) const;
  /// 0: it has none yet.
  std::uint64_t version() const;
  /// Nothing when there never was such a stream.
  std::optional<StreamDescription> describe() const;

  void set_options(const StreamOptions& options);
  /// Erases events before a version. Returns how many went. From a Store it splits into several commits beyond 5,000
  /// events, as erase() does. A transaction that has appended to the stream cannot erase from it: `invalid_argument`.
  std::uint64_t truncate(std::uint64_t before);
  /// Erases all events and the aggregate's snapshot. Later appends go on with the next version; with `tombstone` there
  /// are none, ever. False when there was nothing to erase.
  bool erase(bool tombstone = false);

  /// Keeps the state of the aggregate as of a version, over an earlier one; where a later one is kept, that stays.
  /// `invalid_argument` beyond the stream's version.
  void save_snapshot(std::uint64_t version, const Value& state);
  std::optional<AggregateSnapshot> snapshot() const;

 private:
  std::shared_ptr<detail::CollectionAccess> access_;
  std::string name_;
};

/// All streams at once.
class Streams {
 public:
  explicit Streams(std::shared_ptr<detail::CollectionAccess> access);
  /// In the common order.
  std::vector<Event> read(const EventQuery& query = {}) const;
  void scan(const EventQuery& query, const std::function<bool(const Event&)>& visit) const;
  /// Sorted by name.
  std::vector<StreamDescription> list(std::string_view prefix = {}, std::size_t limit = 0) const;

 private:
  std::shared_ptr<detail::CollectionAccess> access_;
};

}  // namespace strata
