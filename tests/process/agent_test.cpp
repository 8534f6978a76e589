// Sagas and tasks whose processes are killed: another carries them to their end, and each step takes effect once.
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <random>

#include "tests/process/report_pipe.hpp"
#include "tests/process/shared_store.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

using agent::Claim;
using agent::Saga;
using agent::SagaContext;
using agent::Sagas;
using agent::SagaStatus;
using agent::Tasks;
using agent::TaskStatus;
using std::chrono::milliseconds;

constexpr milliseconds lease_time{300};
constexpr const char* effects = "effects";
constexpr std::size_t step_count = 3;

/// Where a process stands still, to be killed there.
struct Halt {
  std::size_t step = 0;
  bool undoing = false;
  bool before_commit = true;  ///< Else when the step before it has been committed, and it is prepared.
};

using AtHalt = std::function<void(const Halt&)>;

void add_effect(Transaction& transaction, const std::string& name) {
  Collection all = transaction.collection(effects);
  const auto there = all.get(name);
  all.put(name, Value((there ? there->value.as_int() : 0) + 1));
}

/// Three steps; with `fails` the last of them always fails.
void define(Sagas& sagas, bool fails, const AtHalt& at) {
  std::vector<agent::SagaStep> steps;
  for (std::size_t i = 0; i < step_count; ++i) {
    const std::string name = "step " + std::to_string(i);
    const bool last = i + 1 == step_count;
    steps.push_back({.name = name,
                     .run = [=](SagaContext& context) -> Value {
                       add_effect(context.transaction, name);
                       at({.step = i});
                       if (last && fails) throw std::runtime_error("as it must");
                       return Value(i);
                     },
                     .compensate =
                         [=](SagaContext& context) {
                           add_effect(context.transaction, "no " + name);
                           at({.step = i, .undoing = true});
                         },
                     .prepare = [=](const Saga&) -> Value {
                       at({.step = i, .before_commit = false});
                       return {};
                     }});
  }
  sagas.define("k", std::move(steps));
}

class KilledAgents : public SharedStore {
 protected:
  /// Runs the saga in a process that is killed at the halt.
  void run_until(const Halt& halt, bool fails) {
    platform::Sign there;
    platform::ChildProcess process([&] {
      Store store = open();
      Sagas sagas(store);
      define(sagas, fails, [&](const Halt& here) {
        if (here.step != halt.step || here.undoing != halt.undoing || here.before_commit != halt.before_commit) return;
        there.give();
        for (;;) ::pause();
      });
      sagas.run("s", {.lease = lease_time, .wait = patience});
      return 0;
    });
    ASSERT_TRUE(there.await());
    ASSERT_EQ(process.kill(), -SIGKILL);
  }

  void start(bool fails) {
    Store store = open();
    Sagas sagas(store);
    define(sagas, fails, [](const Halt&) {});
    sagas.start("k", {}, "s");
  }

  Saga finish(bool fails) {
    Store store = open();
    Sagas sagas(store);
    define(sagas, fails, [](const Halt&) {});
    const auto saga = sagas.run_next({.lease = lease_time, .wait = patience});
    if (!saga) throw std::runtime_error("there was no saga to run");
    return *saga;
  }

  void expect_effects_once(const Lines& names) {
    Store store = open();
    Lines found;
    for (const Record& record : store.collection(effects).find().records) {
      found.push_back(record.key);
      EXPECT_EQ(record.value, Value(1)) << record.key;
    }
    EXPECT_EQ(found, names);
    EXPECT_EQ(store.verify().problems, Lines{});
  }
};

TEST_P(KilledAgents, LeaveASagaThatAnotherFinishesAtWhicheverStepTheyDie) {
  start(false);
  for (std::size_t i = 0; i < step_count; ++i) {
    run_until({.step = i, .before_commit = false}, false);
    run_until({.step = i}, false);
  }
  EXPECT_EQ(finish(false).status, SagaStatus::done);
  expect_effects_once({"step 0", "step 1", "step 2"});
}

TEST_P(KilledAgents, LeaveASagaThatAnotherUndoesAtWhicheverStepTheyDie) {
  start(true);
  run_until({.step = 1}, true);
  run_until({.step = 1, .undoing = true}, true);
  run_until({.step = 0, .undoing = true}, true);
  EXPECT_EQ(finish(true).status, SagaStatus::compensated);
  expect_effects_once({"no step 0", "no step 1", "step 0", "step 1"});
}

