// How a group comes to be committed where the engine is far away.
//
// A commit from memory is one round trip; one that asks first is two. The processes of a machine take turns, so that
// one of them commits for all, and leaves its memory to the next. The turn is a matter of speed alone: the server's
// lock is what keeps writers apart, and whoever waits too long for the turn goes to the server by itself.
#include <algorithm>

#include "commit/trunk.hpp"
#include "platform/clock.hpp"
#include "strata/error.hpp"

namespace strata::commit {
namespace {

/// Whoever has the turn for longer may stand still.
constexpr auto turn_wait = std::chrono::milliseconds(500);
constexpr auto alone_for = std::chrono::seconds(5);

/// Gives the turn back.
class Turn {
 public:
  Turn(platform::FileLock& lock, Slots& slots) : lock_(lock), slots_(slots) {}
  ~Turn() {
    lock_.release();
    slots_.hand_over();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  platform::FileLock& lock_;
  Slots& slots_;
};

}  // namespace

void Trunk::lead_far(engine::Deadline deadline, const Line::Gathering& gathering) {
  if (!turn_ || platform::steady_now() < alone_until_) {
    if (engine_->memory().empty()) {
      const auto transaction = begin_write_for(gathering.look(), deadline);
      return write_group(*transaction, gathering.take(), false);
    }
    return commit_alone_far(deadline, gathering.take());
  }
  if (!turn_->try_acquire(platform::FileLock::Kind::exclusive)) return lead_without_turn(deadline, gathering.take());
  const Turn turn(*turn_, *slots_);
  lead_with_turn(deadline, gathering);
}

void Trunk::commit_alone_far(engine::Deadline deadline, const PendingGroup& group) {
  if (commit_from_memory(group, engine_->memory(), deadline)) return;
  const auto transaction = begin_write_for(group, deadline);
  write_group(*transaction, group, false);
}

void Trunk::lead_with_turn(engine::Deadline deadline, const Line::Gathering& gathering) {
  PendingGroup own;
  PendingGroup group;
  std::vector<Slots::Foreign> foreign;
  const Bytes memory = slots_->memory();
  if (!memory.empty()) {
    own = gathering.take();
    slots_->await_company(own.size());
    foreign = slots_->claim(transaction_bytes_max);
    group = own;
    for (const Slots::Foreign& one : foreign) group.push_back(one.pending);
    slots_->note_group(group.size(), foreign.size());
    if (commit_from_memory(group, memory, deadline)) return leave_turn(foreign);
  }
  std::unique_ptr<engine::WriteTransaction> transaction;
  try {
    transaction = begin_write_for(group.empty() ? gathering.look() : group, deadline);
  } catch (...) {
    slots_->give_back(foreign);
    throw;
  }
  group = own.empty() ? gathering.take() : own;
  for (auto& pending : slots_->waiting(foreign)) group.push_back(std::move(pending));
  for (Slots::Foreign& one : slots_->claim(transaction_bytes_max)) {
    group.push_back(one.pending);
    foreign.push_back(std::move(one));
  }
  slots_->note_group(group.size(), foreign.size());
  write_group(*transaction, group, false);
  leave_turn(foreign);
}

void Trunk::leave_turn(const std::vector<Slots::Foreign>& foreign) {
  slots_->keep_memory(engine_->memory());
  slots_->answer(foreign);
}

void Trunk::lead_without_turn(engine::Deadline deadline, const PendingGroup& group) {
  std::vector<Slots::Ticket> tickets = slots_->leave(group);
  const PendingGroup rest(group.begin() + static_cast<std::ptrdiff_t>(tickets.size()), group.end());
  const auto patience = std::min(deadline, platform::steady_now() + turn_wait);
  PendingGroup own;
  try {
    // The turn is tried once more behind leaving: who gave it back in between saw nobody waiting.
    for (; rest.empty() && platform::steady_now() < patience;
         slots_->wait(tickets, std::min(patience, platform::steady_now() + slots_poll))) {
      if (slots_->collect(tickets)) return;
      if (!turn_->try_acquire(platform::FileLock::Kind::exclusive)) continue;
      {
        const Turn turn(*turn_, *slots_);
        own = slots_->withdraw(tickets, true);
        if (!own.empty()) lead_with_turn(deadline, {[&] { return own; }, [&] { return own; }});
      }
      return await_answers(tickets, deadline);
    }
    own = slots_->withdraw(tickets, true);
    if (rest.empty()) {
      alone_until_ = platform::steady_now() + alone_for;
      const PendingGroup back = slots_->take_back(tickets);
      own.insert(own.end(), back.begin(), back.end());
    }
    own.insert(own.end(), rest.begin(), rest.end());
    if (!own.empty()) commit_alone_far(deadline, own);
  } catch (const Error& error) {
    for (const auto& pending : own)
      pending->error = pending->elsewhere ? unknown_elsewhere(*pending, error.what()) : std::current_exception();
  }
  await_answers(tickets, deadline);
}

/// Where a call costs a round trip, what the group will ask for comes with the lock.
std::unique_ptr<engine::WriteTransaction> Trunk::begin_write_for(const PendingGroup& group, engine::Deadline deadline) {
  const auto presumed = presumption();
  const KeyList ahead = rows_ahead(requests_of(group), *last_head(), *presumed.catalogue);
  return engine_->begin_write(deadline, ahead.keys());
}

bool Trunk::commit_from_memory(const PendingGroup& group, bytes_view memory, engine::Deadline deadline) {
  if (memory.empty()) return false;
  const auto transaction = engine_->begin_from_memory(memory, deadline);
  if (!transaction) return false;
  try {
    write_group(*transaction, group, true);
    return true;
  } catch (const engine::StaleMemory&) {
    for (const auto& pending : group) pending->result = {};
    return false;
  }
}

void Trunk::settle_elsewhere(engine::WriteTransaction& transaction, const PendingGroup& group) {
  const auto elsewhere = [](const auto& pending) { return pending->elsewhere; };
  if (std::none_of(group.begin(), group.end(), elsewhere)) return;
  try {
    void_memories(transaction);
  } catch (const Error& error) {
    for (const auto& pending : group) {
      if (pending->elsewhere) pending->error = unknown_elsewhere(*pending, error.what());
    }
  }
}

void Trunk::void_memories(engine::WriteTransaction& transaction) { transaction.commit(Durability::sync); }

}  // namespace strata::commit
