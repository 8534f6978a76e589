// A whole store into another one, between every two engines.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <random>
#include <thread>

#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"

namespace strata {
namespace {

using Strings = std::vector<std::string>;

constexpr CopyOptions small_batches{.batch_rows = 16, .batch_bytes = 1 << 20};

Value value_of(std::uint64_t n) {
  return Value::object({{"n", n}, {"kind", "k" + std::to_string(n % 7)}, {"text", std::string(n % 500, 'x')}});
}

std::string key_of(std::uint64_t n) { return "key/" + std::to_string(n); }

/// Records with and without history, indexes, expiry; things changed, erased and dropped.
void fill(Store& store, std::uint64_t records = 300) {
  Collection notes = store.collection("notes");
  Collection kept = store.collection("kept");
  kept.set_options({.history = {.enabled = true}});
  Collection few = store.collection("few");
  few.set_options({.history = {.enabled = true, .keep_count = 2}});
  notes.create_index({.fields = {{"kind"}}});
  notes.create_index({.name = "number", .fields = {{"n"}}, .unique = true});
  for (std::uint64_t begin = 0; begin < records; begin += 50) {
    store.transact([&](Transaction& transaction) {
      for (std::uint64_t n = begin; n < begin + 50; ++n) {
        transaction.collection("notes").put(key_of(n), value_of(n));
        transaction.collection("kept").put(key_of(n % 40), value_of(n));
        transaction.collection("few").put(key_of(n % 10), value_of(n));
      }
    });
  }
  Collection gone = store.collection("gone");
  gone.put("a", 1);
  gone.drop();
  kept.erase(key_of(3));
  kept.erase(key_of(4));
  kept.put(key_of(4), value_of(4));
  notes.put("hidden", value_of(1'000'000), {.time_to_live = std::chrono::microseconds(1)});
  notes.put("later", value_of(1'000'001), {.time_to_live = std::chrono::hours(1)});
}

void expect_same_history(Store& from, Store& to, const std::string& collection) {
  const Collection a = from.collection(collection), b = to.collection(collection);
  for (std::uint64_t n = 0; n < 40; ++n) {
    const auto before = a.history(key_of(n)), after = b.history(key_of(n));
    ASSERT_EQ(before.size(), after.size()) << collection << " " << key_of(n);
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(before[i].record.version, after[i].record.version);
      EXPECT_EQ(before[i].record.value, after[i].record.value);
      EXPECT_EQ(before[i].erased, after[i].erased);
      EXPECT_EQ(before[i].until, after[i].until);
      EXPECT_EQ(before[i].record.updated, after[i].record.updated);
    }
  }
}

/// Requires: nobody has written to the source since.
void expect_equal(Store& from, Store& to, const CopyReport& report) {
  const StoreDescription source = from.describe(), target = to.describe();
  EXPECT_EQ(report.position, source.position);
  EXPECT_EQ(report.digest, source.digest);
  EXPECT_EQ(target.position, source.position);
  EXPECT_EQ(target.digest, source.digest);
  EXPECT_EQ(target.chain, source.chain);
  EXPECT_EQ(target.time, source.time);
  EXPECT_EQ(target.id, source.id);
  EXPECT_EQ(target.log_base, source.position);
  EXPECT_EQ(from.collections(), to.collections());
  EXPECT_EQ(to.verify().problems, Strings{});
  for (const std::string& name : from.collections()) {
    const Collection a = from.collection(name), b = to.collection(name);
    const QueryResult before = a.find({}), after = b.find({});
    ASSERT_EQ(before.records.size(), after.records.size()) << name;
    for (std::size_t i = 0; i < before.records.size(); ++i) {
      EXPECT_EQ(before.records[i].key, after.records[i].key);
      EXPECT_EQ(before.records[i].value, after.records[i].value);
      EXPECT_EQ(before.records[i].version, after.records[i].version);
      EXPECT_EQ(before.records[i].created, after.records[i].created);
      EXPECT_EQ(before.records[i].updated, after.records[i].updated);
      EXPECT_EQ(before.records[i].expires, after.records[i].expires);
    }
  }
}

ErrorCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.code();
  }
  ADD_FAILURE() << "nothing was refused";
  return ErrorCode::internal;
}

/// Asks to stop at the n-th call.
class StopAt : public engine::Progress {
 public:
  explicit StopAt(std::uint64_t calls, bool by_exception = false) : calls_(calls), by_exception_(by_exception) {}
  bool advance(std::string_view phase, std::uint64_t, std::uint64_t) override {
    phase_ = phase;
    if (calls_-- > 1) return true;
    if (by_exception_) throw std::runtime_error("stop");
    return false;
  }
  const std::string& phase() const { return phase_; }

