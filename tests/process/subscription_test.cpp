// Subscribers in processes of their own, while others write, and all of them are killed and stopped at random.
#include <sys/resource.h>

#include <map>
#include <random>

#include "platform/clock.hpp"
#include "platform/wake_word.hpp"
#include "tests/process/report_pipe.hpp"
#include "tests/process/shared_store.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

constexpr std::size_t writers = 4;
/// A writer's pair of records, which every commit of it changes together, on either side of the others' keys.
std::string left_key(std::size_t writer) { return "a/" + std::to_string(writer); }
std::string right_key(std::size_t writer) { return "b/" + std::to_string(writer); }
std::string stream_of(std::size_t writer) { return "s/" + std::to_string(writer); }

struct Report {
  std::size_t who = 0;
  std::uint64_t commits = 0;
  bool finished = false;
};

using Reports = ReportPipe<Report>;

/// Goes on from what its stream says that it has committed.
int work_as_writer(const std::string& url, std::size_t writer, std::uint64_t commits, const Reports& reports) {
  Store store = Store::open(url, {.commit_timeout = patience});
  std::uint64_t done = store.stream(stream_of(writer)).version();
  std::uint64_t told = done;
  if (done == commits) reports.tell({writer, 0, true});
  while (done < commits) {
    ++done;
    store.transact([&](Transaction& transaction) {
      const Value value = Value::object({{"n", done}});
      // One that was killed may have been committed by another process since: then it is not made again.
      transaction.stream(stream_of(writer)).append({.type = "step", .data = value}, Expected::exactly(done - 1));
      transaction.collection("pairs").put(left_key(writer), value);
      transaction.collection("pairs").put(right_key(writer), value);
    });
    if (done - told >= 20 || done == commits) {
      reports.tell({writer, done - told, done == commits});
      told = done;
    }
  }
  return 0;
}

/// One that is restarted may find that its last commit happened after all.
int write_until_done(const std::string& url, std::size_t writer, std::uint64_t commits, const Reports& reports) {
  for (;;) {
    try {
      return work_as_writer(url, writer, commits, reports);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::conflict) throw;
    }
  }
}

/// What a subscriber makes of the changes, kept in the store together with its place.
class Follower {
 public:
  Follower(std::string name, std::uint64_t commits) : name_(std::move(name)), commits_(commits) {}

  /// 0: everything has come, in order and once. Else what went wrong.
  int work(const std::string& url) {
    Store store = Store::open(url, {.commit_timeout = patience});
    for (;;) {
      try {
        return follow(store);
      } catch (const Error& error) {
        // The place moved: a commit of a predecessor that was killed came late.
        if (error.code() != ErrorCode::conflict) throw;
      }
    }
  }

 private:
  int follow(Store& store) {
    Subscription subscription = store.subscribe(options());
    for (;;) {
      const std::vector<Change> changes = subscription.next_batch(200, patience);
      if (changes.empty()) return 90;
      bool complete = false;
      store.transact([&](Transaction& transaction) {
        subscription.save(transaction);
        problem_ = 0;
        for (const Change& change : changes) take(transaction, change);
        if (changes.back().batch_end) complete = check_state(transaction);
      });
      if (problem_ != 0) return problem_;
      if (complete) return 0;
    }
  }

  SubscriptionOptions options() const {
    SubscriptionOptions options;
    options.consumer = name_;
    if (follows_streams()) options.streams = {{.prefix = "s/"}};
    if (follows_pairs()) options.collections = {{.name = "pairs"}};
    options.start = Start::state;
    options.batch_changes_max = 50;
    return options;
  }

  bool follows_streams() const { return name_.find('e') != std::string::npos; }
  bool follows_pairs() const { return name_.find('p') != std::string::npos; }
  std::string mirror() const { return "mirror-" + name_; }

  std::uint64_t number_at(Transaction& transaction, const std::string& key) const {
    const auto record = transaction.collection(mirror()).get(key);
    return record ? record->value["n"].as_uint() : 0;
  }

