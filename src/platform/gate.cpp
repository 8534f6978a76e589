#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <utility>

#include "platform/futex.hpp"
#include "platform/lock.hpp"
#include "platform/lock_descriptor.hpp"
#include "platform/mapped_file.hpp"
#include "platform/process.hpp"
#include "platform/thread_line.hpp"
#include "strata/error.hpp"

namespace strata::platform {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t gate_byte = 0;
/// Ticket t is a lock on byte tickets_begin + t.
constexpr std::uint64_t tickets_begin = std::uint64_t{1} << 32;
constexpr std::uint64_t ticket_max = std::uint64_t{1} << 62;

constexpr milliseconds poll_period{10};
/// Where nobody can wake us.
constexpr milliseconds poll_period_alone{1};
/// So long may the first in line leave a free gate standing.
constexpr milliseconds stall_grace{100};

/// What the processes tell each other. Hints: any value may stand here at any time.
struct GateHints {
  std::atomic<std::uint32_t> holder_process;
  std::atomic<std::uint32_t> holder_namespace;
  /// Tickets up to this one are passed over.
  std::atomic<std::uint64_t> stalled;
  /// A waiter sleeps on the word that its ticket selects, so that the next alone is woken.
  std::array<std::atomic<std::uint32_t>, 64> words;
};

std::unique_ptr<MappedFile> map_hints(const std::string& path) {
  try {
    return std::make_unique<MappedFile>(path, sizeof(GateHints));
  } catch (const Error&) {
    return nullptr;  // then everyone polls
  }
}

/// Tickets are readings of the clock that all processes of a machine share, so they order by arrival.
std::uint64_t ticket_of(SteadyTime time) {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(time.time_since_epoch()).count());
}

}  // namespace

struct Gate::State {
  State(const std::string& lock_path, const std::string& hint_path)
      : file_(lock_path),
        mapping_(map_hints(hint_path)),
        hints_(mapping_ ? *reinterpret_cast<GateHints*>(mapping_->data()) : own_hints_) {}

  void enter(SteadyTime deadline);
  void leave() noexcept;
  std::size_t waiting() const;

 private:
  /// A locked ticket. Dropped at the end of its scope.
  class Ticket {
   public:
    explicit Ticket(State& gate) : gate_(gate) { draw(); }
    ~Ticket() { drop(); }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

    std::uint64_t number() const { return number_; }
    void renew() {
      drop();
      draw();
    }

   private:
    void draw() {
      number_ = ticket_of(steady_now());
      while (!gate_.file_.try_lock(FileLock::Kind::exclusive, tickets_begin + number_)) ++number_;
    }
    void drop() noexcept { gate_.file_.unlock(tickets_begin + number_); }

    State& gate_;
    std::uint64_t number_ = 0;
  };

  /// Watches whether the same ticket stays first before a free gate.
  struct Stall {
    std::uint64_t ticket = 0;
    SteadyTime since{};
  };

  void pass_others(SteadyTime deadline);
  bool await_turn(Ticket& ticket, SteadyTime deadline);
  bool passed_over(Stall& stall, std::uint64_t first, SteadyTime now) noexcept;
  bool try_gate() { return file_.try_lock(FileLock::Kind::exclusive, gate_byte); }
  std::atomic<std::uint32_t>& word(std::uint64_t ticket) const { return hints_.words[ticket % hints_.words.size()]; }
  std::uint64_t stalled() const noexcept;
  std::optional<std::uint64_t> first_ticket(std::uint64_t begin, std::uint64_t end) const noexcept;
  std::size_t count_tickets(std::uint64_t begin, std::uint64_t end) const noexcept;
  void wake_next() noexcept;
  [[noreturn]] void throw_busy() const;

  const std::uint64_t namespace_ = pid_namespace();
  LockDescriptor file_;
  std::unique_ptr<MappedFile> mapping_;
  GateHints own_hints_{};
  GateHints& hints_;
  ThreadLine line_;
};

void Gate::State::enter(SteadyTime deadline) {
  if (!file_.usable()) {
    throw Error(ErrorCode::closed, "the write gate " + file_.path() +
                                       " belongs to the parent of this process: open the store again after fork()");
  }
  if (!line_.enter(deadline)) throw_busy();
  try {
    pass_others(deadline);
  } catch (...) {
    line_.leave();
    throw;
  }
  hints_.holder_process.store(static_cast<std::uint32_t>(process_id()), std::memory_order_relaxed);
  hints_.holder_namespace.store(static_cast<std::uint32_t>(namespace_), std::memory_order_relaxed);
}

