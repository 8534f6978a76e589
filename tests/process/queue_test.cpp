// Workers in processes of their own share a queue; they are killed and stopped at random, and each task takes effect
// once.
#include <map>
#include <random>

#include "tests/process/report_pipe.hpp"
#include "tests/process/shared_store.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

constexpr std::size_t workers = 4;
constexpr const char* tasks = "tasks";
constexpr const char* effects = "effects";
/// Of those who end one task and take the next in one commit: what they have worked on, and what they ended.
constexpr const char* attempted = "attempted";
constexpr const char* ended = "ended";
constexpr std::chrono::milliseconds lease_time{200};

struct Report {
  std::uint64_t tasks_done = 0;
  std::uint64_t late = 0;  ///< Leases that were over before their task was done.
};

using Reports = ReportPipe<Report>;

/// The effect of a task, and that it is done, in one transaction. False when the lease had passed to another.
bool work_on(Store& store, const Lease& lease, bool& doubled) {
  const std::string key = std::to_string(lease.item.payload.as_int());
  try {
    store.transact([&](Transaction& transaction) {
      transaction.queue(tasks).done(lease);
      Collection all = transaction.collection(effects);
      doubled = all.get(key).has_value() || transaction.collection(ended).get(key).has_value();
      all.put(key, Value::object({{"attempt", lease.item.attempts}}));
    });
    return true;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::conflict) throw;
    return false;
  }
}

/// Notes that the tasks were ended. True when one of them had been before.
bool note_ended(Store& store, const std::vector<Lease>& leases) {
  bool doubled = false;
  store.transact([&](Transaction& transaction) {
    Collection all = transaction.collection(ended);
    doubled = false;
    for (const Lease& lease : leases) {
      const std::string key = std::to_string(lease.item.payload.as_int());
      doubled = doubled || all.get(key) || transaction.collection(effects).get(key);
      all.put(key, true);
    }
  });
  return doubled;
}

/// As work(), ending tasks and taking the next ones in one commit.
int work_in_turn(Store& store, const TakeOptions& take, const Reports& reports) {
  Queue queue = store.queue(tasks);
  std::vector<Lease> in_hand;
  for (;;) {
    std::vector<Lease> next;
    Report report;
    try {
      next = queue.done_and_take(in_hand, take);
      report.tasks_done = in_hand.size();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::conflict) throw;
      // Those that are still its own are taken again when their leases end.
      report.late = in_hand.size();
      in_hand.clear();
    }
    if (!in_hand.empty() && note_ended(store, in_hand)) return 91;
    if (report.tasks_done + report.late > 0) reports.tell(report);
    in_hand = std::move(next);
    if (in_hand.empty() && queue.list(std::nullopt, 1).empty()) return 0;
    store.transact([&](Transaction& transaction) {
      for (const Lease& lease : in_hand)
        transaction.collection(attempted).put(std::to_string(lease.item.payload.as_int()), true);
    });
  }
}

/// Ends when the queue is empty. 91 when a task had taken effect, or had been ended, before.
int work(const std::string& url, std::size_t number, const Reports& reports) {
  Store store = Store::open(url, {.commit_timeout = patience});
  Queue queue = store.queue(tasks);
  const TakeOptions take{.limit = 1 + number % 3, .wait = lease_time, .consumer = "worker " + std::to_string(number)};
  if (number % 2 == 1) return work_in_turn(store, take, reports);
  for (;;) {
    const std::vector<Lease> leases = queue.take(take);
    if (leases.empty() && queue.list(std::nullopt, 1).empty()) return 0;
    Report report;
    for (const Lease& lease : leases) {
      bool doubled = false;
      const bool done = work_on(store, lease, doubled);
      if (done && doubled) return 91;
      ++(done ? report.tasks_done : report.late);
    }
    if (!leases.empty()) reports.tell(report);
  }
}

class Workers : public SharedStore {
 protected:
  void start(std::size_t number) {
    processes_[number] =
        std::make_unique<platform::ChildProcess>([this, number] { return work(url(), number, reports_); });
  }

  /// Kills one, or lets it stand still until its leases are over.
  void disturb(std::mt19937_64& random) {
    const std::size_t number = random() % workers;
    if (kills_ == 0 || random() % 3 > 0) {
      const int code = processes_[number]->kill();
      ASSERT_TRUE(code == -SIGKILL || code == 0) << "a worker ended with " << code;
      ++kills_;
      return start(number);
    }
    processes_[number]->stop();
    const auto until = std::chrono::steady_clock::now() + lease_time * 2;
    while (std::chrono::steady_clock::now() < until) hear(lease_time);
    processes_[number]->resume();
    ++pauses_;
  }

  bool hear(std::chrono::milliseconds how_long) {
    const std::optional<Report> report = reports_.hear(how_long);
    if (!report) return false;
    done_ += report->tasks_done;
    late_ += report->late;
    return true;
  }

