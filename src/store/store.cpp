#include "strata/store.hpp"

#include <algorithm>

#include "codec/hash.hpp"
#include "codec/head.hpp"
#include "follow/copying.hpp"
#include "follow/log_reader.hpp"
#include "model/document_release.hpp"
#include "model/event.hpp"
#include "model/graph.hpp"
#include "model/own_collection.hpp"
#include "model/queue_call.hpp"
#include "model/stream_retention.hpp"
#include "operate/dump.hpp"
#include "operate/statistics.hpp"
#include "operate/verify.hpp"
#include "platform/clock.hpp"
#include "platform/file.hpp"
#include "store/access.hpp"
#include "store/place.hpp"
#include "strata/copy.hpp"
#include "strata/dump.hpp"
#include "view/views.hpp"

namespace strata {
namespace {

constexpr auto wait_poll = std::chrono::milliseconds(250);
constexpr std::size_t origin_bytes_max = 64;

void check_options(const OpenOptions& options) {
  if (options.origin.size() > origin_bytes_max) {
    throw Error(ErrorCode::invalid_argument,
                "the origin `" + options.origin.substr(0, 40) + "...` is longer than 64 bytes");
  }
  if (options.commit_timeout.count() <= 0 || options.snapshot_age_max.count() <= 0) {
    throw Error(ErrorCode::invalid_argument, "commit_timeout and snapshot_age_max must be greater than zero");
  }
}

LogChange::Operation operation_of(const codec::Change& change) {
  if (change.space == commit::catalogue_space) return LogChange::Operation::declare;
  switch (change.operation) {
    case codec::Operation::put:
      return LogChange::Operation::put;
    case codec::Operation::erase:
      return LogChange::Operation::erase;
    default:
      return LogChange::Operation::erase_range;
  }
}

LogEntry public_entry(const codec::Entry& entry, const commit::Catalogue& catalogue) {
  LogEntry out{entry.position, entry.time, entry.id, entry.origin, {}};
  for (const codec::Change& change : entry.changes) {
    LogChange one;
    one.operation = operation_of(change);
    one.space = change.space.id;
    one.key = change.key;
    if (const commit::CollectionDefinition* collection = catalogue.find(change.space))
      one.collection = collection->name;
    if (one.collection == model::events_name) {
      if (const auto event = model::split_event_key(one.key)) {
        one.stream = event->stream;
        one.stream_version = event->version;
      }
    }
    if (one.operation == LogChange::Operation::erase_range) one.count = change.count;
    out.changes.push_back(std::move(one));
  }
  return out;
}

/// What this machine keeps for a store on a server; empty where there is no place for it.
std::string cache_of(const Uuid& store_id) {
  const std::string cache = platform::cache_directory();
  if (cache.empty()) return {};
  return platform::join(platform::join(cache, "strata"), store_id.to_string());
}

/// Where the store's views keep their files. For a store on a server that is this machine's cache; empty where there is
/// no such place, and for one in memory.
std::string views_directory(commit::Trunk& trunk, const std::string& directory, bool remote) {
  if (!directory.empty()) return platform::join(directory, "views");
  const std::string cache = remote ? cache_of(trunk.view()->head().store_id) : std::string();
  return cache.empty() ? std::string() : platform::join(cache, "views");
}

/// Those of one URL share: with it goes the name, and the rights, under which they come to the server.
commit::SharedFiles shared_files(engine::Engine& engine, const std::string& directory, const std::string& url) {
  const engine::Capabilities& can = engine.capabilities();
  if (!can.many_processes) return {};
  if (!can.remote) return {.slots = platform::join(platform::join(directory, "run"), "slots"), .turn = {}};
  if (!can.same_lineage) return {};
  try {
    const std::string cache = cache_of(commit::Trunk::read_head(engine)->store_id);
    // Shared memory over a network is none.
    if (cache.empty() || platform::network_file_system(cache)) return {};
    const std::string run = platform::join(cache, "run-" + std::to_string(codec::hash64(url)));
    platform::make_directories(run);
    return {.slots = platform::join(run, "slots"), .turn = platform::join(run, "turn")};
  } catch (const Error& error) {
    if (error.code() != ErrorCode::io) throw;
    return {};  // no room or no right: each process commits for itself
  }
}

}  // namespace

const std::shared_ptr<Store::State>& store::require(const std::shared_ptr<Store::State>& state) {
  if (!state) throw Error(ErrorCode::closed, "the store has been closed; open it again");
  return state;
}

using store::require;

Store Store::open(std::string_view url, const OpenOptions& options) {
  check_options(options);
  store::Opened opened = store::open_place(store::parse_url(url), options);
  auto state = std::make_shared<State>();
  state->url = std::move(opened.url);
  state->directory = std::move(opened.directory);
  const engine::Capabilities& engine = opened.engine->capabilities();
  const commit::SharedFiles files = shared_files(*opened.engine, state->directory, state->url);
  state->trunk = commit::Trunk::open(std::move(opened.engine), options, files);
  state->trunk->add_upkeep(model::retain_events);
  state->trunk->add_upkeep(model::release_step);
  state->trunk->add_expiry(model::release_expired);  // the first: it may put some off
  state->trunk->add_expiry(model::release_expired_contents);
  state->trunk->understand_calls(model::TakeCall::decode);
  commit::Trunk& trunk = *state->trunk;
  trunk.accompany(std::make_unique<view::Views>(trunk, [&trunk, directory = state->directory, remote = engine.remote] {
    return views_directory(trunk, directory, remote);
  }));
  state->access = detail::make_access(state->trunk);
  return Store(std::move(state));
}

Store::Store(std::shared_ptr<State> state) : state_(std::move(state)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() {
  // Handles may outlive the store: they give `closed` from here on, and the engine goes with the last of them.
  if (state_) state_->trunk->close();
}

void Store::close() {
  if (!state_) return;
  state_->trunk->close();
  state_.reset();
}

Collection Store::collection(std::string_view name) { return Collection(require(state_)->access, std::string(name)); }

std::vector<std::string> Store::collections() const {
  std::vector<std::string> names;
  for (const auto& [name, unused] : require(state_)->trunk->view()->catalogue().collections()) {
    if (!model::is_own(name)) names.push_back(name);
  }
  return names;
}

Snapshot Store::snapshot() const { return Snapshot(Snapshot::State::make(require(state_)->trunk)); }

CommitResult Store::run_transaction(const std::function<void(Transaction&)>& fn, const CommitOptions& options) {
  return store::run_public(
      require(state_)->trunk,
      [&](const std::shared_ptr<Transaction::State>& state) {
        Transaction transaction(state);
        fn(transaction);
      },
      options);
}

std::future<CommitResult> Store::commit_async(const std::function<void(Transaction&)>& fn,
                                              const CommitOptions& options) {
  return store::run_async(
      require(state_)->trunk,
      [&](const std::shared_ptr<Transaction::State>& state) {
        Transaction transaction(state);
        fn(transaction);
      },
      options);
}

std::optional<CommitResult> Store::outcome(const Uuid& id) const { return store::outcome(*require(state_)->trunk, id); }

std::vector<LogEntry> Store::log(Position from, std::size_t limit) const {
  const auto view = require(state_)->trunk->view();
  commit::ViewSource source(*view, platform::clock().now());
  std::vector<LogEntry> entries;
  if (limit == 0) return entries;
  follow::read_log(source, from, [&](const codec::Entry& entry) {
    entries.push_back(public_entry(entry, view->catalogue()));
    return entries.size() < limit;
  });
  return entries;
}

Position Store::position() const { return require(state_)->trunk->view()->position(); }

Position Store::wait_for_commit(Position seen, std::chrono::milliseconds timeout) const {
  const auto trunk = require(state_)->trunk;
  const auto deadline = platform::steady_now() + timeout;
  for (;;) {
    // The word is read before the state: a commit between the two changes the word, and the wait returns at once.
    const std::uint32_t word = trunk->engine().wake().current();
    const Position newest = trunk->view()->position();
    const auto now = platform::steady_now();
    if (newest > seen || now >= deadline) return newest;
    trunk->engine().wake().wait(word, std::min(deadline, now + wait_poll));
  }
}

StoreDescription Store::describe() const {
  const auto state = require(state_);
  const auto view = state->trunk->view();
  const codec::Head& head = view->head();
  StoreDescription out;
  out.id = head.store_id;
  out.url = state->url;
  out.directory = state->directory;
  out.engine = state->trunk->engine().capabilities();
  out.format = head.format;
  out.position = head.position;
  out.time = head.time;
  out.digest = head.digest.to_string();
  out.chain = head.chain.to_string();
  out.log_base = head.log_base;
  out.epoch = head.epoch;
  return out;
}

StoreStatistics Store::statistics() const { return operate::statistics(*require(state_)->trunk); }

VerifyReport Store::verify(engine::Progress* progress) const {
  const auto view = require(state_)->trunk->view();
  return operate::verify(*view, progress);
}

std::pair<std::uint64_t, std::uint64_t> Store::compact(engine::Progress* progress) {
  struct Silent : engine::Progress {
    bool advance(std::string_view, std::uint64_t, std::uint64_t) override { return true; }
  } silent;
  const auto state = require(state_);
  const std::uint64_t before = state->trunk->engine().statistics().file_bytes;
  state->trunk->maintain(true);
  state->trunk->engine().compact(progress ? *progress : silent);
  return {before, state->trunk->engine().statistics().file_bytes};
}

CopyReport copy(const Store& from, Store& to, const CopyOptions& options, engine::Progress* progress) {
  const auto source = require(from.state());
  const auto target = require(to.state());
  return follow::Copying(*source->trunk, *target->trunk, options, progress).run([&](const Uuid& store_id) {
    if (!target->directory.empty()) store::set_store_id(target->directory, store_id);
  });
}

void dump(const Store& store, const std::function<void(std::string_view line)>& sink, engine::Progress* progress) {
  operate::dump(*require(store.state())->trunk, sink, progress);
}

LoadReport load(Store& store, const std::function<bool(std::string& line)>& source, engine::Progress* progress) {
  return operate::load(*require(store.state())->trunk, source, progress);
}

}  // namespace strata
