// The agent layer as programs use it, on every engine.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <stdexcept>

#include "platform/clock.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"

namespace strata {
namespace {

using agent::Agents;
using agent::Claim;
using agent::Saga;
using agent::SagaContext;
using agent::Sagas;
using agent::SagaStatus;
using agent::SagaStepStatus;
using agent::Sessions;
using agent::Settings;
using agent::Task;
using agent::Tasks;
using agent::TaskStatus;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class AnyAgent : public testing::TestWithParam<std::string> {
 protected:
  void TearDown() override {
    EXPECT_EQ(store_.verify().problems, std::vector<std::string>{});
    EXPECT_TRUE(store_.queues().empty()) << "the store's own queues are not listed";
  }

  platform::ManualClock clock_{platform::clock().now()};
  platform::ClockOverride override_{clock_};
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
  Store store_ = Store::open(site_.url(), {.background = false});
};

std::optional<ErrorCode> code_of(const std::function<void()>& call) {
  try {
    call();
    return std::nullopt;
  } catch (const Error& error) {
    return error.code();
  }
}

// ---- settings

TEST_P(AnyAgent, ASettingIsSetReadListedAndErased) {
  Settings settings(store_);
  EXPECT_FALSE(settings.get("model.name"));
  EXPECT_EQ(settings.get_or("model.name", "small"), Value("small"));
  settings.set("model.name", "large");
  settings.set("model.depth", 3);
  settings.set("mood", Value::object({{"calm", true}}));
  EXPECT_EQ(settings.get("model.name")->value, Value("large"));
  EXPECT_EQ(settings.get("model.name")->updated, store_.collection(".settings").get("model.name")->updated);
  const auto models = settings.list("model.");
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].key, "model.depth");
  EXPECT_EQ(settings.list().size(), 3U);
  EXPECT_TRUE(settings.erase("mood"));
  EXPECT_FALSE(settings.erase("mood"));
  EXPECT_TRUE(store_.collections().empty()) << "the store's own collections are not listed";
}

TEST_P(AnyAgent, ASettingCanBeSetOnlyIfNobodyElseHas) {
  Settings settings(store_);
  const Version first = settings.set("k", 1);
  settings.set("k", 2, {.if_version = first});
  EXPECT_EQ(code_of([&] { settings.set("k", 3, {.if_version = first}); }), ErrorCode::conflict);
  EXPECT_EQ(settings.get("k")->value, Value(2));
}