  Reports reports_;
  std::map<std::size_t, std::unique_ptr<platform::ChildProcess>> processes_;
  std::uint64_t done_ = 0, late_ = 0;  ///< That were reported.
  int kills_ = 0, pauses_ = 0;
};

TEST_P(Workers, GiveEachTaskItsEffectOnceThoughTheyAreKilledAtRandom) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  const std::size_t count = volume(400, 100'000);
  {
    Store store = open();
    Queue queue = store.queue(tasks);
    queue.set_options({.lease = lease_time, .attempts_max = 1'000'000});
    std::vector<Value> numbers;
    for (std::size_t i = 0; i < count; ++i) {
      numbers.emplace_back(i);
      if (numbers.size() < 1'000 && i + 1 < count) continue;
      queue.put_many(numbers);
      numbers.clear();
    }
  }
  for (std::size_t number = 0; number < workers; ++number) start(number);
  const std::uint64_t between = std::max<std::uint64_t>(10, count / volume(20, 500));
  std::uint64_t next = between;
  // A worker that is killed between its commit and its report leaves the last of them unsaid.
  while (done_ + kills_ * 3 < count) {
    if (!hear(patience)) break;
    if (done_ < next) continue;
    disturb(random);
    next = done_ + 1 + random() % (2 * between);
  }
  for (auto& [number, process] : processes_) EXPECT_EQ(process->wait(), 0) << "worker " << number;
  EXPECT_GT(kills_, 0);

  Store store = open();
  const Collection took_effect = store.collection(effects);
  const Collection worked_on = store.collection(attempted);
  std::size_t in_turn = 0;
  for (std::size_t number = 0; number < count; ++number) {
    const std::string key = std::to_string(number);
    if (took_effect.get(key)) continue;
    ++in_turn;
    EXPECT_TRUE(worked_on.get(key)) << "task " << key << " was lost";
  }
  EXPECT_GT(in_turn, 0U);
  EXPECT_LT(in_turn, count);
  EXPECT_TRUE(store.queue(tasks).list().empty());
  EXPECT_EQ(store.verify().problems, Lines{});
  std::printf("[ %zu tasks, %d kills, %d pauses, %llu leases over before their time ]\n", count, kills_, pauses_,
              static_cast<unsigned long long>(late_));
}

/// Takes and ends until nothing is left to take; the last that it took it ends as well.
int drain(const std::string& url, const TakeOptions& take) {
  Store store = Store::open(url, {.commit_timeout = patience});
  Queue queue = store.queue(tasks);
  std::vector<Lease> in_hand = queue.take(take);
  while (!in_hand.empty()) {
    if (in_hand.size() > take.limit) return 92;
    for (const Lease& lease : in_hand) {
      const bool whole = lease.item.payload["n"].int_or(-1) >= 0 && lease.item.attempts == 1 &&
                         lease.item.consumer == take.consumer && lease.item.state == ItemState::leased &&
                         lease.item.until;
      if (!whole) return 93;
    }
    in_hand = queue.done_and_take(in_hand, take);
  }
  return 0;
}

/// Whoever leads takes for others too: when it is killed, these must get what it took for them, or take it themselves.
TEST_P(Workers, LoseNoLeaseWhenTheOneIsKilledThatTookForAll) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  const std::size_t count = volume(1'500, 200'000);
  {
    Store store = open();
    Queue queue = store.queue(tasks);
    queue.set_options({.lease = std::chrono::hours(1), .attempts_max = 1'000'000});
    std::vector<Value> numbers;
    for (std::size_t i = 0; i < count; ++i) {
      numbers.push_back(Value::object({{"n", static_cast<std::int64_t>(i)}}));
      if (numbers.size() < 1'000 && i + 1 < count) continue;
      queue.put_many(numbers);
      numbers.clear();
    }
  }
  constexpr std::size_t most = 3;
  std::vector<std::unique_ptr<platform::ChildProcess>> processes(workers);
  const auto start = [&](std::size_t number) {
    const TakeOptions take{.limit = 1 + number % most, .consumer = "worker " + std::to_string(number)};
    processes[number] = std::make_unique<platform::ChildProcess>([this, take] { return drain(url(), take); });
  };
  for (std::size_t number = 0; number < workers; ++number) start(number);
  std::size_t killed = 0;
  for (std::size_t kills = 0; kills < volume(8, 200); ++kills) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10 + random() % 40));
    const std::size_t number = random() % workers;
    const int code = processes[number]->kill();
    ASSERT_TRUE(code == -SIGKILL || code == 0) << "a worker ended with " << code;
    if (code != 0) ++killed;
    start(number);
  }
  for (const auto& process : processes) EXPECT_EQ(process->wait(), 0);
  Store store = open();
  // What a killed one had in hand, and nothing else, waits for the end of its lease.
  EXPECT_LE(store.queue(tasks).list().size(), killed * most);
  EXPECT_EQ(store.queue(tasks).list(ItemState::waiting).size(), 0U);
  EXPECT_EQ(store.verify().problems, Lines{});
}

STRATA_SHARED_ENGINES(Workers);

}  // namespace
}  // namespace strata
