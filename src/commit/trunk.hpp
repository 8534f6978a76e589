// The truth of a store as one process holds it: the engine, what is cached of head and catalogue, the line in front of
// the write section, and upkeep. Truth changes here and nowhere else.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "commit/aged.hpp"
#include "commit/line.hpp"
#include "commit/request.hpp"
#include "commit/slots.hpp"
#include "commit/transaction.hpp"
#include "commit/view.hpp"
#include "commit/writer.hpp"
#include "platform/lock.hpp"
#include "strata/engine.hpp"
#include "strata/options.hpp"

namespace strata::commit {

/// What a store that comes into being is given.
struct Birth {
  Uuid store_id;
  std::uint64_t digest_key = 0;
};

/// Files through which the processes of a machine commit for one another. Empty: each for itself.
struct SharedFiles {
  std::string slots;
  /// Where the engine is far away: a lock that says whose turn it is on this machine to ask for the write section.
  std::string turn;
};

/// What a process keeps beside a trunk for as long as that is open, such as the views that it has opened.
class Companion {
 public:
  virtual ~Companion() = default;
  /// Ends its work on the trunk. Called once, before the trunk closes.
  virtual void close() = 0;
};

/// Thread-safe.
class Trunk {
 public:
  /// Requires: the store has a head (see create()).
  static std::shared_ptr<Trunk> open(std::unique_ptr<engine::Engine> engine, const OpenOptions& options,
                                     const SharedFiles& files);
  ~Trunk();
  Trunk(const Trunk&) = delete;
  Trunk& operator=(const Trunk&) = delete;

  /// Writes the head of a new store unless there is one already.
  static void create(engine::Engine& engine, const Birth& birth, engine::Deadline deadline);
  /// Nothing when the engine holds no store.
  static std::optional<codec::Head> read_head(engine::Engine& engine);

  /// The newest state.
  std::unique_ptr<View> view();
  /// The state as this process last saw it, for a transaction to begin with.
  Presumption presumption();
  /// The newest head that this process has seen.
  std::shared_ptr<const codec::Head> last_head();

  /// Commits, as one of a group. Throws what Writer::apply and Line::commit throw; `commit_unknown` when the engine
  /// failed in the commit itself. Requires: the view that the request was made from is gone.
  CommitResult commit(Request request, engine::Deadline deadline);
  /// Does the work of a call as one of a group, and commits what it writes; the request says under which id, and how
  /// durably. What came of it is in the call then. When this throws, another thread may still have the call in hand.
  CommitResult commit_call(Request request, const std::shared_ptr<Call>& call, engine::Deadline deadline);
  /// The same behind the caller's back; `busy` at once when 1,024 are waiting.
  std::future<CommitResult> commit_async(Request request, engine::Deadline deadline);
  /// Runs `work` alone inside the write section, then finishes and commits what it wrote.
  void exclusive(engine::Deadline deadline, Durability durability, const std::function<void(Writer&)>& work);
  /// exclusive() for what applications commit: upkeep follows, as it does behind commit().
  void commit_alone(engine::Deadline deadline, Durability durability, const std::function<void(Writer&)>& work);

  /// What is known of a transaction id; nothing when it did not commit, nor will, unless its process goes on with it.
  /// Waits for the write section to be sure (`busy`), but not in a store that is open for reading only.
  std::optional<CommitResult> outcome(const Uuid& id);

  /// Sees to it that the snapshot behind `aged` goes when its time is up, also if its owner sleeps.
  void watch(const std::shared_ptr<Aged>& aged);

  engine::Engine& engine() { return *engine_; }
  const OpenOptions& options() const { return options_; }
  engine::Deadline deadline(std::optional<std::chrono::milliseconds> timeout) const;

  /// Upkeep that is due, in steps of a few ms each; `all` runs it until nothing is left.
  void maintain(bool all);
  /// A step of upkeep that a model adds, run inside the write section; true when there is more to do now. `anew`: it is
  /// due, whenever it was done last.
  using UpkeepStep = std::function<bool(Writer& writer, Time now, bool anew)>;
  /// Requires: nothing has been committed through this trunk yet.
  void add_upkeep(UpkeepStep step) { upkeep_steps_.push_back(std::move(step)); }
  const std::vector<UpkeepStep>& upkeep_steps() const { return upkeep_steps_; }
  /// What a model does about records that have expired, before their erasing is applied: may add to it, or put some
  /// off; then it returns true, for there is more to do.
  using ExpiryStep = std::function<bool(Writer& writer, Request& request, Time now)>;
  /// Requires: nothing has been committed through this trunk yet.
  void add_expiry(ExpiryStep step) { expiry_steps_.push_back(std::move(step)); }
  const std::vector<ExpiryStep>& expiry_steps() const { return expiry_steps_; }
  /// How calls of other processes are read; without it they are refused. Requires: nothing has been committed through
  /// this trunk yet.
  void understand_calls(CallDecoder decoder) { decode_call_ = std::move(decoder); }
  /// Requires: there is none yet, and no other thread has the trunk.
  void accompany(std::unique_ptr<Companion> companion) { companion_ = std::move(companion); }
  /// Null when there is none.
  Companion* companion() const { return companion_.get(); }

