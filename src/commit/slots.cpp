#include "commit/slots.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "codec/hash.hpp"
#include "commit/request_codec.hpp"
#include "platform/futex.hpp"
#include "platform/process.hpp"
#include "strata/error.hpp"

namespace strata::commit {
namespace {

constexpr std::uint64_t file_format = 0x5354524154410006;  // changes whenever slots or requests do
constexpr std::uint32_t slot_count = 64;
constexpr std::size_t payload_bytes = 16 * 1024 - 64;
static_assert(payload_bytes > Call::answer_bytes_max + 64);
constexpr std::size_t memory_bytes = 16 * 1024 - 16;

enum State : std::uint32_t { free_slot, filling, ready, claimed, done, abandoned };

constexpr std::uint64_t word_of(std::uint32_t generation, State state) {
  return std::uint64_t{generation} << 32 | state;
}
constexpr std::uint32_t generation_of(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }
constexpr State state_of(std::uint64_t word) { return static_cast<State>(word & 0xFFFFFFFFu); }

/// Empty when it cannot go to another process.
Bytes payload_of(Pending& pending) {
  if (pending.call) {
    if (!pending.call->travels()) return {};
    pending.request.call = pending.call->arguments();
  }
  return pending.request.bytes < payload_bytes ? encode_request(pending.request) : Bytes{};
}

void note_elsewhere(Pending& pending) {
  pending.elsewhere = true;
  pending.request.id_may_exist = true;
}

}  // namespace

std::exception_ptr unknown_elsewhere(const Pending& pending, std::string_view why) {
  return std::make_exception_ptr(
      Error(ErrorCode::commit_unknown, "another process may have committed the transaction (" + std::string(why) +
                                           "); ask for the outcome of " + pending.request.id.to_string()));
}

struct Slots::Header {
  std::atomic<std::uint64_t> format;
  std::atomic<std::uint32_t> arrivals;    ///< Futex: counts transactions left, for a leader that waits for company.
  std::atomic<std::uint32_t> awaited;     ///< Whether one waits.
  std::atomic<std::uint32_t> last_group;  ///< Size of the last group,
  std::atomic<std::uint32_t> last_took;   ///< and how long it took to commit, in microseconds.
  char unused[40];
};

/// A process, as others can tell whether it still lives.
struct Slots::Party {
  std::uint32_t process;
  std::uint32_t pid_namespace;  ///< Where the id above means something.
  std::uint64_t start;          ///< When the process began.

  static Party self() {
    const std::uint64_t id = platform::process_id();
    return {static_cast<std::uint32_t>(id), static_cast<std::uint32_t>(platform::pid_namespace()),
            platform::process_start(id).value_or(0)};
  }
  /// Ids of another namespace say nothing: who is there counts as living, and what it owns is left to its deadlines.
  bool is_dead(const Party& asking) const {
    return pid_namespace == asking.pid_namespace && platform::process_start(process) != start;
  }
};

struct Slots::Slot {
  std::atomic<std::uint64_t> word;  ///< generation, state
  std::atomic<std::uint32_t> bell;  ///< Futex: rung when an answer has come, or the write section may be free.
  std::uint32_t length;             ///< Of the payload: a request, then its answer.
  std::uint64_t checksum;           ///< Over the payload, seeded with the generation.
  std::uint64_t epoch;
  Party owner;     ///< Who waits for the answer.
  Party claimant;  ///< Who is to give it.
  char payload[payload_bytes];

