// The line in front of the write section: threads queue here, one of them leads and takes the others' transactions
// along.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "commit/call.hpp"
#include "commit/request.hpp"
#include "strata/engine.hpp"

namespace strata::commit {

/// A transaction in the line.
struct Pending {
  Pending(Request asked, engine::Deadline until) : request(std::move(asked)), deadline(until) {}

  Request request;
  engine::Deadline deadline;
  /// What the request asks for is found out in the write section. Null: it is what stands in it.
  std::shared_ptr<Call> call;
  /// Another process had taken it up, and may still commit it: it is looked up by id, and the state changes behind it.
  bool elsewhere = false;
  // Set by the leader:
  CommitResult result;
  std::exception_ptr error;

 private:
  friend class Line;
  enum State : std::uint32_t { waiting, leading, claimed, done };
  /// Futex. Changes under the line's lock, but to `done`: whoever is told so needs no lock any more.
  std::atomic<std::uint32_t> state_ = waiting;
};

using PendingGroup = std::vector<std::shared_ptr<Pending>>;
std::vector<const Request*> requests_of(const PendingGroup& group);

class Line {
 public:
  /// What the leader does with those who wait; its own is among them.
  struct Gathering {
    /// Those who wait by now. They stay in the line, and may still leave it.
    std::function<PendingGroup()> look;
    /// Takes them up, once the leader holds the write section: call it exactly once.
    std::function<PendingGroup()> take;
  };
  /// Runs the write section as leader: enters it before `deadline`, takes the group, and sets result or error of each
  /// taken. An exception before `take` was called concerns the leader's transaction alone; after it, all that were
  /// taken. What it returns, if anything, runs when the others have their answers; it must not throw.
  using Afterwards = std::function<void()>;
  using Lead = std::function<Afterwards(engine::Deadline deadline, const Gathering& gathering)>;

  explicit Line(Lead lead) : lead_(std::move(lead)) {}

  /// Returns when the transaction is done, or throws its error: `busy` when nobody took it up before its deadline,
  /// `commit_unknown` when somebody did but has not answered by then.
  CommitResult commit(const std::shared_ptr<Pending>& pending);
  /// Several at once, for one thread that waits for all; results and errors are in them afterwards.
  void commit_all(const PendingGroup& group);

 private:
  void wait(Pending& pending);
  static void tell(Pending& pending, Pending::State state);
  void lead(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Pending>& own);
  PendingGroup look(const std::shared_ptr<Pending>& own);
  PendingGroup take(const std::shared_ptr<Pending>& own, bool await);
  PendingGroup gather(const std::shared_ptr<Pending>& own) const;
  void await_company(std::unique_lock<std::mutex>& lock);

  Lead lead_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::shared_ptr<Pending>> waiting_;
  bool led_ = false;  ///< Somebody leads, or has been told to.
  std::size_t last_group_ = 1;
  std::size_t awaited_ = 0;  ///< The leader waits until so many are in line.
};

}  // namespace strata::commit
