// What a group of agents needs besides its data: settings, sessions, a registry, tasks and sagas.
//
// Each is a cheap handle on what the store itself keeps (docs/FORMAT.md), made from a Store, where every call commits
// by itself, or from a Transaction, where it becomes part of that commit together with whatever else is written there:
//
//   store.transact([&](Transaction& t) {
//     t.collection("reports").put(key, report);
//     agent::Tasks(t).complete(claim, key);
//   });
//
// A handle must not outlive what it came from. Those from a Store may be used by many threads.
//
// Others watch through subscriptions: `store.subscribe({.collections = {agent::Tasks::watch()}})` tells the records,
// and agent::Tasks::read(record) what they say.
//
// Names (of agents, kinds, settings, steps) are UTF-8 without control characters: 1 to 100 bytes, a setting's key 240.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/collection.hpp"
#include "strata/queue.hpp"
#include "strata/subscription.hpp"

namespace strata {

class Store;
class Transaction;

namespace agent {

using Access = std::shared_ptr<detail::CollectionAccess>;

// ---- settings

struct Setting {
  std::string key{};
  Value value{};
  Version version{};
  Time updated{};
};

class Settings {
 public:
  explicit Settings(Store& store);
  explicit Settings(Transaction& transaction);

  std::optional<Setting> get(std::string_view key) const;
  Value get_or(std::string_view key, const Value& otherwise) const;
  /// As Collection::put: `if_version`, time to live.
  Version set(std::string_view key, const Value& value, const PutOptions& options = {});
  /// False when there was none.
  bool erase(std::string_view key, const EraseOptions& options = {});
  /// Those whose key begins so, by key.
  std::vector<Setting> list(std::string_view prefix = {}) const;

  static CollectionWatch watch(std::string_view prefix = {});
  static Setting read(const Record& record);

 private:
  Access access_;
};

// ---- sessions

struct SessionOptions {
  Value metadata{};
  /// Without a heartbeat for so long it is expired. 1 ms to 3,650 days.
  std::chrono::milliseconds time_to_live{60'000};
};

struct Session {
  std::string id{};  ///< A UUIDv7 in text.
  std::string agent{};
  Value metadata{};
  Value state{};
  std::uint64_t revision = 0;  ///< Of the state: how often it was set.
  std::chrono::milliseconds time_to_live{};
  Time opened{};
  Time seen{};   ///< The last heartbeat, or setting of the state.
  Time until{};  ///< Then it expires, or has expired.
  bool live = false;
};

struct SessionQuery {
  std::string agent{};         ///< Empty: all.
  std::optional<bool> live{};  ///< Live or expired ones alone.
  std::size_t limit = 0;       ///< 0: all.
};

/// An expired session can be read for a day more; then it is gone.
class Sessions {
 public:
  explicit Sessions(Store& store);
  explicit Sessions(Transaction& transaction);

  /// Returns its id.
  std::string open(std::string_view agent, const SessionOptions& options = {});
  /// From now it lives for its time again. One small write, relaxed where the handle is a store's. `not_found` when it
  /// has expired or was closed: open another.
  void heartbeat(std::string_view id);
  /// A small value: it is written with each heartbeat. Counts as one. `conflict` unless the state has that revision,
  /// when one is given; `not_found` as heartbeat(). Returns the new revision.
  std::uint64_t set_state(std::string_view id, const Value& state, std::optional<std::uint64_t> if_revision = {});
  /// Live or expired.
  std::optional<Session> get(std::string_view id) const;
  /// By age.
  std::vector<Session> list(const SessionQuery& query = {}) const;
  /// False when there was none.
  bool close(std::string_view id);

  static CollectionWatch watch();
  /// `live` is judged by this machine's clock.
  static Session read(const Record& record);

 private:
  Access access_;
};

// ---- the registry of agents

struct Agent {
  std::string name{};
  std::string kind{};
  std::vector<std::string> capabilities{};
  Value metadata{};
  Time registered{};  ///< Set by the store, as `seen` is.
  Time seen{};
};

struct AgentQuery {
  std::string kind{};
  std::string capability{};
  std::optional<Time> seen_since{};
  std::size_t limit = 0;  ///< 0: all.
};

class Agents {
 public:
  explicit Agents(Store& store);
  explicit Agents(Transaction& transaction);

  /// Registers it, or replaces what is said of it.
  void put(const Agent& agent);
  /// The agent is there: as put() of what was registered. False when it is not registered.
  bool heartbeat(std::string_view name);
  std::optional<Agent> get(std::string_view name) const;
  /// By name.
  std::vector<Agent> find(const AgentQuery& query = {}) const;
  /// False when it was not registered.
  bool erase(std::string_view name);

