#include "commit/line.hpp"

#include <algorithm>
#include <chrono>

#include "platform/clock.hpp"
#include "platform/futex.hpp"
#include "strata/error.hpp"

namespace strata::commit {
namespace {

constexpr std::size_t group_max = 1024;
constexpr std::uint64_t group_bytes_max = transaction_bytes_max;
/// How long a leader waits for as many as came last time: those of the last group come back about now.
constexpr auto company_wait = std::chrono::microseconds(100);

/// Nobody is told of a commit that no one has answered for.
std::exception_ptr unanswered(const Pending& pending) {
  return std::make_exception_ptr(
      Error(ErrorCode::commit_unknown,
            "nobody has said what became of the commit; ask for the outcome of " + pending.request.id.to_string()));
}

}  // namespace

std::vector<const Request*> requests_of(const PendingGroup& group) {
  std::vector<const Request*> requests;
  requests.reserve(group.size());
  for (const auto& pending : group) requests.push_back(&pending->request);
  return requests;
}

CommitResult Line::commit(const std::shared_ptr<Pending>& pending) {
  std::unique_lock lock(mutex_);
  waiting_.push_back(pending);
  if (!led_) {
    led_ = true;
    lead(lock, pending);
  } else {
    if (waiting_.size() >= awaited_) arrived_.notify_one();
    lock.unlock();
    wait(*pending);
    if (pending->state_ == Pending::leading) {
      lock.lock();
      lead(lock, pending);
    }
  }
  if (pending->error) std::rethrow_exception(pending->error);
  return pending->result;
}

void Line::commit_all(const PendingGroup& group) {
  std::unique_lock lock(mutex_);
  for (const auto& pending : group) waiting_.push_back(pending);
  for (const auto& pending : group) {
    try {
      if (!led_ && pending->state_ == Pending::waiting) {
        led_ = true;
        lead(lock, pending);
      } else {
        lock.unlock();
        wait(*pending);
        lock.lock();
        if (pending->state_ == Pending::leading) lead(lock, pending);
      }
    } catch (const Error&) {
      pending->error = std::current_exception();
    }
    if (!lock) lock.lock();
  }
}

/// Until it is done, or is to lead.
void Line::wait(Pending& pending) {
  const auto moved_on = [](std::uint32_t state) { return state == Pending::done || state == Pending::leading; };
  for (;;) {
    const std::uint32_t state = pending.state_.load(std::memory_order_acquire);
    if (moved_on(state)) return;
    if (platform::steady_now() >= pending.deadline) break;
    platform::futex_wait(pending.state_, state, pending.deadline);
  }
  const std::lock_guard lock(mutex_);
  const std::uint32_t state = pending.state_;
  if (moved_on(state)) return;
  if (state == Pending::claimed) {
    throw Error(ErrorCode::commit_unknown,
                "the transaction was being committed when its time was up; ask for its outcome by id " +
                    pending.request.id.to_string());
  }
  std::erase_if(waiting_, [&](const auto& other) { return other.get() == &pending; });
  throw Error(ErrorCode::busy,
              "no turn to write before the deadline: others in this process are writing; try again later");
}

void Line::tell(Pending& pending, Pending::State state) {
  pending.state_.store(state, std::memory_order_release);
  platform::futex_wake(pending.state_, 1);
}

/// Returns without the lock.
void Line::lead(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Pending>& own) {
  own->state_ = Pending::leading;
  PendingGroup group;
  bool looked = false;
  Afterwards afterwards;
  lock.unlock();
  try {
    const auto look = [&] {
      looked = true;
      return this->look(own);
    };
    afterwards = lead_(own->deadline, {look, [&] { return group = take(own, !looked); }});
  } catch (...) {
    if (group.empty()) group.push_back(own);
    for (const auto& pending : group) pending->error = std::current_exception();
  }
  for (const auto& pending : group) {
    if (!pending->error && pending->result.id != pending->request.id) pending->error = unanswered(*pending);
  }
  lock.lock();
  std::erase_if(waiting_, [&](const auto& other) { return other == own; });
  last_group_ = group.size();
  led_ = !waiting_.empty();
  if (led_) tell(*waiting_.front(), Pending::leading);
  lock.unlock();
  own->state_ = Pending::done;
  for (const auto& pending : group) {
    if (pending != own) tell(*pending, Pending::done);
  }
  if (afterwards) afterwards();
}

PendingGroup Line::look(const std::shared_ptr<Pending>& own) {
  std::unique_lock lock(mutex_);
  await_company(lock);
  return gather(own);
}

PendingGroup Line::take(const std::shared_ptr<Pending>& own, bool await) {
  std::unique_lock lock(mutex_);
  if (await) await_company(lock);
  PendingGroup group = gather(own);
  for (const auto& pending : group) {
    if (pending != own) pending->state_ = Pending::claimed;
  }
  std::erase_if(waiting_, [&](const auto& pending) { return pending == own || pending->state_ == Pending::claimed; });
  return group;
}

void Line::await_company(std::unique_lock<std::mutex>& lock) {
  if (waiting_.size() >= last_group_) return;
  awaited_ = last_group_;
  arrived_.wait_until(lock, platform::steady_now() + company_wait, [&] { return waiting_.size() >= awaited_; });
  awaited_ = 0;
}

PendingGroup Line::gather(const std::shared_ptr<Pending>& own) const {
  PendingGroup group{own};
  std::uint64_t bytes = own->request.bytes;
  for (const auto& pending : waiting_) {
    if (pending == own || group.size() >= group_max || bytes + pending->request.bytes > group_bytes_max) continue;
    bytes += pending->request.bytes;
    group.push_back(pending);
  }
  return group;
}

}  // namespace strata::commit