void Gate::State::leave() noexcept {
  if (!file_.usable()) return;
  hints_.holder_process.store(0, std::memory_order_relaxed);
  file_.unlock(gate_byte);
  wake_next();
  line_.leave();
}

std::size_t Gate::State::waiting() const {
  if (!file_.usable()) return 0;
  return line_.waiting() + count_tickets(stalled() + 1, ticket_max);
}

/// The way past the other processes: at once when none waits, else by ticket.
void Gate::State::pass_others(SteadyTime deadline) {
  if (!file_.taken(tickets_begin + stalled() + 1, tickets_begin + ticket_max) && try_gate()) return;
  {
    Ticket ticket(*this);
    if (await_turn(ticket, deadline)) return;
  }
  // Whoever left may have woken this waiter just as it gave up.
  wake_next();
  throw_busy();
}

bool Gate::State::await_turn(Ticket& ticket, SteadyTime deadline) {
  Stall stall;
  for (;;) {
    // Read before looking: a change after the look then ends the wait at once.
    const std::atomic<std::uint32_t>& word = this->word(ticket.number());
    const std::uint32_t seen = word.load();
    if (ticket.number() <= stalled()) {
      ticket.renew();
      continue;
    }
    const auto first = first_ticket(stalled() + 1, ticket.number());
    if (!first && try_gate()) return true;
    const SteadyTime now = steady_now();
    if (now >= deadline) return false;
    if (first && passed_over(stall, *first, now)) continue;
    futex_wait(word, seen, std::min(deadline, now + (mapping_ ? poll_period : poll_period_alone)));
  }
}

/// True when the first in line has slept too long before a free gate, and now counts no more.
bool Gate::State::passed_over(Stall& stall, std::uint64_t first, SteadyTime now) noexcept {
  if (first != stall.ticket || file_.taken(gate_byte, gate_byte + 1)) {
    stall = {first, now};
    return false;
  }
  if (now - stall.since < stall_grace) return false;
  hints_.stalled.store(first);
  wake_next();
  return true;
}

std::uint64_t Gate::State::stalled() const noexcept {
  const std::uint64_t stalled = hints_.stalled.load();
  // Beyond the clock it is nonsense, or of the time before the machine's last start.
  return stalled <= ticket_of(steady_now()) ? stalled : 0;
}

std::optional<std::uint64_t> Gate::State::first_ticket(std::uint64_t begin, std::uint64_t end) const noexcept {
  // The kernel names any lock of a range, not the first.
  std::optional<std::uint64_t> first;
  while (const auto taken = file_.taken(tickets_begin + begin, tickets_begin + end)) {
    end = *taken - tickets_begin;
    first = end;
  }
  return first;
}

std::size_t Gate::State::count_tickets(std::uint64_t begin, std::uint64_t end) const noexcept {
  std::size_t count = 0;
  while (const auto first = first_ticket(begin, end)) {
    ++count;
    begin = *first + 1;
  }
  return count;
}

void Gate::State::wake_next() noexcept {
  if (!mapping_) return;
  const auto first = first_ticket(stalled() + 1, ticket_max);
  if (!first) return;
  std::atomic<std::uint32_t>& next = word(*first);
  next.fetch_add(1);
  futex_wake(next, futex_all);
}

void Gate::State::throw_busy() const {
  const std::uint64_t holder = hints_.holder_process.load();
  std::string name = "another process";
  if (holder == process_id()) {
    name = "another thread of this process";
  } else if (holder != 0 && hints_.holder_namespace.load() == static_cast<std::uint32_t>(namespace_)) {
    name = describe_process(holder);
  }
  throw Error(ErrorCode::busy, "the write gate " + file_.path() + " was not free before the deadline, held by " + name +
                                   ": try again later, or with a longer deadline");
}

Gate::Gate(const std::string& lock_path, const std::string& hint_path)
    : state_(std::make_shared<State>(lock_path, hint_path)) {}

Gate::~Gate() = default;

std::unique_ptr<Gate::Pass> Gate::enter(SteadyTime deadline) {
  state_->enter(deadline);
  try {
    return std::make_unique<Pass>(state_);
  } catch (...) {
    state_->leave();
    throw;
  }
}

std::size_t Gate::waiting() const { return state_->waiting(); }

Gate::Pass::Pass(std::shared_ptr<State> state) : state_(std::move(state)) {}
Gate::Pass::~Pass() { state_->leave(); }

}  // namespace strata::platform
