// Stream, Streams: each call over the model, on whatever the handle stands on.
#include "strata/stream.hpp"

#include "model/own_collection.hpp"
#include "model/stream.hpp"
#include "model/stream_reading.hpp"
#include "store/access.hpp"
#include "strata/error.hpp"

namespace strata {
namespace {

constexpr std::uint64_t erased_per_commit = 5000;

std::shared_ptr<Store::State> require_open(const std::shared_ptr<Store::State>& state) {
  if (!state) throw Error(ErrorCode::closed, "the store has been closed; open it again");
  return state;
}

}  // namespace

Stream::Stream(std::shared_ptr<detail::CollectionAccess> access, std::string name)
    : access_(std::move(access)), name_(std::move(name)) {}

AppendResult Stream::append(const NewEvent& event, Expected expected) {
  return append(std::span<const NewEvent>(&event, 1), expected);
}

AppendResult Stream::append(std::span<const NewEvent> events, Expected expected) {
  model::Appended appended;
  const CommitResult commit = access_->write(
      [&](commit::Transaction& transaction) { appended = model::append_events(transaction, name_, events, expected); });
  AppendResult result;
  if (appended.fresh == 0) {
    return {appended.first, appended.last, appended.position, !events.empty()};
  }
  result.position = commit.position;
  if (commit.position == Position{}) return result;
  result.last = appended.last;
  if (result.last == 0) {
    access_->read(
        [&](commit::Source& source) { result.last = model::last_version_at(source, name_, commit.position); });
  }
  if (result.last > 0) result.first = result.last - appended.fresh + 1;
  return result;
}

std::vector<Event> Stream::read(const EventQuery& query) const {
  std::vector<Event> events;
  scan(query, [&](const Event& event) {
    events.push_back(event);
    return true;
  });
  return events;
}

void Stream::scan(const EventQuery& query, const std::function<bool(const Event&)>& visit) const {
  access_->read([&](commit::Source& source) { model::scan_stream(source, name_, query, visit); });
}

std::optional<Event> Stream::get(std::uint64_t version) const {
  std::optional<Event> event;
  access_->read([&](commit::Source& source) { event = model::get_event(source, name_, version); });
  return event;
}

std::uint64_t Stream::version() const {
  std::uint64_t version = 0;
  access_->read([&](commit::Source& source) { version = model::stream_version(source, name_); });
  return version;
}

std::optional<StreamDescription> Stream::describe() const {
  std::optional<StreamDescription> description;
  access_->read([&](commit::Source& source) { description = model::describe_stream(source, name_); });
  return description;
}

void Stream::set_options(const StreamOptions& options) {
  access_->write([&](commit::Transaction& transaction) { model::set_stream_options(transaction, name_, options); });
}

std::uint64_t Stream::truncate(std::uint64_t before) {
  std::uint64_t events = 0;
  for (;;) {
    model::ErasedEvents erased;
    access_->write([&](commit::Transaction& transaction) {
      erased = model::erase_events(transaction, name_, before, erased_per_commit);
    });
    events += erased.events;
    if (!erased.more) return events;
  }
}

bool Stream::erase(bool tombstone) {
  bool any = false;
  for (;;) {
    model::ErasedEvents erased;
    access_->write([&](commit::Transaction& transaction) {
      erased = model::erase_stream(transaction, name_, tombstone, erased_per_commit);
    });
    any = any || erased.events > 0 || erased.snapshot;
    if (!erased.more) return any;
  }
}

void Stream::save_snapshot(std::uint64_t version, const Value& state) {
  access_->write(
      [&](commit::Transaction& transaction) { model::save_stream_snapshot(transaction, name_, version, state); });
}

std::optional<AggregateSnapshot> Stream::snapshot() const {
  std::optional<AggregateSnapshot> snapshot;
  access_->read([&](commit::Source& source) { snapshot = model::stream_snapshot(source, name_); });
  return snapshot;
}

Streams::Streams(std::shared_ptr<detail::CollectionAccess> access) : access_(std::move(access)) {}

std::vector<Event> Streams::read(const EventQuery& query) const {
  std::vector<Event> events;
  scan(query, [&](const Event& event) {
    events.push_back(event);
    return true;
  });
  return events;
}

void Streams::scan(const EventQuery& query, const std::function<bool(const Event&)>& visit) const {
  access_->read([&](commit::Source& source) { model::scan_all_streams(source, query, visit); });
}

std::vector<StreamDescription> Streams::list(std::string_view prefix, std::size_t limit) const {
  std::vector<StreamDescription> streams;
  access_->read([&](commit::Source& source) { streams = model::list_streams(source, prefix, limit); });
  return streams;
}

Stream Store::stream(std::string_view name) { return {require_open(state_)->access, std::string(name)}; }
Streams Store::streams() const { return Streams(require_open(state_)->access); }
Stream Snapshot::stream(std::string_view name) const { return {state_, std::string(name)}; }
Streams Snapshot::streams() const { return Streams(state_); }
Stream Transaction::stream(std::string_view name) { return {state_, std::string(name)}; }
Streams Transaction::streams() { return Streams(state_); }

}  // namespace strata
