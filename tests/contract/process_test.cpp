// Several processes on one store: what each sees of the others, deaths, stops and forks.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "tests/contract/child_process.hpp"
#include "tests/contract/contract_fixture.hpp"

namespace strata::engine {
namespace {

std::unique_ptr<Engine> open_in(const RoleArguments& arguments) {
  schemes_under_test();
  return open_engine(arguments.at(0), request_at(arguments.at(0), arguments.at(1)));
}

/// Begins to write, then does as it is told: `die`, `commit`, or end.
int hold_the_write_section(const RoleArguments& arguments, ParentLine& parent) {
  const auto engine = open_in(arguments);
  const auto transaction = engine->begin_write(patient());
  transaction->put({records, "held"}, Bytes(50'000, 'h'));
  transaction->erase({records, "kept"});
  parent.say("inside");
  const std::string order = parent.hear();
  if (order == "die") ::raise(SIGKILL);
  if (order == "commit") transaction->commit(Durability::relaxed);
  parent.say("done");
  return 0;
}
const bool holder = register_role("hold_the_write_section", hold_the_write_section);

/// Commits one row, with the durability told, and dies without closing.
int commit_and_die(const RoleArguments& arguments, ParentLine&) {
  const auto engine = open_in(arguments);
  write(*engine, {{"last", "words"}}, arguments.at(2) == "sync" ? Durability::sync : Durability::relaxed);
  ::raise(SIGKILL);
  return 1;
}
const bool dying = register_role("commit_and_die", commit_and_die);

/// Counts up a number of times, reporting each acknowledged step.
int count_up(const RoleArguments& arguments, ParentLine& parent) {
  const auto engine = open_in(arguments);
  for (int step = std::stoi(arguments.at(2)); step > 0; --step) {
    const auto transaction = engine->begin_write(patient());
    const int count = std::stoi(read(*transaction, "count").value_or("0"));
    transaction->put({records, "count"}, std::to_string(count + 1));
    transaction->put({records, "copy"}, std::to_string(count + 1));
    transaction->commit(Durability::relaxed);
    parent.say("step");
  }
  return 0;
}
const bool counting = register_role("count_up", count_up);

/// Holds a snapshot; says what it reads in it whenever asked.
int hold_a_snapshot(const RoleArguments& arguments, ParentLine& parent) {
  const auto engine = open_in(arguments);
  const auto snapshot = engine->snapshot();
  parent.say("held");
  while (parent.hear() == "read") parent.say(read(*snapshot, "a").value_or("nothing"));
  return 0;
}
const bool holding = register_role("hold_a_snapshot", hold_a_snapshot);

int wait_for_a_wake_up(const RoleArguments& arguments, ParentLine& parent) {
  const auto engine = open_in(arguments);
  const std::uint32_t seen = engine->wake().current();
  parent.say("waiting");
  const Deadline deadline = patient();
  while (engine->wake().wait(seen, deadline) == seen && std::chrono::steady_clock::now() < deadline) continue;
  return engine->wake().current() != seen ? 0 : 1;
}
const bool waiting = register_role("wait_for_a_wake_up", wait_for_a_wake_up);

/// Writes until the file may grow no more; checks that a failed write poisons, and that reopening heals.
int fill_the_disk(const RoleArguments& arguments, ParentLine& parent) {
  auto engine = open_in(arguments);
  write(*engine, {{"before", "1"}}, Durability::sync);
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const rlim_t unlimited = limit.rlim_cur;
  limit.rlim_cur = 512 * 1024;
  ::setrlimit(RLIMIT_FSIZE, &limit);

  std::optional<ErrorCode> failure;
  int acknowledged = 0;
  while (!failure && acknowledged < 1000) {
    failure = code_of([&] {
      write(*engine, {{"n" + std::to_string(acknowledged), Bytes(20'000, 'n')}}, Durability::sync);
    });
    if (!failure) ++acknowledged;
  }
  parent.say(failure == ErrorCode::io ? "io"
             : failure                ? "another code: " + std::string(to_string(*failure))
                                      : "no failure");
  const auto later = code_of([&] { engine->snapshot(); });
  parent.say(later == ErrorCode::io ? "io" : "snapshots work on");
  const auto write_later = code_of([&] { engine->begin_write(patient()); });
  parent.say(write_later == ErrorCode::io ? "io" : "writing works on");

  limit.rlim_cur = unlimited;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  engine.reset();
  engine = open_in(arguments);
  const auto snapshot = engine->snapshot();
  parent.say(read(*snapshot, "before").value_or("lost"));
  const std::size_t found = read_all(*snapshot, {records, "n", "o"}).size();
  const std::size_t expected = static_cast<std::size_t>(acknowledged);
  parent.say(found == expected || found == expected + 1 ? "kept" : "lost");
  write(*engine, {{"after", "1"}}, Durability::sync);
  return 0;
}
const bool filling = register_role("fill_the_disk", fill_the_disk);

class Processes : public EngineFixture {
 protected:
  ChildProcess start(const std::string& role, const RoleArguments& more = {}) {
    RoleArguments arguments{GetParam(), site_.place()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return ChildProcess(role, arguments);
  }
};
class Survival : public Processes {};
class FileSurvival : public Processes {};
class Forks : public EngineFixture {};

TEST_P(Survival, ACommitOutlivesTheDeathOfItsProcess) {
  for (const char* durability : {"sync", "relaxed"}) {
    engine_.reset();
    EXPECT_EQ(start("commit_and_die", {durability}).wait(), -SIGKILL);
    engine_ = site_.open();
    EXPECT_EQ(read(*engine_->snapshot(), "last"), "words") << durability;
    write(*engine_, {{"last", "reset"}});
  }
}

TEST_P(Survival, ADeathInTheWriteSectionLeavesNoTrace) {
  write(*engine_, {{"kept", "1"}});
  engine_.reset();
  ChildProcess child = start("hold_the_write_section");
  ASSERT_EQ(child.hear(), "inside");
  child.say("die");
  EXPECT_EQ(child.wait(), -SIGKILL);
  engine_ = site_.open();
  EXPECT_EQ(read_all(*engine_->snapshot(), {records, {}, {}}), (Rows{{"kept", "1"}}));
  write(*engine_, {{"written", "later"}});
  EXPECT_EQ(read(*engine_->snapshot(), "written"), "later");
}

TEST_P(FileSurvival, AFailedWritePoisonsTheEngineUntilItIsReopened) {
  engine_.reset();
  ChildProcess child = start("fill_the_disk");
  EXPECT_EQ(child.hear(), "io");
  EXPECT_EQ(child.hear(), "io");
  EXPECT_EQ(child.hear(), "io");
  EXPECT_EQ(child.hear(), "1");
  EXPECT_EQ(child.hear(), "kept");
  EXPECT_EQ(child.wait(), 0);
  engine_ = site_.open();
  EXPECT_EQ(read(*engine_->snapshot(), "after"), "1");
}

TEST_P(Processes, ADeathInTheWriteSectionLetsTheOthersIn) {
  write(*engine_, {{"kept", "1"}});
  ChildProcess child = start("hold_the_write_section");
  ASSERT_EQ(child.hear(), "inside");
  EXPECT_EQ(refusal_of_write(impatient()), ErrorCode::busy);
  child.say("die");
  EXPECT_EQ(child.wait(), -SIGKILL);
  write(*engine_, {{"written", "later"}});
  EXPECT_EQ(read_all(*engine_->snapshot(), {records, {}, {}}), (Rows{{"kept", "1"}, {"written", "later"}}));
}

TEST_P(Processes, WhileOneIsStoppedInTheWriteSectionOthersReadAndFindItBusy) {
  write(*engine_, {{"kept", "1"}});
  ChildProcess child = start("hold_the_write_section");
  ASSERT_EQ(child.hear(), "inside");
  child.send_signal(SIGSTOP);
  child.wait_until_stopped();
  EXPECT_EQ(refusal_of_write(impatient()), ErrorCode::busy);
  EXPECT_EQ(read(*engine_->snapshot(), "kept"), "1");
  // A process that comes only now is not held up either.
  ChildProcess newcomer = start("hold_a_snapshot");
  ASSERT_EQ(newcomer.hear(), "held");
  engine_->maintain();
  child.send_signal(SIGCONT);
  child.say("commit");
  EXPECT_EQ(child.hear(), "done");
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(keys_of(read_all(*engine_->snapshot(), {records, {}, {}})), (std::vector<Bytes>{"held"}));
  write(*engine_, {{"written", "later"}});
}

TEST_P(Processes, EachSeesTheCommitsOfTheOthers) {
  {
    ChildProcess child = start("count_up", {"3"});
    EXPECT_EQ(child.wait(), 0);
  }
  EXPECT_EQ(read(*engine_->snapshot(), "count"), "3");
  write(*engine_, {{"count", "10"}});
  EXPECT_EQ(start("count_up", {"1"}).wait(), 0);
  EXPECT_EQ(read(*engine_->snapshot(), "count"), "11");
}

TEST_P(Processes, ASnapshotOfAnotherProcessKeepsItsState) {
  write(*engine_, {{"a", "first"}});
  ChildProcess child = start("hold_a_snapshot");
  ASSERT_EQ(child.hear(), "held");
  for (int i = 0; i < 50; ++i) {
    write(*engine_, {{"a", Bytes(3000, static_cast<char>('a' + i % 26))}});
    if (i % 10 == 0) engine_->maintain();
  }
  child.say("read");
  EXPECT_EQ(child.hear(), "first");
  child.say("end");
  EXPECT_EQ(child.wait(), 0);
}

TEST_P(Processes, ADeadReaderHoldsUpNobody) {
  write(*engine_, {{"a", "first"}});
  ChildProcess child = start("hold_a_snapshot");
  ASSERT_EQ(child.hear(), "held");
  child.send_signal(SIGKILL);
  EXPECT_EQ(child.wait(), -SIGKILL);
  for (int i = 0; i < 50; ++i) write(*engine_, {{"a", Bytes(3000, 'x')}});
  engine_->maintain();
  EXPECT_EQ(engine_->statistics().readers, 0u);
}

TEST_P(Processes, ANotificationReachesOtherProcesses) {
  ChildProcess child = start("wait_for_a_wake_up");
  ASSERT_EQ(child.hear(), "waiting");
  engine_->wake().notify();
  EXPECT_EQ(child.wait(), 0);
}

TEST_P(Processes, ProcessesThatCountTogetherLoseNoAcknowledgedStepThoughSomeAreKilled) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  constexpr int rounds = 4;
  constexpr int processes = 4;
  int acknowledged = 0;
  int killed = 0;
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::unique_ptr<ChildProcess>> children;
    for (int i = 0; i < processes; ++i) {
      children.push_back(std::make_unique<ChildProcess>(
          "count_up", RoleArguments{GetParam(), site_.place(), i == 0 ? "1000000" : "30"}));
    }
    // The first one counts without end and is killed at some step.
    const int steps_before_death = static_cast<int>(random() % 30);
    for (int i = 0; i < steps_before_death; ++i) {
      ASSERT_EQ(children[0]->hear(), "step");
      ++acknowledged;
    }
    children[0]->send_signal(SIGKILL);
    ++killed;
    for (const auto& child : children) {
      while (child->hear() == "step") ++acknowledged;
    }
    for (std::size_t i = 1; i < children.size(); ++i) EXPECT_EQ(children[i]->wait(), 0);
  }
  const auto snapshot = engine_->snapshot();
  const int count = std::stoi(read(*snapshot, "count").value_or("0"));
  // Each one that was killed may have committed a step that it could no longer report.
  EXPECT_GE(count, acknowledged);
  EXPECT_LE(count, acknowledged + killed);
  EXPECT_EQ(read(*snapshot, "copy"), std::to_string(count));
}

struct Inherited {
  Engine* engine;
  Snapshot* snapshot;
  Cursor* cursor;
};

bool every_call_gives_closed(void* context) {
  const auto& inherited = *static_cast<Inherited*>(context);
  const auto closed = [](auto act) { return code_of(act) == ErrorCode::closed; };
  return closed([&] { inherited.engine->snapshot(); }) && closed([&] { inherited.engine->begin_write(patient()); }) &&
         closed([&] { inherited.engine->maintain(); }) && closed([&] { inherited.engine->statistics(); }) &&
         closed([&] {
           inherited.snapshot->get({records, "a"});
         }) &&
         closed([&] {
           inherited.snapshot->scan({records, {}, {}}, {});
         });
}

TEST_P(Forks, InAForkedChildEveryCallGivesClosed) {
  const auto engine = site_.open_bare();
  write(*engine, {{"a", "1"}, {"b", "2"}});
  auto snapshot = engine->snapshot();
  auto cursor = snapshot->scan({records, {}, {}}, {});
  ASSERT_TRUE(cursor->next());
  Inherited inherited{engine.get(), snapshot.get(), cursor.get()};
  EXPECT_EQ(run_in_fork(every_call_gives_closed, &inherited), 0);
  EXPECT_TRUE(cursor->next());
  EXPECT_EQ(read(*snapshot, "b"), "2");
}

struct Handles {
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Snapshot> snapshot;
  std::unique_ptr<Cursor> cursor;
  std::unique_ptr<WriteTransaction> transaction;
};

bool drop_all(void* context) {
  auto& handles = *static_cast<Handles*>(context);
  handles.cursor.reset();
  handles.snapshot.reset();
  handles.transaction.reset();
  handles.engine.reset();
  return true;
}

TEST_P(Forks, AChildThatDropsWhatItInheritedDisturbsNothing) {
  Handles handles;
  handles.engine = site_.open_bare();
  write(*handles.engine, {{"a", "1"}, {"b", "2"}});
  handles.snapshot = handles.engine->snapshot();
  handles.cursor = handles.snapshot->scan({records, {}, {}}, {});
  ASSERT_TRUE(handles.cursor->next());
  handles.transaction = handles.engine->begin_write(patient());
  handles.transaction->put({records, "a"}, "2");
  EXPECT_EQ(run_in_fork(drop_all, &handles), 0);

  std::optional<ErrorCode> refusal;
  std::thread([&] { refusal = code_of([&] { handles.engine->begin_write(impatient()); }); }).join();
  EXPECT_EQ(refusal, ErrorCode::busy) << "the child released its parent's lock";
  handles.transaction->commit(Durability::relaxed);
  handles.transaction.reset();
  for (int i = 0; i < 20; ++i) write(*handles.engine, {{"a", Bytes(3000, 'x')}});
  EXPECT_EQ(read(*handles.snapshot, "a"), "1");
  EXPECT_TRUE(handles.cursor->next());
  handles.cursor.reset();
  handles.snapshot.reset();
}

INSTANTIATE_TEST_SUITE_P(Engines, Survival, testing::ValuesIn(persistent_schemes()), scheme_name);
INSTANTIATE_TEST_SUITE_P(Engines, FileSurvival, testing::ValuesIn(schemes_with_files()), scheme_name);
INSTANTIATE_TEST_SUITE_P(Engines, Processes, testing::ValuesIn(shared_schemes()), scheme_name);
INSTANTIATE_TEST_SUITE_P(Engines, Forks, testing::ValuesIn(schemes_under_test()), scheme_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Survival);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FileSurvival);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Processes);

}  // namespace
}  // namespace strata::engine