  void take(Transaction& transaction, const Change& change) {
    const Collection before = transaction.collection(mirror());
    if (change.kind == Change::Kind::event) {
      const std::uint64_t number = change.event->data["n"].as_uint();
      if (number != number_at(transaction, change.source) + 1) problem_ = 91;  // lost, doubled, or out of order
      transaction.collection(mirror()).put(change.source, change.event->data);
    } else if (change.kind == Change::Kind::put) {
      if (change.record->value["n"].as_uint() < number_at(transaction, change.key)) problem_ = 92;  // went back
      transaction.collection(mirror()).put(change.key, change.record->value);
    } else if (change.kind != Change::Kind::state_end) {
      problem_ = 93;
    }
  }

  /// At a boundary no commit is half there. Whether all have come.
  bool check_state(Transaction& transaction) {
    bool complete = true;
    for (std::size_t writer = 0; writer < writers; ++writer) {
      if (follows_pairs()) {
        const std::uint64_t left = number_at(transaction, left_key(writer));
        if (left != number_at(transaction, right_key(writer))) problem_ = 94;
        if (follows_streams() && left != number_at(transaction, stream_of(writer))) problem_ = 95;
        complete &= left == commits_;
      } else {
        complete &= number_at(transaction, stream_of(writer)) == commits_;
      }
    }
    return complete;
  }

  std::string name_;
  std::uint64_t commits_;
  int problem_ = 0;
};

/// Keeps everything in memory; nobody disturbs it.
int watch_undisturbed(const std::string& url, std::uint64_t commits, const platform::Sign& ready) {
  Store store = Store::open(url, {.commit_timeout = patience});
  Subscription subscription = store.subscribe({.streams = {{.prefix = "s/"}}, .start = Start::log});
  ready.give();
  std::map<std::string, std::uint64_t> seen;
  for (std::uint64_t left = commits * writers; left > 0; --left) {
    const auto change = subscription.next(patience);
    if (!change) return 90;
    if (change->event->version != ++seen[change->source]) return 91;
    if (change->event->data["n"].as_uint() != change->event->version) return 92;
  }
  return subscription.next(std::chrono::milliseconds(0)) ? 93 : 0;
}

class Subscribers : public SharedStore {
 protected:
  struct Member {
    std::function<int()> role;
    std::unique_ptr<platform::ChildProcess> process;
    bool finished = false;
  };

  void start(Member& member) { member.process = std::make_unique<platform::ChildProcess>(member.role); }

  void disturb(std::vector<Member>& members, std::mt19937_64& random) {
    Member& member = members[random() % members.size()];
    if (member.finished) return;
    if (random() % 2 == 0) {
      const int code = member.process->kill();
      ASSERT_TRUE(code == -SIGKILL || code == 0) << "a process ended with " << code;
      ++kills_;
      return start(member);
    }
    member.process->stop();
    take(members, reports_.hear(std::chrono::milliseconds(1 + random() % 100)));
    member.process->resume();
    ++pauses_;
  }

  void take(std::vector<Member>& members, const std::optional<Report>& report) {
    if (!report) return;
    commits_ += report->commits;
    if (!report->finished) return;
    members[report->who].finished = true;
    ++writers_finished_;
  }

  Reports reports_;
  std::uint64_t commits_ = 0;  ///< That were reported.
  std::size_t writers_finished_ = 0;
  int kills_ = 0, pauses_ = 0;
};