 private:
  std::string phase_;
  std::uint64_t calls_;
  bool by_exception_;
};

/// Calls something at each step.
class AtEachStep : public engine::Progress {
 public:
  explicit AtEachStep(std::function<void(std::string_view phase)> work) : work_(std::move(work)) {}
  bool advance(std::string_view phase, std::uint64_t, std::uint64_t) override {
    work_(phase);
    return true;
  }

 private:
  std::function<void(std::string_view)> work_;
};

class Copy : public testing::Test {
 protected:
  std::string url(const std::string& engine, const std::string& name) const {
    return engine == "memory" ? "memory:" : engine + ":" + directory_.path() + "/" + name;
  }
  Store target(const std::string& engine, const std::string& name = "to") const {
    return Store::open(url(engine, name), {.continue_copy = true});
  }
  platform::ScratchDirectory directory_;
};

class CopyBetween : public Copy, public testing::WithParamInterface<std::tuple<std::string, std::string>> {
 protected:
  Store source() const { return Store::open(from_.url()); }
  Store target() const { return Store::open(to_.url(), {.continue_copy = true}); }

 private:
  StoreSite from_{std::get<0>(GetParam()), directory_ / "from"};
  StoreSite to_{std::get<1>(GetParam()), directory_ / "to"};
};

TEST_P(CopyBetween, TheTargetIsTheSourceWithHistoryExpiryAndIndexes) {
  Store from = source();
  fill(from);
  Store to = target();
  const CopyReport report = copy(from, to, small_batches);
  EXPECT_FALSE(report.resumed);
  EXPECT_EQ(report.collections, 3U);
  EXPECT_GT(report.history_rows, 150U);
  EXPECT_GT(report.index_entries, 600U);
  expect_equal(from, to, report);
  expect_same_history(from, to, "kept");
  expect_same_history(from, to, "few");
  const Query query{.where = "kind = 'k3'"};
  EXPECT_EQ(to.collection("notes").explain(query).access, "index kind");
  EXPECT_EQ(to.collection("notes").count(query), from.collection("notes").count(query));
  const AsOf past = Position{from.position().value / 2};
  EXPECT_EQ(to.collection("kept").get(key_of(7), past).has_value(),
            from.collection("kept").get(key_of(7), past).has_value());
  // It goes on from there by itself.
  EXPECT_EQ(code_of([&] { to.collection("notes").put("twice", value_of(7)); }), ErrorCode::already_exists);
  EXPECT_EQ(to.collection("notes").put("new", value_of(999)).value, report.position.value + 1);
  EXPECT_TRUE(to.collection("kept").erase(key_of(4)));
  EXPECT_EQ(to.verify().problems, Strings{});
}

TEST_P(CopyBetween, WritersGoOnAndTheCopyIsOnePositionOfThem) {
  Store from = source();
  fill(from);
  // Each step lets the writers do a little more: left alone they outrun a slow target by more than a test has time for.
  constexpr std::uint64_t per_step = 2, no_bound = std::uint64_t{1} << 60;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> allowed{per_step};
  std::vector<std::thread> writers;
  for (std::uint64_t writer = 0; writer < 2; ++writer) {
    writers.emplace_back([&, writer] {
      for (std::uint64_t n = 0; !stop; ++n) {
        for (std::uint64_t bound = allowed; n >= bound; bound = allowed) allowed.wait(bound);
        from.transact(
            [&](Transaction& transaction) {
              transaction.collection("notes").put(key_of(1000 + writer + 2 * (n % 500)),
                                                  value_of(2000 + writer + 2 * n));
              transaction.collection("kept").put(key_of(n % 40), value_of(n));
              transaction.collection("few").put(key_of(n % 10), value_of(n));
              transaction.collection("kept").erase(key_of((n + 7) % 40));
              transaction.collection("came" + std::to_string(n % 3)).put(key_of(n), value_of(n));
            },
            {.durability = Durability::relaxed});
        if (n % 50 == 49) from.collection("came" + std::to_string(writer)).drop();
      }
    });
  }
  Store to = target();
  const Position first = from.position();
  AtEachStep company([&](std::string_view phase) {
    const Position before = from.position();
    allowed += per_step;
    allowed.notify_all();
    if (phase == "copy") from.wait_for_commit(before, std::chrono::seconds(1));
  });
  CopyReport report;
  EXPECT_NO_THROW(report = copy(from, to, small_batches, &company));
  EXPECT_GT(report.position, first);
  stop = true;
  allowed = no_bound;
  allowed.notify_all();
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(to.verify().problems, Strings{});
  EXPECT_EQ(to.describe().digest, report.digest);
  EXPECT_EQ(to.position(), report.position);
  EXPECT_LE(report.position, from.position());
  // Every version that the target has is one that the source wrote by then, and none is missing: as-of reads agree.
  for (const std::string name : {"kept"}) {
    const Query then{.at = AsOf{report.position}};
    const QueryResult before = from.collection(name).find(then), after = to.collection(name).find({});
    ASSERT_EQ(before.records.size(), after.records.size());
    for (std::size_t i = 0; i < before.records.size(); ++i) {
      EXPECT_EQ(before.records[i].key, after.records[i].key);
      EXPECT_EQ(before.records[i].version, after.records[i].version);
    }
  }
}

