// A process that waits for commits, and how soon after one in another process it runs.
#include <chrono>
#include <stdexcept>
#include <thread>

#include "bench/process.hpp"
#include "bench/setting.hpp"
#include "strata/store.hpp"

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;  // one clock for all processes of the machine

constexpr int warming = 20;
constexpr auto wake_bar = std::chrono::microseconds(60);
/// So that the other process is asleep, as one that waits for rare commits is.
constexpr auto pause = std::chrono::milliseconds(2);

std::int64_t nanoseconds(Clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

struct Waking {
  Run after_commit;  ///< Since the commit returned to its caller.
  Run since_begin;   ///< Since the commit was begun.
  Run commit;
};

Waking measure_engine(Setting& setting, const std::string& name) {
  std::string directory = "wake-" + name;
  std::replace(directory.begin(), directory.end(), ' ', '-');
  const ContenderPlace place{name, setting.place(directory)};
  Store store = Store::open(store_url(place));
  Collection notes = store.collection("notes");
  RowSource source(KeyOrder::ordered, 1);
  std::vector<Row> rows(1);
  source.fill(rows);
  notes.put(rows[0].key, ValueView(rows[0].value));
  RoleProcess waiter("wake", {place.name, place.where});
  Waking waking;
  const auto end = Clock::now() + std::chrono::duration<double>(setting.seconds);
  for (int number = 0; number < warming || Clock::now() < end; ++number) {
    std::this_thread::sleep_for(pause);
    source.fill(rows);
    const auto begin = Clock::now();
    notes.put(rows[0].key, ValueView(rows[0].value));
    const auto done = Clock::now();
    const std::int64_t woken = std::stoll(waiter.receive());
    if (number < warming) continue;
    waking.after_commit.times.add(std::chrono::nanoseconds(woken - nanoseconds(done)));
    waking.since_begin.times.add(std::chrono::nanoseconds(woken - nanoseconds(begin)));
    waking.commit.times.add(done - begin);
  }
  for (Run* run : {&waking.after_commit, &waking.since_begin, &waking.commit}) run->seconds = setting.seconds;
  return waking;
}

/// What the scheduler alone takes: a line through a pipe.
Run measure_pipe(Setting& setting) {
  RoleProcess echo("echo", {});
  Run run;
  const auto end = Clock::now() + std::chrono::duration<double>(setting.seconds / 2);
  for (int number = 0; number < warming || Clock::now() < end; ++number) {
    std::this_thread::sleep_for(pause);
    const auto begin = Clock::now();
    echo.go(0);
    const std::int64_t woken = std::stoll(echo.receive());
    if (number >= warming) run.times.add(std::chrono::nanoseconds(woken - nanoseconds(begin)));
  }
  run.seconds = setting.seconds;
  return run;
}

}  // namespace

void bench_wake(Setting& setting) {
  setting.report.section("Wake-up of another process by a commit (below 0: it ran before the commit returned)");
  Report& report = setting.report;
  report.add({.work = "a line through a pipe",
              .who = "pipe",
              .run = measure_pipe(setting),
              .figure = {},
              .ratios = {},
              .note = {}});
  for (const std::string& engine : strata_engines()) {
    const std::string name = "strata " + engine;
    if (!many_processes(name)) continue;
    const Waking waking = measure_engine(setting, name);
    report.add({.work = "awake after the commit returned",
                .who = name,
                .run = waking.after_commit,
                .figure = {},
                .ratios = {},
                .note = {}});
    report.add({.work = "awake after the commit began",
                .who = name,
                .run = waking.since_begin,
                .figure = {},
                .ratios = {},
                .note = {}});
    report.add(
        {.work = "the commit itself", .who = name, .run = waking.commit, .figure = {}, .ratios = {}, .note = {}});
    const auto p50 = waking.after_commit.times.percentile(50);
    report.bar(
        {"wake-up in another process, " + engine + ": p50", "< 60 us", milliseconds_or_less(p50), p50 < wake_bar});
  }
}

int wake_role(const std::vector<std::string>& arguments) {
  const Store store = Store::open(store_url({arguments.at(0), arguments.at(1)}), {.create = false});
  Position seen = store.position();
  say_ready();
  for (;;) {
    const Position position = store.wait_for_commit(seen, std::chrono::seconds(5));
    const auto now = Clock::now();
    if (position == seen) continue;
    seen = position;
    say(std::to_string(nanoseconds(now)));
  }
}

int echo_role(const std::vector<std::string>&) {
  say_ready();
  while (await_go()) say(std::to_string(nanoseconds(Clock::now())));
  return 0;
}

}  // namespace strata::bench