  /// Lets waiting commits end, stops the background thread. Calls after it give `closed`.
  void close();
  /// Throws `closed` when closed, or in a forked child; `unsupported` while a copy into the store is unfinished.
  void check_open() const;

  /// For a copy into the store, which marks the head through exclusive() and works on engine() from then on: takes up
  /// the epoch that the head has now.
  void take_up_epoch();
  /// Whether a copy into the store is unfinished, as of then.
  bool filling() const;

  struct Counters {
    std::atomic<std::uint64_t> commits{0};
    std::atomic<std::uint64_t> syncs{0};
    std::atomic<std::uint64_t> conflicts{0};
  };
  const Counters& counters() const { return counters_; }

 private:
  Trunk(std::unique_ptr<engine::Engine> engine, const OpenOptions& options, const SharedFiles& files);
  /// Whether this process is a forked child of the one that opened the store.
  bool inherited() const;
  Line::Afterwards lead(engine::Deadline deadline, const Line::Gathering& gathering);
  void lead_near(engine::Deadline deadline, const Line::Gathering& gathering);
  void lead_inside(engine::WriteTransaction& transaction, PendingGroup group);
  void lead_from_outside(engine::Deadline deadline, const PendingGroup& group);
  /// Waits for what other processes have claimed and are about to answer.
  void await_answers(std::vector<Slots::Ticket>& tickets, engine::Deadline deadline);
  std::unique_ptr<engine::WriteTransaction> try_begin_write();
  /// `from_memory`: the transaction was begun so; StaleMemory when it has to be done again.
  void write_group(engine::WriteTransaction& transaction, const PendingGroup& group, bool from_memory);
  CommitResult perform(Writer& writer, Pending& pending);
  // Where the engine is far away (far_commit.cpp).
  void lead_far(engine::Deadline deadline, const Line::Gathering& gathering);
  void lead_with_turn(engine::Deadline deadline, const Line::Gathering& gathering);
  void lead_without_turn(engine::Deadline deadline, const PendingGroup& group);
  void leave_turn(const std::vector<Slots::Foreign>& foreign);
  /// Commits a group of this process.
  void commit_alone_far(engine::Deadline deadline, const PendingGroup& group);
  bool commit_from_memory(const PendingGroup& group, bytes_view memory, engine::Deadline deadline);
  std::unique_ptr<engine::WriteTransaction> begin_write_for(const PendingGroup& group, engine::Deadline deadline);
  /// Makes every commit from memory that is under way in another process fail.
  void void_memories(engine::WriteTransaction& transaction);
  /// For a group that wrote nothing: what another process had taken up of it must not be committed there later.
  void settle_elsewhere(engine::WriteTransaction& transaction, const PendingGroup& group);
  /// What has just been committed.
  void remember(std::shared_ptr<const codec::Head> head, std::shared_ptr<const Catalogue> catalogue,
                std::uint64_t lineage) noexcept;
  /// The catalogue as last seen in this lineage of the engine; null when there is none.
  std::shared_ptr<const Catalogue> last_catalogue(std::uint64_t lineage);
  void check_early(Request& request);
  void keep_up(const codec::Head& before, const codec::Head& now);
  void upkeep_after(const codec::Head& before, const codec::Head& now);
  void work_in_background();
  void run_async(std::unique_lock<std::mutex>& lock);
  void expire_aged(std::unique_lock<std::mutex>& lock);
  void start_background();

  std::unique_ptr<engine::Engine> engine_;
  OpenOptions options_;
  CallDecoder decode_call_;
  std::atomic<std::uint64_t> epoch_{0};
  std::uint64_t fork_generation_;
  std::atomic<bool> closed_{false};
  Line line_;
  Counters counters_;
  std::unique_ptr<Slots> slots_;
  std::unique_ptr<platform::FileLock> turn_;  ///< Used by whoever leads.
  platform::SteadyTime alone_until_{};        ///< Whoever has the turn stands still: until then each for itself.
  std::vector<UpkeepStep> upkeep_steps_;
  std::vector<ExpiryStep> expiry_steps_;
  std::unique_ptr<Companion> companion_;

  std::mutex cache_mutex_;
  std::uint64_t cached_lineage_ = 0;
  std::uint64_t cached_token_ = 0;
  std::shared_ptr<const codec::Head> cached_head_;
  std::shared_ptr<const Catalogue> cached_catalogue_;

  struct Async {
    std::shared_ptr<Pending> pending;
    std::promise<CommitResult> promise;
  };
  std::mutex background_mutex_;
  std::condition_variable background_changed_;
  std::vector<Async> async_;
  std::vector<std::weak_ptr<Aged>> aged_;
  platform::SteadyTime watch_at_ = platform::SteadyTime::max();  ///< When the oldest of them is due.
  bool upkeep_due_ = false;
  bool stopping_ = false;
  std::thread background_;
  std::atomic<std::int64_t> upkeep_at_{0};  ///< Steady time, ns, of the next upkeep.
};

/// One step of upkeep within a write section (maintenance.cpp); true when there is more to do now. `anew` as in
/// Trunk::UpkeepStep.
bool maintain_step(Trunk& trunk, bool anew);

}  // namespace strata::commit