std::vector<std::tuple<std::string, std::string>> pairs() {
  std::vector<std::tuple<std::string, std::string>> all;
  const Strings engines = with_remote(built_engines());
  for (const std::string& from : engines) {
    for (const std::string& to : engines) all.emplace_back(from, to);
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Engines, CopyBetween, testing::ValuesIn(pairs()),
                         [](const auto& info) { return std::get<0>(info.param) + "_to_" + std::get<1>(info.param); });

TEST_F(Copy, WhatChangesAtEveryStepIsInTheCopy) {
  // All in one thread: after each step something of each kind changes, so every race is met and none depends on time.
  Store from = Store::open("memory:");
  fill(from);
  Store to = Store::open("memory:");
  std::uint64_t n = 0;
  AtEachStep changes([&](std::string_view phase) {
    if (phase != "copy" || ++n > 60) return;
    Collection notes = from.collection("notes"), kept = from.collection("kept"), few = from.collection("few");
    notes.erase(key_of(n));
    notes.put(key_of(n + 100), value_of(5000 + n));
    notes.put("a" + std::to_string(n), value_of(n));
    notes.put("z" + std::to_string(n), value_of(6000 + n));
    kept.put(key_of(n % 40), value_of(n));
    kept.erase(key_of(n % 13));
    few.put(key_of(n % 10), value_of(n));
    if (n == 5) notes.create_index({.name = "text", .fields = {{"text"}}});
    if (n == 6) notes.drop_index("kind");
    if (n == 7) from.collection("came").put("a", 1);
    if (n == 8) few.set_options({});
    if (n == 9) few.set_options({.history = {.enabled = true}});
    if (n == 10) from.collection("came").drop();
    if (n == 11) from.collection("came").put("b", 2);
    if (n == 12) kept.set_options({.history = {.enabled = true, .keep_count = 3}});
    if (n == 13) from.collection("short").put("a", 1);
    if (n == 14) from.collection("short").drop();
  });
  const CopyReport report = copy(from, to, small_batches, &changes);
  EXPECT_GT(n, 20U);
  expect_equal(from, to, report);
  expect_same_history(from, to, "kept");
  expect_same_history(from, to, "few");
  EXPECT_EQ(to.collection("notes").indexes().size(), from.collection("notes").indexes().size());
}

TEST_F(Copy, StoppedAtAnyStepItGoesOnFromThere) {
  for (const std::string& engine : with_remote(built_engines())) {
    if (engine == "memory") continue;
    const StoreSite site(engine, directory_ / engine);
    Store from = Store::open("memory:");
    fill(from, 150);
    std::uint64_t stops = 0;
    for (;; ++stops) {
      Store to = Store::open(site.url(), {.continue_copy = true});
      if (stops > 0) {
        EXPECT_EQ(code_of([&] { to.position(); }), ErrorCode::unsupported);
      }
      // One step each: a step is done before it is announced. Every third time by an exception from outside.
      StopAt stop(1, stops % 3 == 2);
      try {
        const CopyReport report = copy(from, to, small_batches, &stop);
        EXPECT_TRUE(report.resumed);
        expect_equal(from, to, report);
        expect_same_history(from, to, "kept");
        break;
      } catch (const Error& error) {
        ASSERT_EQ(error.code(), ErrorCode::busy) << error.what();
      } catch (const std::runtime_error&) {
        ASSERT_EQ(stops % 3, 2U);
      }
      if (stop.phase() != "copy") continue;  // where it stops is settled
      from.collection("notes").put(key_of(stops % 150), value_of(10'000 + stops));
      from.collection("kept").put(key_of(stops % 40), value_of(stops));
      ASSERT_LT(stops, 1000U);
    }
    EXPECT_GT(stops, 20U) << engine;
  }
}

TEST_F(Copy, ALogTrimmedMeanwhileMakesItBeginAnewOverWhatIsThere) {
  Store from = Store::open("memory:", {.log_bytes_max = 1, .log_bytes_bound = 1, .background = false});
  fill(from);
  Store to = Store::open("memory:");
  std::uint64_t steps = 0;
  AtEachStep trimming([&](std::string_view phase) {
    if (phase != "copy" || ++steps != 30) return;
    for (std::uint64_t n = 0; n < 40; ++n) {
      from.collection("notes").erase(key_of(n));
      from.collection("kept").put(key_of(n), value_of(n));
    }
    from.collection("few").drop();
    from.compact();
    EXPECT_GT(from.describe().log_base.value, 40U);
  });
  const CopyReport report = copy(from, to, small_batches, &trimming);
  EXPECT_EQ(report.refills, 1U);
  expect_equal(from, to, report);
  expect_same_history(from, to, "kept");
}

TEST_F(Copy, ALogTrimmedAgainAndAgainIsAGap) {
  Store from = Store::open("memory:", {.log_bytes_max = 1, .log_bytes_bound = 1, .background = false});
  fill(from, 50);
  Store to = Store::open("memory:");
  std::uint64_t steps = 0;
  AtEachStep trimming([&](std::string_view) {
    from.collection("notes").put("a", value_of(100 + ++steps));
    from.collection("notes").put("b", value_of(10'000 + steps));
    from.compact();
  });
  EXPECT_EQ(code_of([&] { copy(from, to, small_batches, &trimming); }), ErrorCode::gap);
  expect_equal(from, to, copy(from, to, small_batches));
}

TEST_F(Copy, ATargetThatHoldsSomethingElseIsRefused) {
  Store from = Store::open(url("sqlite", "from"));
  fill(from, 50);
  Store other = Store::open("memory:");
  other.collection("a").put("b", 1);
  EXPECT_EQ(code_of([&] { copy(from, other); }), ErrorCode::invalid_argument);
  EXPECT_EQ(other.collection("a").get("b")->value.as_int(), 1);
  EXPECT_EQ(code_of([&] { copy(from, from); }), ErrorCode::invalid_argument);
  Store again = Store::open(url("sqlite", "from"));
  EXPECT_EQ(code_of([&] { copy(from, again); }), ErrorCode::invalid_argument);
  Store finished = Store::open("memory:");
  copy(from, finished);
  EXPECT_EQ(code_of([&] { copy(from, finished); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { copy(from, finished, {.batch_rows = 0}); }), ErrorCode::invalid_argument);
}

TEST_F(Copy, AnUnfinishedTargetIsNoStoreAndGoesOnWithItsOwnSourceAlone) {
  Store from = Store::open("memory:");
  fill(from, 50);
  {
    Store to = target("sqlite");
    Collection handle = to.collection("notes");
    StopAt stop(3);
    EXPECT_EQ(code_of([&] { copy(from, to, small_batches, &stop); }), ErrorCode::busy);
    EXPECT_EQ(code_of([&] { to.describe(); }), ErrorCode::unsupported);
    EXPECT_EQ(code_of([&] { handle.get("a"); }), ErrorCode::unsupported);
    EXPECT_EQ(code_of([&] { handle.put("a", 1); }), ErrorCode::unsupported);
    EXPECT_EQ(code_of([&] { to.verify(); }), ErrorCode::unsupported);
    EXPECT_EQ(code_of([&] { to.compact(); }), ErrorCode::unsupported);
    Store elsewhere = Store::open("memory:");
    EXPECT_EQ(code_of([&] { copy(to, elsewhere); }), ErrorCode::unsupported);
  }
  EXPECT_EQ(code_of([&] { Store::open(url("sqlite", "to")); }), ErrorCode::unsupported);
  EXPECT_EQ(code_of([&] { Store::open(url("sqlite", "to"), {.read_only = true}); }), ErrorCode::unsupported);
  Store to = target("sqlite");
  Store another = Store::open("memory:");
  another.collection("a").put("b", 1);
  EXPECT_EQ(code_of([&] { copy(another, to); }), ErrorCode::invalid_argument);
  expect_equal(from, to, copy(from, to, small_batches));
  EXPECT_EQ(Store::open(url("sqlite", "to")).describe().digest, from.describe().digest);
}

TEST_F(Copy, WhoeverHadTheEmptyTargetOpenCannotWriteIntoTheCopy) {
  Store from = Store::open("memory:");
  fill(from, 50);
  Store to = target("lmdb");
  Store late = Store::open(url("lmdb", "to"));
  StopAt stop(2);
  EXPECT_EQ(code_of([&] { copy(from, to, small_batches, &stop); }), ErrorCode::busy);
  EXPECT_EQ(code_of([&] { late.collection("notes").put("a", 1); }), ErrorCode::unsupported);
  EXPECT_EQ(code_of([&] { late.position(); }), ErrorCode::unsupported);
  const CopyReport report = copy(from, to, small_batches);
  expect_equal(from, late, report);
  EXPECT_EQ(late.collection("notes").put("a", value_of(123'456)).value, report.position.value + 1);
  EXPECT_EQ(to.verify().problems, Strings{});
}

TEST_F(Copy, AnEmptyStoreIsCopiedToo) {
  Store from = Store::open("memory:"), to = Store::open("memory:");
  expect_equal(from, to, copy(from, to));
  EXPECT_EQ(to.collection("a").put("b", 1), Version{1});
}

TEST_F(Copy, CompressedBodiesAndTheirDictionaryComeAlong) {
  Store from = Store::open(url("lmdb", "from"));
  for (std::uint64_t begin = 0; begin < 3000; begin += 500) {
    from.transact([&](Transaction& transaction) {
      for (std::uint64_t n = begin; n < begin + 500; ++n) {
        transaction.collection("notes").put(
            key_of(n), Value::object({{"n", n},
                                      {"text", "the same words in every record, over and over " +
                                                   std::string(300, 'y') + std::to_string(n * 7919)}}));
      }
    });
  }
  from.compact();
  for (std::uint64_t n = 0; n < 500; ++n) from.collection("notes").put(key_of(n), Value(std::string(600, 'y')));
  Store to = target("sqlite");
  expect_equal(from, to, copy(from, to));
}

/// A child that copies until it is killed or done; 0 when it has finished.
pid_t start_copy(const std::string& from, const std::string& to) {
  const pid_t child = fork();
  if (child != 0) return child;
  int result = 1;
  try {
    Store source = Store::open(from, {.read_only = true, .background = false});
    Store target = Store::open(to, {.background = false, .continue_copy = true});
    copy(source, target, small_batches);
    target.close();
    result = 0;
  } catch (const Error& error) {
    // Killed between its last commit and its end, it was done.
    const bool was_done = std::string_view(error.what()).find("finished copy") != std::string_view::npos;
    result = was_done ? 0 : 2;
    if (!was_done) std::cerr << "the copy failed: " << error.what() << '\n';
  }
  _exit(result);
}

TEST_F(Copy, KilledAtRandomAndRunAgainItComesOutEqual) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed) + "; any seed will do");
  std::mt19937 random(seed);
  for (const std::string engine : {"lmdb", "sqlite"}) {
    const std::string from_url = url(engine == "lmdb" ? "sqlite" : "lmdb", "from-" + engine);
    const std::string to_url = url(engine, "to-" + engine);
    {
      Store from = Store::open(from_url);
      fill(from, 3000);
    }
    int kills = 0, result = -1;
    for (int runs = 0; runs < 200 && result != 0; ++runs) {
      const pid_t child = start_copy(from_url, to_url);
      ASSERT_GT(child, 0);
      int status = 0;
      if (runs < 12) {
        usleep(std::uniform_int_distribution<useconds_t>(1000, 60'000)(random));
        kill(child, SIGKILL);
      }
      ASSERT_EQ(waitpid(child, &status, 0), child);
      if (WIFSIGNALED(status)) ++kills;
      if (WIFEXITED(status)) result = WEXITSTATUS(status);
      ASSERT_NE(result, 2) << "the copy failed";
    }
    ASSERT_EQ(result, 0);
    EXPECT_GT(kills, 0);
    Store from = Store::open(from_url), to = Store::open(to_url);
    EXPECT_EQ(to.describe().digest, from.describe().digest);
    EXPECT_EQ(to.position(), from.position());
    EXPECT_EQ(to.verify().problems, Strings{});
    expect_same_history(from, to, "kept");
  }
}

}  // namespace
}  // namespace strata