  static CollectionWatch watch();
  static Agent read(const Record& record);

 private:
  Access access_;
};

// ---- tasks

enum class TaskStatus { waiting, running, done, failed, cancelled };
std::string_view to_string(TaskStatus status);
std::optional<TaskStatus> parse_task_status(std::string_view name);

/// A change of status.
struct TaskStep {
  Time time{};
  TaskStatus status = TaskStatus::waiting;
  std::string agent{};
  std::string message{};
};

struct Task {
  std::string id{};  ///< A UUIDv7 in text.
  std::string kind{};
  Value payload{};
  std::string assigned_to{};  ///< Empty: whoever takes it.
  std::int64_t priority = 0;
  TaskStatus status = TaskStatus::waiting;
  std::string agent{};    ///< Who has it, or had it last.
  double progress = 0;    ///< 0 to 1.
  std::string message{};  ///< That came with the progress.
  Value result{};
  std::string error{};         ///< Of the last failure.
  std::uint64_t attempts = 0;  ///< How often it was claimed.
  Time created{};
  Time updated{};
  std::vector<TaskStep> history{};  ///< The last 50 changes of status, oldest first.
};

struct TaskOptions {
  std::string assigned_to{};  ///< This agent alone may claim it.
  std::int64_t priority = 0;  ///< Higher goes first.
  std::optional<std::chrono::microseconds> delay{};
  /// Once it has ended it is kept for so long.
  std::chrono::seconds keep_for{30 * 24 * 3600};
};

struct ClaimOptions {
  std::string agent{};               ///< Who claims. Tasks assigned to it go first, whatever their kind.
  std::vector<std::string> kinds{};  ///< Else tasks of these kinds; empty: of any.
  std::optional<std::chrono::milliseconds> lease{};  ///< Else that of the kind's queue: 30 s. progress() renews it.
  std::chrono::milliseconds wait{0};                 ///< Wait so long for one; woken by whoever creates.
};

/// A task in the hands of who claimed it. Task::id and the token are what counts.
struct Claim {
  Task task{};
  std::string token{};
};

struct TaskFailure {
  bool retry = true;                                    ///< False: it has failed for good.
  std::optional<std::chrono::milliseconds> retry_in{};  ///< Else the backoff of the queue, until its attempts_max.
};

/// A task is a record for people to read, and a queue item that makes sure that one agent has it: the guarantees are
/// those of Queue. When the lease of a claim ends, the task can be claimed by another, and what the first one says
/// gives `conflict`. complete() in one transaction with the agent's own writes makes their effect exactly-once.
class Tasks {
 public:
  explicit Tasks(Store& store);
  explicit Tasks(Transaction& transaction);

  /// Returns its id.
  std::string create(std::string_view kind, const Value& payload, const TaskOptions& options = {});
  /// The best one to be had; nothing when none came in time. A commit of its own, relaxed: inside a transaction
  /// `invalid_argument`.
  std::optional<Claim> claim(const ClaimOptions& options);

  // With a claim that is over: `conflict`.
  /// 0 to 1, and what is being done; the lease begins anew. Relaxed where the handle is a store's.
  void progress(const Claim& claim, double progress, std::string_view message = {});
  void complete(const Claim& claim, const Value& result = {});
  /// It waits for another attempt, or has failed for good. Returns what became of it.
  TaskStatus fail(const Claim& claim, std::string_view error, const TaskFailure& failure = {});
  /// Back as if never claimed.
  void give_back(const Claim& claim);

  /// Whoever has it. False when it is not there or has ended.
  bool cancel(std::string_view id, std::string_view reason = {});
  std::optional<Task> get(std::string_view id) const;
  struct Query {
    std::optional<TaskStatus> status{};
    std::string agent{};  ///< Who has it or had it last, or to whom it is assigned.
    std::string kind{};
    std::size_t limit = 0;  ///< 0: all.
  };
  /// By age.
  std::vector<Task> list(const Query& query) const;
  std::vector<Task> list() const { return list(Query{}); }
  /// Removes it, whoever has it. False when it is not there.
  bool erase(std::string_view id);

  /// Lease, attempts and backoff of a kind's tasks (with an agent's name: of those assigned to it).
  void set_options(std::string_view kind, const QueueOptions& options);
  void set_agent_options(std::string_view agent, const QueueOptions& options);

  static CollectionWatch watch();
  static Task read(const Record& record);