TEST_P(KilledAgents, LeaveATaskThatAnotherClaims) {
  std::string id;
  {
    Store store = open();
    id = Tasks(store).create("k", 1);
  }
  platform::Sign working;
  platform::ChildProcess worker([&] {
    Store store = open();
    Tasks tasks(store);
    const auto claim = tasks.claim({.agent = "first", .lease = lease_time, .wait = patience});
    tasks.progress(*claim, 0.5);
    store.transact([&](Transaction& transaction) {
      add_effect(transaction, "task");
      Tasks(transaction).complete(*claim);
      working.give();
      for (;;) ::pause();
    });
    return 0;
  });
  ASSERT_TRUE(working.await());
  ASSERT_EQ(worker.kill(), -SIGKILL);
  {
    Store store = open();
    Tasks tasks(store);
    const auto claim = tasks.claim({.agent = "second", .wait = patience});
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->task.attempts, 2U);
    store.transact([&](Transaction& transaction) {
      add_effect(transaction, "task");
      Tasks(transaction).complete(*claim);
    });
    EXPECT_EQ(tasks.get(id)->status, TaskStatus::done);
    EXPECT_EQ(tasks.get(id)->agent, "second");
  }
  expect_effects_once({"task"});
}

// ---- many sagas, killed at random

/// One saga has ended.
struct Ended {
  bool unused = false;
};
using Reports = ReportPipe<Ended>;

/// The sagas of even numbers succeed, those of odd ones fail in their last step.
void define_numbered(Sagas& sagas) {
  std::vector<agent::SagaStep> steps;
  for (std::size_t i = 0; i < step_count; ++i) {
    const std::string name = "step " + std::to_string(i);
    const bool last = i + 1 == step_count;
    steps.push_back(
        {.name = name,
         .run = [=](SagaContext& context) -> Value {
           if (last && context.saga.input.as_int() % 2 != 0) throw std::runtime_error("odd");
           add_effect(context.transaction, context.saga.id + " " + name);
           return {};
         },
         .compensate =
             [=](SagaContext& context) { add_effect(context.transaction, context.saga.id + " no " + name); }});
  }
  sagas.define("numbered", std::move(steps));
}

bool some_unfinished(const Sagas& sagas) {
  return !sagas.list({.status = SagaStatus::running, .limit = 1}).empty() ||
         !sagas.list({.status = SagaStatus::compensating, .limit = 1}).empty();
}

/// Ends when all have ended.
int run_sagas(const std::string& url, const Reports& reports) {
  Store store = Store::open(url, {.commit_timeout = patience});
  Sagas sagas(store);
  define_numbered(sagas);
  for (;;) {
    try {
      if (sagas.run_next({.lease = lease_time, .wait = lease_time})) {
        reports.tell({});
      } else if (!some_unfinished(sagas)) {
        return 0;
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::conflict) throw;  // it stood still for longer than its lease
    }
  }
}

TEST_P(KilledAgents, LeaveNoStepOfManySagasUndoneOrDoneTwice) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  const std::size_t count = volume(60, 10'000);
  {
    Store store = open();
    Sagas sagas(store);
    define_numbered(sagas);
    for (std::size_t i = 0; i < count; ++i) sagas.start("numbered", Value(i), "saga " + std::to_string(i));
  }
  const Reports reports;
  const auto runner = [&] {
    return std::make_unique<platform::ChildProcess>([&] { return run_sagas(url(), reports); });
  };
  std::vector<std::unique_ptr<platform::ChildProcess>> processes;
  for (int i = 0; i < 3; ++i) processes.push_back(runner());
  int kills = 0;
  const std::size_t between = std::max<std::size_t>(3, count / volume(8, 300));
  // One that is killed between its last commit and its report leaves the saga's end unsaid.
  for (std::size_t ended = 0, next = between; ended + static_cast<std::size_t>(kills) < count; ++ended) {
    if (!reports.hear(patience)) break;
    if (ended < next) continue;
    auto& process = processes[random() % processes.size()];
    const int code = process->kill();
    ASSERT_TRUE(code == -SIGKILL || code == 0) << "a runner ended with " << code;
    ++kills;
    process = runner();
    next = ended + 1 + random() % (2 * between);
  }
  for (auto& process : processes) EXPECT_EQ(process->wait(), 0);
  EXPECT_GT(kills, 0);

  Store store = open();
  Sagas sagas(store);
  EXPECT_EQ(sagas.list({.status = SagaStatus::done}).size(), (count + 1) / 2);
  EXPECT_EQ(sagas.list({.status = SagaStatus::compensated}).size(), count / 2);
  const std::size_t expected = (count + 1) / 2 * step_count + count / 2 * 2 * (step_count - 1);
  EXPECT_EQ(store.collection(effects).count(), expected);
  EXPECT_EQ(store.collection(effects).count({.where = "$ = 1"}), expected) << "each took effect once";
  EXPECT_EQ(store.verify().problems, Lines{});
  std::printf("[ %zu sagas, %d kills ]\n", count, kills);
}

STRATA_SHARED_ENGINES(KilledAgents);

}  // namespace
}  // namespace strata