TEST_P(Subscribers, MissNothingAndSeeNothingTwiceWhileAllAreKilledAtRandom) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  const std::uint64_t commits = volume(150, 250'000);
  const platform::Sign ready;
  { Store store = open(); }
  platform::ChildProcess undisturbed([&] { return watch_undisturbed(url(), commits, ready); });
  ASSERT_TRUE(ready.await());
  std::vector<Member> members;
  for (std::size_t writer = 0; writer < writers; ++writer)
    members.push_back({[&, writer] { return write_until_done(url(), writer, commits, reports_); }, nullptr});
  for (const char* name : {"e", "p", "ep"})
    members.push_back({[&, name] { return Follower(name, commits).work(url()); }, nullptr});
  for (Member& member : members) start(member);

  const std::uint64_t between = std::max<std::uint64_t>(20, commits * writers / volume(12, 200));
  std::uint64_t next = between;
  while (writers_finished_ < writers) {
    const auto report = reports_.hear(patience);
    ASSERT_TRUE(report) << "nobody has committed for a minute";
    take(members, report);
    if (commits_ < next) continue;
    disturb(members, random);
    next = commits_ + 1 + random() % (2 * between);
  }
  for (Member& member : members) EXPECT_EQ(member.process->wait(), 0);
  EXPECT_EQ(undisturbed.wait(), 0);
  EXPECT_GT(kills_ + pauses_, 0);
  Store store = open();
  for (std::size_t writer = 0; writer < writers; ++writer)
    EXPECT_EQ(store.stream(stream_of(writer)).version(), commits);
  EXPECT_EQ(store.verify().problems, Lines{});
  std::printf("[ %llu commits, %d kills, %d pauses ]\n", static_cast<unsigned long long>(commits * writers), kills_,
              pauses_);
}

TEST_P(Subscribers, ThatWatchEverythingAndKeepTheirPlacesDoNotWakeEachOther) {
  { Store store = open(); }
  const platform::Sign first_ready, second_ready;
  const platform::Sign end;
  const auto watch = [&](const char* name, const platform::Sign& ready) {
    Store store = Store::open(url(), {.commit_timeout = patience});
    Subscription subscription = store.subscribe({.everything = true, .consumer = name, .start = Start::log});
    bool told = false;
    for (;;) {
      const auto change = subscription.next(patience);
      if (!change) return 90;
      subscription.save();
      if (change->key == "end") return 0;
      if (change->key == "first" && !told) {
        told = true;
        ready.give();
      }
    }
  };
  platform::ChildProcess one([&] { return watch("one", first_ready); });
  platform::ChildProcess two([&] { return watch("two", second_ready); });
  Position position;
  {
    platform::ChildProcess writer([&] {
      Store store = open();
      store.collection("c").put("first", 1);
      return 0;
    });
    ASSERT_EQ(writer.wait(), 0);
  }
  ASSERT_TRUE(first_ready.await());
  ASSERT_TRUE(second_ready.await());
  Store store = open();
  EXPECT_EQ(store.position(), Position{1}) << "places took positions";
  store.collection("c").put("end", 1);
  EXPECT_EQ(one.wait(), 0);
  EXPECT_EQ(two.wait(), 0);
  EXPECT_EQ(store.position(), Position{2});
}

TEST_P(Subscribers, WithoutAnyWakeUpPollingStillFindsEverything) {
  { Store store = open(); }
  const platform::Sign ready;
  platform::ChildProcess watcher([&] {
    Store store = Store::open(url(), {.commit_timeout = patience});
    Subscription subscription = store.subscribe({.collections = {{.name = "c"}}});
    ready.give();
    int seen = 0;
    while (seen < 5) {
      if (!subscription.next(patience)) return 90;
      ++seen;
    }
    return 0;
  });
  ASSERT_TRUE(ready.await());
  Store store = open();
  platform::suppress_wake_ups(true);
  for (int i = 0; i < 5; ++i) store.collection("c").put("k" + std::to_string(i), i);
  EXPECT_EQ(watcher.wait(), 0);
  platform::suppress_wake_ups(false);
}

TEST_P(Subscribers, UseNoMeasurableTimeWhileNothingHappens) {
  { Store store = open(); }
  platform::ChildProcess watcher([&] {
    Store store = Store::open(url(), {.commit_timeout = patience});
    Subscription subscription = store.subscribe({.everything = true});
    subscription.next(std::chrono::milliseconds(0));
    rusage before{}, after{};
    ::getrusage(RUSAGE_SELF, &before);
    if (subscription.next(std::chrono::milliseconds(2000))) return 90;
    ::getrusage(RUSAGE_SELF, &after);
    const auto micros = [](const rusage& usage) {
      return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000L + usage.ru_utime.tv_usec +
             usage.ru_stime.tv_usec;
    };
    // By its own account a hundredth of one processor; a tenth where sanitizers make each look at the store dear.
    return micros(after) - micros(before) < static_cast<long>(volume(200'000, 20'000)) ? 0 : 91;
  });
  EXPECT_EQ(watcher.wait(), 0);
}

