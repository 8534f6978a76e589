// Subscription: waiting, and keeping the place of a durable one.
#include "strata/subscription.hpp"

#include <algorithm>
#include <atomic>

#include "follow/commit_bell.hpp"
#include "follow/place.hpp"
#include "follow/tail.hpp"
#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "store/access.hpp"
#include "store/feed.hpp"
#include "strata/error.hpp"

namespace strata {
namespace {

constexpr auto wait_poll = std::chrono::milliseconds(250);
/// A durable consumer that run() serves keeps its place at least so often while nothing matches.
constexpr std::uint64_t positions_unsaved_max = 10'000;

platform::SteadyTime deadline_after(std::chrono::milliseconds timeout) {
  const auto now = platform::steady_now();
  const auto most = std::chrono::duration_cast<std::chrono::milliseconds>(platform::SteadyTime::max() - now);
  return timeout >= most ? platform::SteadyTime::max() : now + timeout;
}

}  // namespace

struct Subscription::State {
  State(const std::shared_ptr<commit::Trunk>& store, const SubscriptionOptions& options)
      : trunk(store), consumer(options.consumer), feed(store, options), owner(platform::make_uuid()) {}

  std::shared_ptr<commit::Trunk> trunk;
  std::string consumer;
  store::Feed feed;
  Uuid owner;
  std::optional<follow::Place> found;  ///< What was kept when it began.
  std::optional<ResumePoint> saved;
  std::atomic<bool> cancelled{false};
  std::shared_ptr<follow::CommitBell> bell;        ///< Rings
  std::shared_ptr<follow::CommitBell::Line> line;  ///< here.

  std::optional<Change> next(platform::SteadyTime deadline) {
    for (;;) {
      if (cancelled) return std::nullopt;
      if (auto change = feed.take()) return change;
      // The word is read before the state: a commit between the two changes the word, and the wait returns at once.
      const std::uint32_t word = trunk->engine().wake().current();
      if (feed.advance()) continue;
      const auto now = platform::steady_now();
      if (now >= deadline) return std::nullopt;
      trunk->engine().wake().wait(word, std::min(deadline, now + wait_poll));
    }
  }

  void save(commit::Transaction& transaction) {
    if (consumer.empty()) {
      throw Error(
          ErrorCode::invalid_argument,
          "this subscription has no name to keep its place under; give it one in SubscriptionOptions::consumer");
    }
    follow::Place place = feed.place();
    const codec::Head& head = transaction.view().head();
    place.store_id = head.store_id;
    place.incarnation = head.incarnation;
    commit::ViewSource log(transaction.view(), transaction.now());  // what it reads is no part of the footprint
    place.chain = follow::chain_at(log, place.point.position);
    place.saved = transaction.now();
    place.owner = owner;
    follow::write_place(transaction, consumer, place, found);
  }

  void save() {
    store::run(trunk, [&](commit::Transaction& transaction) { save(transaction); },
               {.durability = Durability::relaxed});
    saved = feed.point();
  }
};

Subscription::Subscription(std::shared_ptr<State> state) : state_(std::move(state)) {}
Subscription::Subscription(Subscription&&) noexcept = default;
Subscription& Subscription::operator=(Subscription&&) noexcept = default;
Subscription::~Subscription() = default;

std::optional<Change> Subscription::next(std::chrono::milliseconds timeout) {
  if (state_->line) state_->line->clear();
  return state_->next(deadline_after(timeout));
}

std::vector<Change> Subscription::next_batch(std::size_t limit, std::chrono::milliseconds timeout) {
  std::vector<Change> changes;
  auto change = next(timeout);
  while (change) {
    changes.push_back(std::move(*change));
    if (changes.back().batch_end || changes.size() >= limit) break;
    change = state_->next(platform::steady_now());
  }
  return changes;
}

void Subscription::run(const std::function<bool(const Change&)>& handle) {
  State& state = *state_;
  const bool durable = !state.consumer.empty();
  while (!state.cancelled) {
    const auto change = next(std::chrono::seconds(1));
    if (change) {
      const bool more = handle(*change);
      if (durable && (change->batch_end || !more)) state.save();
      if (!more) return;
      continue;
    }
    if (state.cancelled || !durable) continue;
    const std::uint64_t position = state.feed.point().position.value;
    if (!state.saved || position >= state.saved->position.value + positions_unsaved_max) state.save();
  }
}

void Subscription::save() { state_->save(); }

void Subscription::save(Transaction& transaction) {
  transaction.state()->write([&](commit::Transaction& own) { state_->save(own); });
}

ResumePoint Subscription::point() const { return state_->feed.point(); }

std::uint64_t Subscription::lag() const {
  const Position newest = state_->trunk->view()->position();
  const Position seen = state_->feed.point().position;
  return newest > seen ? newest.value - seen.value : 0;
}

void Subscription::restart(Start start) { state_->feed.start(start, std::nullopt); }

int Subscription::descriptor() {
  if (!state_->line) {
    state_->bell = follow::CommitBell::of(state_->trunk);
    state_->line = state_->bell->add();
  }
  return state_->line->number();
}

void Subscription::cancel() {
  state_->cancelled = true;
  state_->trunk->engine().wake().notify();
}

// ---- Store

Subscription Store::subscribe(const SubscriptionOptions& options) {
  const auto state = store::require(state_);
  auto made = std::make_shared<Subscription::State>(state->trunk, options);
  if (!options.consumer.empty()) {
    follow::check_consumer(options.consumer);
    state->access->read([&](commit::Source& source) { made->found = follow::read_place(source, options.consumer); });
  }
  if (made->found) {
    made->feed.resume(options.consumer, *made->found);
    made->saved = made->found->point;
  } else {
    made->feed.start(options.start, options.after);
  }
  return Subscription(std::move(made));
}

std::vector<ConsumerDescription> Store::consumers() const {
  std::vector<ConsumerDescription> out;
  store::require(state_)->access->read([&](commit::Source& source) {
    const codec::Head& head = source.view().head();
    for (const auto& [name, place] : follow::read_places(source)) {
      ConsumerDescription one;
      one.name = name;
      one.point = place.point;
      const Position seen = place.point.position;
      one.lag = head.position > seen ? head.position.value - seen.value : 0;
      one.saved = place.saved;
      one.gap = seen < head.log_base || seen > head.position;
      out.push_back(std::move(one));
    }
  });
  return out;
}

bool Store::forget_consumer(std::string_view name) {
  bool existed = false;
  store::require(state_)->access->write([&](commit::Transaction& transaction) {
    existed = transaction.get(commit::consumers_space, name).has_value();
    if (existed) transaction.write_local({commit::consumers_space, Bytes(name), std::nullopt});
  });
  return existed;
}

}  // namespace strata
