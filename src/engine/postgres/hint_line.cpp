#include "engine/postgres/hint_line.hpp"

#include <algorithm>
#include <array>

#include "engine/postgres/postgres_error.hpp"
#include "platform/descriptor_wait.hpp"
#include "platform/random.hpp"

namespace strata::engine::postgres {
namespace {

constexpr auto reconnect_every = std::chrono::seconds(1);
/// How long a waiter sleeps at most when no hint can reach it.
constexpr auto deaf_wait = std::chrono::milliseconds(20);

const Statement notify_others{"SELECT pg_notify($1, $2)"};

}  // namespace

HintLine::HintLine(const Target& target)
    : target_(target), channel_("strata_" + target.schema), own_mark_(std::to_string(platform::random_u64())) {}

void HintLine::connect() {
  if (connection_ || platform::steady_now() < connect_at_) return;
  connect_at_ = platform::steady_now() + reconnect_every;
  try {
    auto connection = std::make_unique<Connection>(target_);
    // A hint is a commit too, but nobody misses one that a crash took.
    connection->ask("SET synchronous_commit = off");
    connection->ask("LISTEN \"" + channel_ + '"');
    connection_ = std::move(connection);
    if (was_connected_) ++word_;  // what was said meanwhile was not heard
    was_connected_ = true;
  } catch (const Error&) {
    connection_.reset();  // hints are worth having, not worth failing for
  }
}

void HintLine::take_hints() {
  if (!connection_) return;
  try {
    for (const std::string& mark : connection_->notifications()) {
      if (mark != own_mark_) ++word_;
    }
  } catch (const Error&) {
    connection_.reset();
    ++word_;
  }
}

std::uint32_t HintLine::current() {
  bond_.check(target_.place);
  const std::lock_guard lock(mutex_);
  connect();
  take_hints();
  return word_;
}

void HintLine::notify() noexcept {
  if (bond_.inherited()) return;
  const std::lock_guard lock(mutex_);
  ++word_;
  changed_.notify_all();
  connect();
  if (!connection_) return;
  try {
    take_hints();
    if (!connection_) return;
    // It comes back to this session too, and wakes the waiter that looks after it.
    const std::array parameters{Parameter::text(channel_), Parameter::text(own_mark_)};
    connection_->send(notify_others, parameters);
    connection_->post();
  } catch (const std::exception&) {
    connection_.reset();
  }
}

std::uint32_t HintLine::wait(std::uint32_t seen, Deadline deadline) {
  bond_.check(target_.place);
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!listening_) {
      connect();
      take_hints();
    }
    const auto now = platform::steady_now();
    if (word_ != seen || now >= deadline) return word_;
    if (listening_ || !connection_) {
      changed_.wait_until(lock, connection_ ? deadline : std::min(deadline, now + deaf_wait));
      continue;
    }
    listening_ = true;
    const int descriptor = connection_->descriptor();
    lock.unlock();
    platform::wait_for_descriptor(descriptor, {.readable = true, .writable = false}, deadline);
    lock.lock();
    listening_ = false;
    take_hints();
    changed_.notify_all();
  }
}

}  // namespace strata::engine::postgres
