// Group commit across processes: transactions left in a shared file for whoever holds the write section.
//
// A process that cannot enter the write section at once leaves its transactions in slots. The one inside takes along
// what is ready and answers there. One word a slot says whose move it is; it changes by compare-and-swap alone:
//
//   free -> filling -> ready -> claimed -> done -> free      ready -> free: withdrawn by its owner
//                                claimed -> abandoned -> free: the owner's time was up, its outcome is unknown
//
// Only the holder of the write section claims, and notes who it is. It answers just after it has left; a slot whose
// claimant is dead was left unanswered: its transaction may have been committed, and the next holder takes it along
// with a look at its id first. The file holds nothing that cannot be lost: without it, or with nonsense in it, every
// process waits for the write section itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "commit/line.hpp"
#include "platform/clock.hpp"
#include "platform/mapped_file.hpp"

namespace strata::commit {

/// Behind the bell of a slot: its ringer may have died.
inline constexpr auto slots_poll = std::chrono::milliseconds(5);
/// How long a leader waits for as many as came last time, over all processes: half of what it took to commit them, for
/// so much is lost at most, and within these bounds.
inline constexpr std::chrono::microseconds company_wait_min{50};
inline constexpr std::chrono::microseconds company_wait_max{500};

/// That the outcome of one that was `elsewhere` is unknown, since this process could not settle it.
std::exception_ptr unknown_elsewhere(const Pending& pending, std::string_view why);

/// Thread-safe.
class Slots {
 public:
  /// Null when the file cannot be used; that costs speed alone.
  static std::unique_ptr<Slots> open(const std::string& path, std::uint64_t epoch);
  ~Slots();

  /// A transaction of this process in a slot.
  struct Ticket {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    std::shared_ptr<Pending> pending;
    bool answered = false;
  };

  /// Leaves all of them, or none (nothing is returned then): a slot is too small, or too few are free.
  std::vector<Ticket> leave(const PendingGroup& group);
  /// Collects the answers that have come; true when all have.
  bool collect(std::vector<Ticket>& tickets);
  /// Waits until an answer may have come, at most until then.
  void wait(const std::vector<Ticket>& tickets, platform::SteadyTime until);
  /// Takes back those that nobody has claimed. `inside`, which the holder of the write section says: those whose
  /// claimant has died too, to be looked up by id; the others stay. Else what is claimed is given up: its outcome is
  /// unknown, its `error` is set.
  PendingGroup withdraw(std::vector<Ticket>& tickets, bool inside);
  /// Takes back those that were claimed by whom it may be, to be looked up by id. Requires: the claimant holds no write
  /// section, and will look at waiting() before it commits.
  PendingGroup take_back(std::vector<Ticket>& tickets);

  /// For the holder of the write section: a transaction of another process, and where the answer goes.
  struct Foreign {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    std::shared_ptr<Pending> pending;
  };
  /// Claims what is ready (and what a dead holder had claimed), up to a bound in bytes.
  std::vector<Foreign> claim(std::uint64_t bytes_max);
  /// Drops what processes that died have left and nobody is committing: whoever asks then what became of it is told
  /// the truth, that it was not committed.
  void discard_dead();
  /// Waits a moment for as many transactions to be ready as make the group, with the holder's `own`, as large as the
  /// last one of any process: those that it served come back about now.
  void await_company(std::size_t own);
  /// Notes the size of the group, so many of it from other processes,
  void note_group(std::size_t size, std::size_t foreign);
  /// and what it took to commit it.
  void note_duration(std::chrono::steady_clock::duration took);
  /// Leaves them for the next holder after all; one that had come from a dead holder is answered: its outcome is
  /// unknown. Requires: the caller has not committed them.
  void give_back(const std::vector<Foreign>& foreign);
  /// Those whose owner still waits. The others have taken theirs back, or asked what became of it; for them alone who
  /// claims without holding the write section must look again once inside.
  PendingGroup waiting(const std::vector<Foreign>& foreign) const;
  /// Answers with the result or error in each `pending`.
  void answer(const std::vector<Foreign>& foreign);
  /// What the last holder left for the next one (Engine::memory()); empty when it cannot be read.
  Bytes memory() const;
  void keep_memory(bytes_view memory);
  /// For one that is leaving the write section: asks the owner of a slot that became ready meanwhile to enter it.
  void hand_over();

 private:
  struct Party;
  struct Slot;
  struct Header;
  struct Keepsake;
  Slots(std::unique_ptr<platform::MappedFile> file, std::uint64_t epoch);
  Header& header() const;
  std::size_t count_ready() const;
  Slot& slot(std::uint32_t number) const;
  Keepsake& keepsake() const;
  bool try_leave(std::uint32_t number, const std::shared_ptr<Pending>& pending, bytes_view payload, Ticket& ticket);
  bool take_for_filling(Slot& slot, std::uint32_t& generation);

  std::unique_ptr<platform::MappedFile> file_;
  std::uint64_t epoch_;
  std::unique_ptr<const Party> self_;
};

}  // namespace strata::commit