 private:
  Access access_;
};

// ---- sagas

enum class SagaStatus {
  running,
  compensating,  ///< A step has failed: those before it are being undone, the last first.
  done,
  compensated,  ///< It has ended as if it had never begun.
};
std::string_view to_string(SagaStatus status);
std::optional<SagaStatus> parse_saga_status(std::string_view name);

enum class SagaStepStatus { waiting, done, failed, compensated };
std::string_view to_string(SagaStepStatus status);

struct SagaStepState {
  std::string name{};
  SagaStepStatus status = SagaStepStatus::waiting;
  Value result{};
  std::string error{};  ///< Of the step, or of its compensation.
  Time time{};          ///< Of the last change.
};

struct Saga {
  std::string id{};
  std::string kind{};
  Value input{};
  SagaStatus status = SagaStatus::running;
  std::vector<SagaStepState> steps{};
  std::string error{};  ///< Why it is, or was, compensated.
  /// Tried too often without getting on (its runners died, or a compensation fails): run() by id tries it again.
  bool stuck = false;
  Time started{};
  Time updated{};

  /// Result of a step that is done; null when it is not.
  Value result(std::string_view step) const;
};

/// What a step works with.
struct SagaContext {
  Transaction& transaction;
  const Saga& saga;
  const Value& prepared;  ///< What SagaStep::prepare returned, else null.
};

struct SagaStep {
  std::string name{};
  /// The step, in the transaction that also records it as done: what it writes there is there exactly once. Like any
  /// function of a transaction it may run several times and should be short. What it returns is kept as its result. An
  /// exception means that the step has failed: nothing of it remains.
  std::function<Value(SagaContext&)> run{};
  /// Undoes it, likewise. An exception is kept with the step and passes through run(); it is tried again later.
  std::function<void(SagaContext&)> compensate{};
  /// Before it, outside of any transaction: for what takes long, or acts on the world. After a kill it is called again,
  /// so let the world know it by an id: Saga::id and the step's name. Shorter than the lease.
  std::function<Value(const Saga&)> prepare{};
};

struct SagaRun {
  std::string runner{};                     ///< Who runs it; shown to others.
  std::chrono::milliseconds lease{30'000};  ///< For each step. A killed runner's saga can be run by others after it.
  std::chrono::milliseconds wait{0};        ///< Wait so long for one to run.
};

/// Sagas: steps that are each a transaction, with a compensation for each, carried to their end by whichever process
/// is there. Every program that runs sagas of a kind defines the same steps under it.
///
/// One process at a time runs a saga, under a lease. One whose lease is over commits nothing more of it (`conflict`).
/// `busy`, `io` and the like from within a step pass through run() and leave the saga as it is, to be run again.
class Sagas {
 public:
  /// The store must outlive it, at its place.
  explicit Sagas(Store& store);

  /// `invalid_argument` without steps, with a name twice, without `run`.
  void define(std::string_view kind, std::vector<SagaStep> steps);

  /// Starts one of a kind that is defined; returns its id. Nothing runs yet. With an id (1 to 100 bytes) that is there
  /// already nothing is started.
  std::string start(std::string_view kind, const Value& input, std::string_view id = {});
  std::string start(Transaction& transaction, std::string_view kind, const Value& input, std::string_view id = {});

  /// Runs it to its end, from where it is, and returns it; one that has ended as it is. `not_found`; `busy` when
  /// another runs it and does not end in time; `invalid_argument` when its steps are not those that are defined.
  Saga run(std::string_view id, const SagaRun& options = {});
  /// The same with one that waits to be run, of the kinds that are defined. Nothing when none came in time.
  std::optional<Saga> run_next(const SagaRun& options = {});

  std::optional<Saga> get(std::string_view id) const;
  struct Query {
    std::optional<SagaStatus> status{};
    std::string kind{};
    std::size_t limit = 0;  ///< 0: all.
  };
  /// By when they started. One that has ended is kept for 30 days.
  std::vector<Saga> list(const Query& query) const;
  std::vector<Saga> list() const { return list(Query{}); }
  /// Forgets it, whatever it has done. False when it is not there.
  bool erase(std::string_view id);

  static CollectionWatch watch();
  /// `stuck` is not known from the record alone.
  static Saga read(const Record& record);

 private:
  struct Hold;
  Saga drive(Hold hold, const SagaRun& options);
  void forward(Hold& hold, const Saga& saga, std::size_t number, const SagaRun& options);
  void backward(Hold& hold, const Saga& saga, std::size_t number, const SagaRun& options);
  const std::vector<SagaStep>& defined(const Saga& saga) const;

  Store* store_;
  Access access_;
  std::map<std::string, std::vector<SagaStep>, std::less<>> kinds_;
};

}  // namespace agent
}  // namespace strata
