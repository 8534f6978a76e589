// Queue: each call over the model, on whatever the handle stands on; and how to wait for something to take.
#include "strata/queue.hpp"

#include <algorithm>

#include "model/own_collection.hpp"
#include "model/queue.hpp"
#include "model/queue_call.hpp"
#include "platform/clock.hpp"
#include "store/access.hpp"
#include "strata/error.hpp"

namespace strata {
namespace {

constexpr auto wait_poll = std::chrono::milliseconds(250);
/// Looks of one that does not wait, while others keep being faster.
constexpr int attempts_max = 8;
/// As good as for ever, and no overflow.
constexpr auto wait_max = std::chrono::milliseconds(std::chrono::hours(24 * 365));

using Access = std::shared_ptr<detail::CollectionAccess>;

model::LeaseClock lease_clock(const Access& access) {
  return model::LeaseClock::read(access->trunk()->engine().capabilities().remote);
}

std::vector<Lease> take_by_call(const Access& access, const std::string& queue, std::span<const Lease> done,
                                const TakeOptions& options, const CommitOptions& commit) {
  // One token for all attempts: by it they find what an earlier one has taken.
  const model::TakeCall attempt(queue, done, options, access->trunk()->engine().capabilities().remote);
  const auto called = store::run_call(
      access->trunk(), [&] { return std::make_shared<model::TakeCall>(attempt); }, commit);
  auto& call = static_cast<model::TakeCall&>(*called);
  if (!call.taken_elsewhere()) return call.release_taken();
  std::vector<Lease> taken;
  access->read([&](commit::Source& source) { taken = call.find_taken(source); });
  return taken;
}

}  // namespace

Queue::Queue(std::shared_ptr<detail::CollectionAccess> access, std::string name)
    : access_(std::move(access)), name_(std::move(name)) {
  model::check_name("queue", name_);
}

std::string Queue::put(const Value& payload, const EnqueueOptions& options) {
  std::string id;
  access_->write([&](commit::Transaction& own) { id = model::put_item(own, name_, payload, options); });
  return id;
}

std::vector<std::string> Queue::put_many(std::span<const Value> payloads, const EnqueueOptions& options) {
  std::vector<std::string> ids;
  access_->write([&](commit::Transaction& own) {
    ids.clear();
    ids.reserve(payloads.size());
    for (const Value& payload : payloads) ids.push_back(model::put_item(own, name_, payload, options));
  });
  return ids;
}

std::vector<Lease> Queue::take(const TakeOptions& options) {
  access_->check_alone("taking from queue `" + name_ + "`");
  model::check_take_options(options);
  const auto& trunk = access_->trunk();
  const auto deadline = platform::steady_now() + std::min(options.wait, wait_max);
  int attempts_left = attempts_max;
  for (;;) {
    // The word is read before the state: what is put between the two changes the word, and the wait returns at once.
    const std::uint32_t word = trunk->engine().wake().current();
    model::QueueGlance glance;
    access_->read(
        [&](commit::Source& source) { glance = model::look_into_queue(source, name_, lease_clock(access_)); });
    if (glance.something) {
      // Relaxed: when the power fails right after, the item is merely delivered again.
      std::vector<Lease> taken = take_by_call(access_, name_, {}, options, {.durability = Durability::relaxed});
      if (!taken.empty()) return taken;
    }
    const auto now = platform::steady_now();
    // Others were faster, or what there was is dead now: there may be more.
    if (glance.something && (now < deadline || --attempts_left > 0)) continue;
    if (now >= deadline) return {};
    auto until = std::min(deadline, now + wait_poll);
    if (glance.look_again_in && *glance.look_again_in < wait_poll) until = std::min(until, now + *glance.look_again_in);
    trunk->engine().wake().wait(word, until);
  }
}

void Queue::extend(const Lease& lease, std::chrono::milliseconds for_time) {
  access_->write(
      [&](commit::Transaction& own) { model::extend_lease(own, name_, lease, for_time, lease_clock(access_)); });
}

void Queue::done(const Lease& lease) {
  access_->write([&](commit::Transaction& own) { model::finish_item(own, name_, lease); });
}

void Queue::done_many(std::span<const Lease> leases) {
  access_->write([&](commit::Transaction& own) { model::finish_items(own, name_, leases); });
}

std::vector<Lease> Queue::done_and_take(std::span<const Lease> leases, const TakeOptions& options) {
  access_->check_alone("taking from queue `" + name_ + "`");
  model::check_take_options(options);
  if (leases.empty()) return take(options);
  std::vector<Lease> taken = take_by_call(access_, name_, leases, options, {});
  return taken.empty() && options.wait.count() > 0 ? take(options) : taken;
}

void Queue::fail(const Lease& lease, const FailOptions& options) {
  access_->write([&](commit::Transaction& own) { model::fail_item(own, name_, lease, options); });
}

void Queue::give_back(const Lease& lease) {
  access_->write([&](commit::Transaction& own) { model::give_back_item(own, name_, lease); });
  // A commit of leases alone wakes nobody by itself.
  access_->trunk()->engine().wake().notify();
}

std::optional<QueueItem> Queue::get(std::string_view id) const {
  std::optional<QueueItem> item;
  access_->read([&](commit::Source& source) { item = model::get_item(source, name_, id, lease_clock(access_)); });
  return item;
}

std::vector<QueueItem> Queue::list(std::optional<ItemState> state, std::size_t limit) const {
  std::vector<QueueItem> items;
  access_->read(
      [&](commit::Source& source) { items = model::list_items(source, name_, state, limit, lease_clock(access_)); });
  return items;
}

QueueStatistics Queue::statistics() const {
  QueueStatistics out;
  access_->read([&](commit::Source& source) { out = model::queue_statistics(source, name_, lease_clock(access_)); });
  return out;
}

bool Queue::revive(std::string_view id) {
  bool was_dead = false;
  access_->write([&](commit::Transaction& own) { was_dead = model::revive_item(own, name_, id); });
  return was_dead;
}

bool Queue::erase(std::string_view id) {
  bool existed = false;
  access_->write([&](commit::Transaction& own) { existed = model::erase_item(own, name_, id); });
  return existed;
}

void Queue::set_options(const QueueOptions& options) {
  access_->write([&](commit::Transaction& own) { model::set_queue_options(own, name_, options); });
}

QueueOptions Queue::options() const {
  QueueOptions options;
  access_->read([&](commit::Source& source) { options = model::queue_options(source, name_); });
  return options;
}

Queue Snapshot::queue(std::string_view name) const { return {state_, std::string(name)}; }
Queue Transaction::queue(std::string_view name) { return {state_, std::string(name)}; }

Queue Store::queue(std::string_view name) {
  if (!state_) throw Error(ErrorCode::closed, "the store has been closed; open it again");
  return {state_->access, std::string(name)};
}

std::vector<std::string> Store::queues() const {
  if (!state_) throw Error(ErrorCode::closed, "the store has been closed; open it again");
  std::vector<std::string> names;
  state_->access->read([&](commit::Source& source) { names = model::queue_names(source); });
  // Those that the store keeps for agents.
  std::erase_if(names, [](const std::string& name) { return name.starts_with('.'); });
  return names;
}

}  // namespace strata