/// The vectors of a note whose state is `n`: near {1, 0} when it is even.
std::vector<float> vector_of(std::uint64_t n) {
  return n % 2 == 0 ? std::vector<float>{1, 0} : std::vector<float>{0, 1};
}

/// Keeps, in the commit that keeps its place, which notes are near {1, 0} as it has been told.
int keep_what_is_near(const std::string& url, const platform::Sign& ready) {
  Store store = Store::open(url, {.commit_timeout = patience});
  Subscription subscription = store.subscribe({.collections = {{.name = "notes",
                                                                .near = Near{.vector = {1, 0}, .similarity = 0.9},
                                                                .text = TextMatch{{}, "tea"}},
                                                               {.name = "end"}},
                                               .consumer = "near",
                                               .start = Start::state});
  ready.give();
  for (;;) {
    const std::vector<Change> changes = subscription.next_batch(7, patience);
    if (changes.empty()) return 90;
    bool ended = false;
    store.transact([&](Transaction& transaction) {
      Collection kept = transaction.collection("near");
      for (const Change& change : changes) {
        ended |= change.source == "end";
        if (change.source != "notes") continue;
        if (change.kind == Change::Kind::put) {
          kept.put(change.key, *change.similarity);
        } else {
          kept.erase(change.key);
        }
      }
      subscription.save(transaction);
    });
    if (ended) return 0;
  }
}

TEST_P(Subscribers, WhoWaitsForWhatIsNearIsToldByWhateverProcessWrites) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  {
    Store store = open();
    store.collection("notes").create_vector({.field = "v", .dimension = 2});
    store.collection("notes").create_text({.fields = {"text"}});
    store.collection("end").put("begun", 1);
    store.collection("end").erase("begun");
  }
  const platform::Sign ready, again;
  platform::ChildProcess watcher([&] { return keep_what_is_near(url(), ready); });
  ASSERT_TRUE(ready.await());
  const auto write = [&](std::uint64_t rounds, bool last) {
    platform::ChildProcess writer([&, rounds, last] {
      Store store = open();
      Collection notes = store.collection("notes");
      for (std::uint64_t i = 0; i < rounds; ++i) {
        const std::string key = "k" + std::to_string(random() % 10);
        const std::uint64_t what = random() % 5;
        const std::string text = what == 0 ? "coffee" : "green tea";
        if (what == 1) {
          notes.erase(key);
        } else if (what == 2 && notes.get(key)) {
          notes.put_vector(key, "v", vector_of(random()));
        } else {
          notes.put(key, Value::object({{"text", text}}));
          if (what == 3) notes.put_vector(key, "v", vector_of(random()));
        }
      }
      if (!last) return 0;
      notes.put("sure", Value::object({{"text", "tea"}}));
      notes.put_vector("sure", "v", vector_of(0));
      store.collection("end").put("end", 1);
      return 0;
    });
    return writer.wait();
  };
  EXPECT_EQ(write(60, false), 0);
  const int killed = watcher.kill();
  EXPECT_TRUE(killed == -SIGKILL) << "it ended with " << killed;
  random.seed(seed + 1);
  EXPECT_EQ(write(60, true), 0);
  platform::ChildProcess heir([&] { return keep_what_is_near(url(), again); });
  EXPECT_EQ(heir.wait(), 0);
  Store store = open();
  Search search;
  search.near.push_back({.vector = {1, 0}, .similarity = 0.9});
  search.where = "text contains 'tea'";
  std::map<std::string, double> there, kept;
  for (const Hit& hit : store.collection("notes").search(search).hits) there[hit.record.key] = hit.score;
  for (const Record& record : store.collection("near").find().records) kept[record.key] = record.value.as_double();
  EXPECT_TRUE(there.contains("sure"));
  EXPECT_EQ(kept, there);
}

STRATA_SHARED_ENGINES(Subscribers);

}  // namespace
}  // namespace strata