TEST_P(AnyAgent, ASettingSharesATransactionWithOtherWrites) {
  EXPECT_THROW(store_.transact([&](Transaction& transaction) {
    Settings(transaction).set("k", 1);
    EXPECT_EQ(Settings(transaction).get("k")->value, Value(1)) << "it sees its own writes";
    transaction.collection("notes").put("n", 1);
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_FALSE(Settings(store_).get("k"));
}

TEST_P(AnyAgent, SettingsAreWatched) {
  Settings settings(store_);
  settings.set("a.x", 1);
  settings.set("b.x", 1);
  Subscription watch = store_.subscribe({.collections = {Settings::watch("a.")}, .start = Start::state});
  const auto present = watch.next(seconds(10));
  ASSERT_TRUE(present && present->record);
  EXPECT_EQ(Settings::read(*present->record).key, "a.x");
  EXPECT_EQ(watch.next(seconds(10))->kind, Change::Kind::state_end);
  settings.set("b.x", 2);
  settings.set("a.x", 2);
  std::optional<Change> change;
  do {
    change = watch.next(seconds(10));
    ASSERT_TRUE(change);
  } while (!change->record);
  EXPECT_EQ(Settings::read(*change->record).value, Value(2));
}

TEST_P(AnyAgent, WatchingEverythingDoesNotTellWhatAgentsKeep) {
  Subscription watch = store_.subscribe({.everything = true});
  Settings(store_).set("k", 1);
  store_.collection("notes").put("n", 1);
  const auto change = watch.next(seconds(10));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->source, "notes");
  EXPECT_EQ(code_of([&] { store_.subscribe({.collections = {{.name = ".queues"}}}); }), ErrorCode::invalid_argument);
}

// ---- sessions

TEST_P(AnyAgent, ASessionLivesWhileItsHeartGoes) {
  Sessions sessions(store_);
  const std::string id =
      sessions.open("scout", {.metadata = Value::object({{"host", "a"}}), .time_to_live = seconds(10)});
  EXPECT_TRUE(sessions.get(id)->live);
  EXPECT_EQ(sessions.get(id)->agent, "scout");
  EXPECT_EQ(sessions.get(id)->metadata["host"].as_string(), "a");
  for (int i = 0; i < 3; ++i) {
    clock_.advance(seconds(9));
    sessions.heartbeat(id);
  }
  EXPECT_TRUE(sessions.get(id)->live);
  clock_.advance(seconds(11));
  EXPECT_FALSE(sessions.get(id)->live);
  EXPECT_EQ(code_of([&] { sessions.heartbeat(id); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { sessions.set_state(id, 1); }), ErrorCode::not_found);
  EXPECT_EQ(sessions.list({.live = false}).size(), 1U);
  EXPECT_TRUE(sessions.list({.live = true}).empty());
  clock_.advance(hours(25));
  EXPECT_FALSE(sessions.get(id)) << "an expired session is kept for a day";
  EXPECT_EQ(code_of([&] { sessions.heartbeat(id); }), ErrorCode::not_found);
}

TEST_P(AnyAgent, AStateIsSetUnderItsRevisionThoughHeartbeatsComeBetween) {
  Sessions sessions(store_);
  const std::string id = sessions.open("scout");
  EXPECT_EQ(sessions.get(id)->revision, 0U);
  EXPECT_EQ(sessions.set_state(id, "thinking", 0), 1U);
  sessions.heartbeat(id);
  EXPECT_EQ(sessions.set_state(id, "acting", 1), 2U);
  EXPECT_EQ(code_of([&] { sessions.set_state(id, "lost", 1); }), ErrorCode::conflict);
  EXPECT_EQ(sessions.get(id)->state, Value("acting"));
}

TEST_P(AnyAgent, SessionsAreListedByAgentAndClosed) {
  Sessions sessions(store_);
  const std::string first = sessions.open("scout");
  const std::string second = sessions.open("scout");
  sessions.open("writer");
  const auto scouts = sessions.list({.agent = "scout"});
  ASSERT_EQ(scouts.size(), 2U);
  EXPECT_EQ(scouts[0].id, first);
  EXPECT_EQ(sessions.list({.limit = 1}).size(), 1U);
  EXPECT_TRUE(sessions.close(first));
  EXPECT_FALSE(sessions.close(first));
  EXPECT_EQ(sessions.list({.agent = "scout"}).front().id, second);
  EXPECT_EQ(code_of([&] { sessions.open(""); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { sessions.open("a", {.time_to_live = milliseconds(0)}); }), ErrorCode::invalid_argument);
}

// ---- agents

TEST_P(AnyAgent, AgentsAreFoundByWhatTheyCanDo) {
  Agents agents(store_);
  agents.put({.name = "ada", .kind = "writer", .capabilities = {"write", "read"}});
  agents.put({.name = "bob", .kind = "scout", .capabilities = {"search", "read"}});
  clock_.advance(minutes(5));
  agents.put({.name = "cyd", .kind = "scout", .metadata = Value::object({{"x", 1}})});
  ASSERT_EQ(agents.find({.capability = "read"}).size(), 2U);
  EXPECT_EQ(agents.find({.kind = "scout", .capability = "read"}).front().name, "bob");
  EXPECT_EQ(agents.find().size(), 3U);
  EXPECT_TRUE(agents.find({.capability = "fly"}).empty());
  EXPECT_EQ(agents.get("cyd")->metadata["x"].as_int(), 1);
  const Time before = agents.get("ada")->seen;
  EXPECT_TRUE(agents.heartbeat("ada"));
  EXPECT_GT(agents.get("ada")->seen, before);
  EXPECT_EQ(agents.get("ada")->registered, before);
  EXPECT_EQ(agents.find({.seen_since = clock_.now() - minutes(1)}).size(), 2U);
  EXPECT_FALSE(agents.heartbeat("nobody"));
  EXPECT_TRUE(agents.erase("ada"));
  EXPECT_FALSE(agents.get("ada"));
}

// ---- tasks

Claim claim_one(Tasks& tasks, const agent::ClaimOptions& options) {
  auto claim = tasks.claim(options);
  if (!claim) throw std::runtime_error("there was no task to claim");
  return std::move(*claim);
}

TEST_P(AnyAgent, ATaskIsCreatedClaimedAndCompleted) {
  Tasks tasks(store_);
  EXPECT_FALSE(tasks.claim({.agent = "ada"}));
  const std::string id = tasks.create("summarize", Value::object({{"url", "x"}}));
  EXPECT_EQ(tasks.get(id)->status, TaskStatus::waiting);
  const Claim claim = claim_one(tasks, {.agent = "ada"});
  EXPECT_EQ(claim.task.id, id);
  EXPECT_EQ(claim.task.payload["url"].as_string(), "x");
  EXPECT_FALSE(tasks.claim({.agent = "bob"})) << "one agent at a time";
  tasks.progress(claim, 0.5, "half way");
  Task task = *tasks.get(id);
  EXPECT_EQ(task.status, TaskStatus::running);
  EXPECT_EQ(task.agent, "ada");
  EXPECT_EQ(task.progress, 0.5);
  EXPECT_EQ(task.message, "half way");
  tasks.complete(claim, "short");
  task = *tasks.get(id);
  EXPECT_EQ(task.status, TaskStatus::done);
  EXPECT_EQ(task.result, Value("short"));
  EXPECT_EQ(task.attempts, 1U);
  ASSERT_EQ(task.history.size(), 3U);
  EXPECT_EQ(task.history[1].status, TaskStatus::running);
  EXPECT_EQ(task.history[1].agent, "ada");
  EXPECT_EQ(code_of([&] { tasks.complete(claim); }), ErrorCode::conflict);
  EXPECT_FALSE(tasks.cancel(id)) << "it has ended";
  clock_.advance(hours(24 * 31));
  EXPECT_FALSE(tasks.get(id)) << "an ended task is kept for its time";
}

TEST_P(AnyAgent, CompletionSharesATransactionWithTheWorkersOwnWrites) {
  Tasks tasks(store_);
  tasks.create("k", 1);
  const Claim claim = claim_one(tasks, {.agent = "ada", .lease = seconds(10)});
  clock_.advance(seconds(11));
  const Claim second = claim_one(tasks, {.agent = "bob"});
  const auto finish = [&](const Claim& held) {
    store_.transact([&](Transaction& transaction) {
      transaction.collection("effects").put("k", Value(held.task.agent));
      Tasks(transaction).complete(held);
    });
  };
  EXPECT_EQ(code_of([&] { finish(claim); }), ErrorCode::conflict);
  EXPECT_FALSE(store_.collection("effects").get("k")) << "nothing of it remains";
  finish(second);
  EXPECT_EQ(store_.collection("effects").get("k")->value, Value("bob"));
  EXPECT_EQ(code_of([&] { store_.transact([](Transaction& t) { Tasks(t).claim({}); }); }), ErrorCode::invalid_argument);
}

TEST_P(AnyAgent, ATaskWhoseWorkerDiedIsClaimedByAnother) {
  Tasks tasks(store_);
  const std::string id = tasks.create("k", 1);
  const Claim first = claim_one(tasks, {.agent = "ada", .lease = seconds(10)});
  clock_.advance(seconds(9));
  tasks.progress(first, 0.1);
  clock_.advance(seconds(9));
  EXPECT_EQ(tasks.get(id)->status, TaskStatus::running) << "progress renews the lease";
  clock_.advance(seconds(2));
  EXPECT_EQ(tasks.get(id)->status, TaskStatus::waiting);
  EXPECT_EQ(tasks.list({.status = TaskStatus::waiting}).size(), 1U);
  EXPECT_TRUE(tasks.list({.status = TaskStatus::running}).empty());
  const Claim second = claim_one(tasks, {.agent = "bob"});
  EXPECT_EQ(second.task.attempts, 2U);
  EXPECT_EQ(code_of([&] { tasks.progress(first, 0.2); }), ErrorCode::conflict);
  EXPECT_EQ(code_of([&] { tasks.fail(first, "late"); }), ErrorCode::conflict);
  tasks.complete(second);
}

TEST_P(AnyAgent, AFailedTaskIsTriedAgainUntilItHasFailedForGood) {
  Tasks tasks(store_);
  tasks.set_options("k", {.attempts_max = 2, .backoff = seconds(1)});
  const std::string id = tasks.create("k", 1);
  EXPECT_EQ(tasks.fail(claim_one(tasks, {.agent = "ada"}), "no network"), TaskStatus::waiting);
  EXPECT_EQ(tasks.get(id)->error, "no network");
  EXPECT_FALSE(tasks.claim({.agent = "ada"})) << "after the backoff";
  clock_.advance(seconds(2));
  EXPECT_EQ(tasks.fail(claim_one(tasks, {.agent = "ada"}), "still none"), TaskStatus::failed);
  EXPECT_EQ(tasks.get(id)->status, TaskStatus::failed);
  EXPECT_EQ(tasks.list({.status = TaskStatus::failed}).front().history.back().message, "still none");

  const std::string other = tasks.create("k", 2);
  EXPECT_EQ(tasks.fail(claim_one(tasks, {.agent = "ada"}), "nonsense", {.retry = false}), TaskStatus::failed);
  EXPECT_EQ(tasks.get(other)->status, TaskStatus::failed);
}

TEST_P(AnyAgent, ATaskThatKillsItsWorkersFails) {
  Tasks tasks(store_);
  tasks.set_options("k", {.lease = seconds(10), .attempts_max = 2});
  const std::string id = tasks.create("k", 1);
  for (int i = 0; i < 2; ++i) {
    claim_one(tasks, {.agent = "ada"});
    clock_.advance(seconds(11));
  }
  EXPECT_FALSE(tasks.claim({.agent = "ada"}));
  EXPECT_EQ(tasks.get(id)->status, TaskStatus::failed);
  EXPECT_EQ(tasks.get(id)->error, "taken 2 times and never done");
}

TEST_P(AnyAgent, AnAssignedTaskIsForItsAgentAlone) {
  Tasks tasks(store_);
  const std::string open = tasks.create("k", 1);
  const std::string mine = tasks.create("special", 2, {.assigned_to = "ada"});
  EXPECT_EQ(claim_one(tasks, {.agent = "bob"}).task.id, open);
  EXPECT_FALSE(tasks.claim({.agent = "bob"}));
  EXPECT_EQ(tasks.list({.agent = "ada"}).front().id, mine);
  EXPECT_EQ(claim_one(tasks, {.agent = "ada", .kinds = {"k"}}).task.id, mine);
}

TEST_P(AnyAgent, KindsAndPrioritiesSayWhatIsClaimed) {
  Tasks tasks(store_);
  tasks.create("a", 1);
  tasks.create("b", 2);
  tasks.create("b", 3, {.priority = 1});
  tasks.create("b", 4, {.priority = 9, .delay = minutes(1)});
  EXPECT_EQ(claim_one(tasks, {.kinds = {"b"}}).task.payload, Value(3));
  EXPECT_EQ(claim_one(tasks, {.kinds = {"b", "a"}}).task.payload, Value(2));
  EXPECT_EQ(claim_one(tasks, {.kinds = {"b", "a"}}).task.payload, Value(1));
  EXPECT_FALSE(tasks.claim({}));
  clock_.advance(minutes(2));
  EXPECT_EQ(tasks.list({.kind = "b"}).size(), 3U);
}

TEST_P(AnyAgent, ATaskIsCancelledWhoeverHasIt) {
  Tasks tasks(store_);
  const std::string id = tasks.create("k", 1);
  const Claim claim = claim_one(tasks, {.agent = "ada"});
  EXPECT_TRUE(tasks.cancel(id, "not needed"));
  EXPECT_EQ(tasks.get(id)->status, TaskStatus::cancelled);
  EXPECT_EQ(code_of([&] { tasks.progress(claim, 0.5); }), ErrorCode::conflict);
  EXPECT_FALSE(tasks.cancel(id));
  EXPECT_FALSE(tasks.claim({}));
  EXPECT_TRUE(tasks.erase(id));
  EXPECT_FALSE(tasks.get(id));
}

TEST_P(AnyAgent, AClaimIsGivenBackAsIfItHadNotBeen) {
  Tasks tasks(store_);
  const std::string id = tasks.create("k", 1);
  tasks.give_back(claim_one(tasks, {.agent = "ada"}));
  EXPECT_EQ(tasks.get(id)->status, TaskStatus::waiting);
  EXPECT_EQ(claim_one(tasks, {.agent = "bob"}).task.attempts, 1U);
}

TEST_P(AnyAgent, OthersWatchATask) {
  Tasks tasks(store_);
  Subscription watch = store_.subscribe({.collections = {Tasks::watch()}, .start = Start::state});
  EXPECT_EQ(watch.next(seconds(10))->kind, Change::Kind::state_end);
  tasks.create("k", 1);
  const auto next_task = [&]() -> Task {
    while (const auto change = watch.next(seconds(10))) {
      if (change->record) return Tasks::read(*change->record);
    }
    throw std::runtime_error("nothing came");
  };
  EXPECT_EQ(next_task().status, TaskStatus::waiting);
  const Claim claim = claim_one(tasks, {.agent = "ada"});
  EXPECT_EQ(next_task().agent, "ada");
  tasks.progress(claim, 0.25, "begun");
  EXPECT_EQ(next_task().progress, 0.25);
  tasks.complete(claim, 42);
  const Task done = next_task();
  EXPECT_EQ(done.result, Value(42));
  EXPECT_EQ(done.history.size(), 3U);
}

// ---- sagas

/// Books a journey; each step and its undoing leave a line in `trail`.
class Journey {
 public:
  Journey(Store& store, std::string failing = {}) : sagas(store) {
    sagas.define("journey", {step("flight", failing), step("hotel", failing), step("car", failing)});
  }

  static agent::SagaStep step(const std::string& name, const std::string& failing) {
    const auto note = [](Transaction& transaction, const std::string& line) {
      Collection trail = transaction.collection("trail");
      trail.put("line " + std::to_string(trail.count()), Value(line));
    };
    return {.name = name,
            .run = [=](SagaContext& context) -> Value {
              note(context.transaction, name);
              if (name == failing) throw std::runtime_error("none left");
              return Value(name + " for " + std::string(context.saga.input.as_string()));
            },
            .compensate =
                [=](SagaContext& context) {
                  note(context.transaction,
                       "no " + name + " (" + std::string(context.saga.result(name).as_string()) + ")");
                }};
  }

  Sagas sagas;
};

std::vector<std::string> trail(Store& store) {
  std::vector<std::string> lines;
  for (const Record& record : store.collection("trail").find().records) lines.emplace_back(record.value.as_string());
  return lines;
}

using Lines = std::vector<std::string>;

TEST_P(AnyAgent, ASagaRunsItsStepsInOrder) {
  Journey journey(store_);
  const std::string id = journey.sagas.start("journey", "Ada");
  EXPECT_EQ(journey.sagas.get(id)->status, SagaStatus::running);
  EXPECT_TRUE(trail(store_).empty());
  const Saga saga = journey.sagas.run(id);
  EXPECT_EQ(saga.status, SagaStatus::done);
  EXPECT_EQ(saga.result("hotel"), Value("hotel for Ada"));
  EXPECT_EQ(trail(store_), (Lines{"flight", "hotel", "car"}));
  EXPECT_EQ(journey.sagas.run(id).status, SagaStatus::done) << "one that has ended is as it is";
  EXPECT_EQ(trail(store_).size(), 3U);
  EXPECT_FALSE(journey.sagas.run_next());
  clock_.advance(hours(24 * 31));
  EXPECT_FALSE(journey.sagas.get(id));
}

TEST_P(AnyAgent, AFailedStepUndoesThoseBeforeItTheLastFirst) {
  Journey journey(store_, "car");
  const std::string id = journey.sagas.start("journey", "Ada");
  const Saga saga = journey.sagas.run(id);
  EXPECT_EQ(saga.status, SagaStatus::compensated);
  EXPECT_EQ(saga.error, "car: none left");
  EXPECT_EQ(saga.steps[2].status, SagaStepStatus::failed);
  EXPECT_EQ(saga.steps[0].status, SagaStepStatus::compensated);
  EXPECT_EQ(trail(store_), (Lines{"flight", "hotel", "no hotel (hotel for Ada)", "no flight (flight for Ada)"}))
      << "nothing of the failed step remains";
  EXPECT_EQ(journey.sagas.list({.status = SagaStatus::compensated}).size(), 1U);
}

TEST_P(AnyAgent, ASagaWhoseFirstStepFailsHasNothingToUndo) {
  Journey journey(store_, "flight");
  EXPECT_EQ(journey.sagas.run(journey.sagas.start("journey", "Ada")).status, SagaStatus::compensated);
  EXPECT_TRUE(trail(store_).empty());
}

TEST_P(AnyAgent, ASagaIsStartedOnceUnderItsIdAndWithOtherWrites) {
  Journey journey(store_);
  store_.transact([&](Transaction& transaction) {
    transaction.collection("orders").put("7", 1);
    journey.sagas.start(transaction, "journey", "Ada", "order-7");
  });
  EXPECT_EQ(journey.sagas.start("journey", "Bob", "order-7"), "order-7");
  EXPECT_EQ(journey.sagas.get("order-7")->input, Value("Ada"));
  EXPECT_EQ(journey.sagas.run_next()->id, "order-7");
  EXPECT_FALSE(journey.sagas.run_next());
  EXPECT_EQ(journey.sagas.list({.kind = "journey"}).size(), 1U);
}

TEST_P(AnyAgent, OneRunnerAtATimeAndAfterItsLeaseAnother) {
  Journey other(store_);
  Sagas sagas(store_);
  int runs = 0;
  std::string id;
  sagas.define("journey", {Journey::step("flight", ""),
                           {.name = "hotel",
                            .run = [&](SagaContext&) { return Value(); },
                            .prepare = [&](const Saga&) -> Value {
                              ++runs;
                              EXPECT_EQ(code_of([&] { other.sagas.run(id); }), ErrorCode::busy);
                              clock_.advance(minutes(5));  // longer than its lease
                              EXPECT_EQ(other.sagas.run(id).status, SagaStatus::done);
                              return {};
                            }},
                           Journey::step("car", "")});
  id = sagas.start("journey", "Ada");
  EXPECT_EQ(code_of([&] { sagas.run(id, {.runner = "slow"}); }), ErrorCode::conflict);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(trail(store_), (Lines{"flight", "hotel", "car"})) << "each step took effect once";
}

TEST_P(AnyAgent, WhatPreparesAStepRunsOutsideAndHandsItsResultOver) {
  Sagas sagas(store_);
  sagas.define("k", {{.name = "ask",
                      .run = [](SagaContext& context) { return Value(context.prepared.as_int() + 1); },
                      .prepare =
                          [&](const Saga& saga) {
                            store_.collection("outside").put(saga.id, 1);  // a transaction of its own
                            return Value(41);
                          }}});
  EXPECT_EQ(sagas.run(sagas.start("k", {})).result("ask"), Value(42));
}

TEST_P(AnyAgent, ACompensationThatFailsIsTriedAgainLaterAndThenStuck) {
  bool works = false;
  Sagas sagas(store_);
  sagas.define("k", {{.name = "one",
                      .run = [](SagaContext&) { return Value(1); },
                      .compensate =
                          [&](SagaContext& context) {
                            context.transaction.collection("undone").put("one", 1);
                            if (!works) throw std::runtime_error("cannot");
                          }},
                     {.name = "two", .run = [](SagaContext&) -> Value { throw std::runtime_error("no"); }}});
  const std::string id = sagas.start("k", {});
  EXPECT_THROW(sagas.run_next(), std::runtime_error);
  EXPECT_EQ(sagas.get(id)->status, SagaStatus::compensating);
  EXPECT_EQ(sagas.get(id)->steps[0].error, "cannot");
  EXPECT_FALSE(sagas.run_next()) << "after a while";
  for (int i = 0; i < 4; ++i) {
    clock_.advance(hours(1));
    EXPECT_THROW(sagas.run_next(), std::runtime_error);
  }
  clock_.advance(hours(1));
  EXPECT_FALSE(sagas.run_next());
  EXPECT_TRUE(sagas.get(id)->stuck);
  EXPECT_FALSE(store_.collection("undone").get("one"));
  works = true;
  EXPECT_EQ(sagas.run(id).status, SagaStatus::compensated);
  EXPECT_TRUE(store_.collection("undone").get("one"));
}

TEST_P(AnyAgent, ASagaIsRunByProgramsThatDefineItsSteps) {
  Journey journey(store_);
  const std::string id = journey.sagas.start("journey", "Ada");
  Sagas without(store_);
  EXPECT_EQ(code_of([&] { without.run(id); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { without.run_next(); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { without.start("journey", {}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { without.run("nobody"); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { without.define("k", {}); }), ErrorCode::invalid_argument);
  without.define("journey", {Journey::step("train", "")});
  EXPECT_EQ(code_of([&] { without.run(id); }), ErrorCode::invalid_argument);
  EXPECT_EQ(journey.sagas.run(id).status, SagaStatus::done) << "nobody holds it";
}

INSTANTIATE_TEST_SUITE_P(Engines, AnyAgent, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& engine) { return engine.param; });

}  // namespace
}  // namespace strata