  bool change(std::uint32_t generation, State from, State to) {
    std::uint64_t expected = word_of(generation, from);
    return word.compare_exchange_strong(expected, word_of(generation, to), std::memory_order_acq_rel);
  }
  void fill(std::uint32_t generation, bytes_view bytes) {
    length = static_cast<std::uint32_t>(bytes.size());
    std::memcpy(payload, bytes.data(), bytes.size());
    checksum = codec::hash64(bytes, generation);
  }
  /// A copy, since others may write here at any time; nothing when it is not whole.
  std::optional<Bytes> read(std::uint32_t generation) const {
    const std::uint32_t size = length;
    if (size > payload_bytes) return std::nullopt;
    Bytes bytes(payload, size);
    if (codec::hash64(bytes, generation) != checksum) return std::nullopt;
    return bytes;
  }
  void ring() {
    bell.fetch_add(1, std::memory_order_acq_rel);
    platform::futex_wake(bell, platform::futex_all);
  }
};

/// Written by one at a time, or else the checksum does not hold.
struct Slots::Keepsake {
  std::uint64_t length;
  std::uint64_t checksum;
  char bytes[memory_bytes];
};

std::unique_ptr<Slots> Slots::open(const std::string& path, std::uint64_t epoch) {
  static_assert(sizeof(Slot) == 64 + payload_bytes && std::atomic<std::uint64_t>::is_always_lock_free);
  try {
    auto file =
        std::make_unique<platform::MappedFile>(path, sizeof(Header) + slot_count * sizeof(Slot) + sizeof(Keepsake));
    auto& format = reinterpret_cast<Header*>(file->data())->format;
    std::uint64_t found = 0;
    if (!format.compare_exchange_strong(found, file_format) && found != file_format) return nullptr;
    return std::unique_ptr<Slots>(new Slots(std::move(file), epoch));
  } catch (const Error&) {
    return nullptr;  // no room or no right: the write gate alone will do
  }
}

Slots::Slots(std::unique_ptr<platform::MappedFile> file, std::uint64_t epoch)
    : file_(std::move(file)), epoch_(epoch), self_(std::make_unique<Party>(Party::self())) {}

Slots::~Slots() = default;

Slots::Header& Slots::header() const { return *reinterpret_cast<Header*>(file_->data()); }

Slots::Slot& Slots::slot(std::uint32_t number) const {
  return *reinterpret_cast<Slot*>(file_->data() + sizeof(Header) + number * sizeof(Slot));
}

Slots::Keepsake& Slots::keepsake() const {
  return *reinterpret_cast<Keepsake*>(file_->data() + sizeof(Header) + slot_count * sizeof(Slot));
}

Bytes Slots::memory() const {
  const Keepsake& kept = keepsake();
  const std::uint64_t length = kept.length;
  if (length == 0 || length > memory_bytes) return {};
  Bytes bytes(kept.bytes, length);
  if (codec::hash64(bytes, length) != kept.checksum) bytes.clear();
  return bytes;
}

void Slots::keep_memory(bytes_view memory) {
  Keepsake& kept = keepsake();
  const std::uint64_t length = memory.size() > memory_bytes ? 0 : memory.size();
  kept.length = length;
  std::memcpy(kept.bytes, memory.data(), length);
  kept.checksum = codec::hash64(memory.substr(0, length), length);
}

bool Slots::take_for_filling(Slot& one, std::uint32_t& generation) {
  std::uint64_t word = one.word.load(std::memory_order_acquire);
  const State state = state_of(word);
  if (state == ready || state == claimed || state == abandoned) return false;
  // A dead owner collects no answer; a live one is waited for.
  if (state != free_slot && !one.owner.is_dead(*self_)) return false;
  generation = generation_of(word) + 1;
  return one.word.compare_exchange_strong(word, word_of(generation, filling), std::memory_order_acq_rel);
}

bool Slots::try_leave(std::uint32_t number, const std::shared_ptr<Pending>& pending, bytes_view payload,
                      Ticket& ticket) {
  Slot& one = slot(number);
  std::uint32_t generation = 0;
  if (!take_for_filling(one, generation)) return false;
  one.owner = *self_;
  one.epoch = epoch_;
  one.fill(generation, payload);
  ticket = {number, generation, pending, false};
  if (!one.change(generation, filling, ready)) return false;
  header().arrivals.fetch_add(1, std::memory_order_acq_rel);
  if (header().awaited.load(std::memory_order_acquire) != 0) platform::futex_wake(header().arrivals, 1);
  return true;
}

std::vector<Slots::Ticket> Slots::leave(const PendingGroup& group) {
  std::vector<Ticket> tickets;
  // Each process begins at a place of its own, so that they seldom try for the same slot.
  std::uint32_t number = self_->process * 7 % slot_count;
  std::uint32_t tried = 0;
  for (const auto& pending : group) {
    const Bytes payload = payload_of(*pending);
    bool left = false;
    while (!payload.empty() && payload.size() <= payload_bytes && !left && tried < slot_count) {
      Ticket ticket;
      left = try_leave(number, pending, payload, ticket);
      if (left) tickets.push_back(std::move(ticket));
      number = (number + 1) % slot_count;
      ++tried;
    }
    if (left) continue;
    // Those left already may have been claimed: the group then waits for them here, the others go another way.
    break;
  }
  return tickets;
}

bool Slots::collect(std::vector<Ticket>& tickets) {
  bool all = true;
  for (Ticket& ticket : tickets) {
    if (ticket.answered) continue;
    Slot& one = slot(ticket.slot);
    const std::uint64_t word = one.word.load(std::memory_order_acquire);
    if (word == word_of(ticket.generation, done)) {
      try {
        const auto bytes = one.read(ticket.generation);
        if (!bytes)
          throw Error(ErrorCode::commit_unknown, "the answer to a commit was damaged; ask for the outcome of " +
                                                     ticket.pending->request.id.to_string());
        Bytes of_call;
        ticket.pending->result = decode_answer(ticket.pending->request.id, *bytes, of_call);
        if (ticket.pending->call) ticket.pending->call->take_answer(of_call);
      } catch (const Error&) {
        ticket.pending->error = std::current_exception();
      }
      one.change(ticket.generation, done, free_slot);
      ticket.answered = true;
    } else if (generation_of(word) != ticket.generation || state_of(word) == free_slot) {
      // Somebody took us for dead: what became of it is known under its id alone.
      ticket.pending->error = std::make_exception_ptr(
          Error(ErrorCode::commit_unknown,
                "the answer to a commit was lost; ask for the outcome of " + ticket.pending->request.id.to_string()));
      ticket.answered = true;
    } else {
      all = false;
    }
  }
  return all;
}

void Slots::wait(const std::vector<Ticket>& tickets, platform::SteadyTime until) {
  for (const Ticket& ticket : tickets) {
    if (ticket.answered) continue;
    Slot& one = slot(ticket.slot);
    const std::uint32_t bell = one.bell.load(std::memory_order_acquire);
    const State state = state_of(one.word.load(std::memory_order_acquire));
    if (state == ready || state == claimed) platform::futex_wait(one.bell, bell, until);
    return;
  }
}

PendingGroup Slots::withdraw(std::vector<Ticket>& tickets, bool inside) {
  collect(tickets);
  PendingGroup back;
  for (Ticket& ticket : tickets) {
    if (ticket.answered) continue;
    Slot& one = slot(ticket.slot);
    if (one.change(ticket.generation, ready, free_slot)) {
      ticket.answered = true;
      back.push_back(ticket.pending);
    } else if (inside) {
      if (!one.claimant.is_dead(*self_) || !one.change(ticket.generation, claimed, free_slot)) continue;
      ticket.answered = true;
      note_elsewhere(*ticket.pending);
      back.push_back(ticket.pending);
    } else if (one.change(ticket.generation, claimed, abandoned)) {
      ticket.answered = true;
      ticket.pending->error = std::make_exception_ptr(
          Error(ErrorCode::commit_unknown,
                "another process was committing the transaction when its time was up; ask for its outcome by id " +
                    ticket.pending->request.id.to_string()));
    }
  }
  collect(tickets);
  return back;
}

PendingGroup Slots::take_back(std::vector<Ticket>& tickets) {
  collect(tickets);
  PendingGroup back;
  for (Ticket& ticket : tickets) {
    if (ticket.answered) continue;
    // Whoever claimed it frees the slot, or the next one to see that it is dead.
    if (!slot(ticket.slot).change(ticket.generation, claimed, abandoned)) continue;
    ticket.answered = true;
    note_elsewhere(*ticket.pending);
    back.push_back(ticket.pending);
  }
  collect(tickets);
  return back;
}

void Slots::give_back(const std::vector<Foreign>& foreign) {
  for (const Foreign& one : foreign) {
    if (one.pending->elsewhere) {
      one.pending->error = unknown_elsewhere(*one.pending, "it had no turn to write");
      answer({one});
      continue;
    }
    Slot& place = slot(one.slot);
    if (!place.change(one.generation, claimed, ready)) place.change(one.generation, abandoned, free_slot);
  }
}

PendingGroup Slots::waiting(const std::vector<Foreign>& foreign) const {
  PendingGroup group;
  for (const Foreign& one : foreign) {
    if (slot(one.slot).word.load(std::memory_order_acquire) == word_of(one.generation, claimed))
      group.push_back(one.pending);
  }
  return group;
}

std::vector<Slots::Foreign> Slots::claim(std::uint64_t bytes_max) {
  std::vector<Foreign> taken;
  std::uint64_t bytes = 0;
  for (std::uint32_t number = 0; number < slot_count && bytes < bytes_max; ++number) {
    Slot& one = slot(number);
    const std::uint64_t word = one.word.load(std::memory_order_acquire);
    const std::uint32_t generation = generation_of(word);
    const State state = state_of(word);
    if (state == abandoned && one.claimant.is_dead(*self_)) one.change(generation, abandoned, free_slot);
    if (state != ready && state != claimed) continue;
    if (one.epoch != epoch_) continue;  // its owner has the store open as it was before it moved, and will learn so
    if (state == claimed && !one.claimant.is_dead(*self_)) continue;  // its claimant is about to answer
    one.claimant = *self_;
    if (state == ready && !one.change(generation, ready, claimed)) continue;
    Foreign foreign{number, generation, nullptr};
    try {
      const auto payload = one.read(generation);
      if (!payload) throw Error(ErrorCode::internal, "a transaction was damaged on its way to another process");
      foreign.pending = std::make_shared<Pending>(decode_request(*payload), engine::Deadline{});
      bytes += payload->size();
    } catch (const Error&) {
      foreign.pending = std::make_shared<Pending>(Request{}, engine::Deadline{});
      foreign.pending->error = std::current_exception();
    }
    if (state == claimed) note_elsewhere(*foreign.pending);
    taken.push_back(std::move(foreign));
  }
  return taken;
}

void Slots::discard_dead() {
  for (std::uint32_t number = 0; number < slot_count; ++number) {
    Slot& one = slot(number);
    const std::uint64_t word = one.word.load(std::memory_order_acquire);
    const State state = state_of(word);
    const bool waits = state == ready || (state == claimed && one.claimant.is_dead(*self_));
    if (waits && one.owner.is_dead(*self_)) one.change(generation_of(word), state, free_slot);
  }
}

std::size_t Slots::count_ready() const {
  std::size_t count = 0;
  for (std::uint32_t number = 0; number < slot_count; ++number) {
    const State state = state_of(slot(number).word.load(std::memory_order_acquire));
    if (state == ready || state == claimed) ++count;
  }
  return count;
}

void Slots::await_company(std::size_t own) {
  const std::chrono::microseconds half(header().last_took.load(std::memory_order_relaxed) / 2);
  const auto until = platform::steady_now() + std::clamp(half, company_wait_min, company_wait_max);
  const std::size_t wanted = header().last_group.load(std::memory_order_relaxed);
  while (wanted <= slot_count && platform::steady_now() < until) {
    const std::uint32_t seen = header().arrivals.load(std::memory_order_acquire);
    if (own + count_ready() >= wanted) return;
    header().awaited.store(1, std::memory_order_release);
    platform::futex_wait(header().arrivals, seen, until);
    header().awaited.store(0, std::memory_order_release);
  }
}

void Slots::note_group(std::size_t size, std::size_t foreign) {
  // A process that commits for itself alone knows when its threads are all there: nobody else is waited for.
  const auto number = static_cast<std::uint32_t>(foreign == 0 ? 0 : size);
  if (header().last_group.load(std::memory_order_relaxed) != number)
    header().last_group.store(number, std::memory_order_relaxed);
}

void Slots::note_duration(std::chrono::steady_clock::duration took) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  header().last_took.store(static_cast<std::uint32_t>(std::clamp<std::int64_t>(micros, 0, UINT32_MAX)),
                           std::memory_order_relaxed);
}

void Slots::answer(const std::vector<Foreign>& foreign) {
  for (const Foreign& one : foreign) {
    Slot& place = slot(one.slot);
    // While the slot is claimed its payload is ours; an owner that gave up leaves it to us to free.
    if (place.word.load(std::memory_order_acquire) == word_of(one.generation, claimed)) {
      const Bytes of_call = one.pending->call && !one.pending->error ? one.pending->call->answer() : Bytes{};
      Bytes answer = encode_answer(one.pending->result, one.pending->error, of_call);
      if (answer.size() > payload_bytes) answer.resize(payload_bytes);
      place.fill(one.generation, answer);
    }
    if (place.change(one.generation, claimed, done)) {
      place.ring();
    } else {
      place.change(one.generation, abandoned, free_slot);
    }
  }
}

void Slots::hand_over() {
  for (std::uint32_t number = 0; number < slot_count; ++number) {
    Slot& one = slot(number);
    if (state_of(one.word.load(std::memory_order_acquire)) != ready) continue;
    return one.ring();
  }
}

}  // namespace strata::commit
