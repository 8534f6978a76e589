// A process that waits for commits, and how soon after one in another process it runs.
#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>

#include "bench/process.hpp"
#include "bench/redis_stream.hpp"
#include "bench/setting.hpp"
#include "strata/store.hpp"
#ifdef STRATA_BENCH_POSTGRES
#include "bench/postgres_notice.hpp"
#endif

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

/// `tell` tells the waiter, which says when it came; `prepare` is not measured.
Waking measure(Setting& setting, RoleProcess& waiter, const std::function<void()>& prepare,
               const std::function<void()>& tell) {
  Waking waking;
  const auto end = Clock::now() + std::chrono::duration<double>(setting.seconds);
  for (int number = 0; number < warming || Clock::now() < end; ++number) {
    std::this_thread::sleep_for(pause);
    prepare();
    const auto begin = Clock::now();
    tell();
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

Waking measure(Setting& setting, RoleProcess& waiter, const std::function<void()>& tell) {
  return measure(
      setting, waiter, [] {}, tell);
}

Waking measure_engine(Setting& setting, const std::string& name) {
  std::string directory = "wake-" + name;
  std::replace(directory.begin(), directory.end(), ' ', '-');
  const ContenderPlace place{name, setting.place(directory)};
  Store store = Store::open(store_url(place));
  Collection notes = store.collection("notes");
  RowSource source(KeyOrder::ordered, 1);
  std::vector<Row> rows(1);
  const auto put = [&] { notes.put(rows[0].key, ValueView(rows[0].value)); };
  source.fill(rows);
  put();
  RoleProcess waiter("wake", {place.name, place.where});
  return measure(
      setting, waiter, [&] { source.fill(rows); }, put);
}

void report_waking(Report& report, const std::string& name, const Waking& waking) {
  const auto add = [&](const char* work, const Run& run) {
    report.add({.work = work, .who = name, .run = run, .figure = {}, .ratios = {}, .note = {}});
  };
  add("awake after the commit returned", waking.after_commit);
  add("awake after the commit began", waking.since_begin);
  add("the commit itself", waking.commit);
}

/// Those that tell other processes otherwise. What each makes durable before it answers stands in docs/BENCHMARKS.md.
void measure_rivals(Setting& setting) {
  const std::string text(200, 'x');
  if (const auto redis = RedisServer::start(setting.place("wake-redis"))) {
    const auto client = redis->client();
    RoleProcess subscriber("wake-rival", {"redis-channel", redis->socket()});
    report_waking(setting.report, "redis pub/sub", measure(setting, subscriber, [&] { client->publish(text); }));
    RoleProcess reader("wake-rival", {"redis-stream", redis->socket()});
    report_waking(setting.report, "redis stream", measure(setting, reader, [&] { client->add("note", text); }));
  }
#ifdef STRATA_BENCH_POSTGRES
  if (!setting.make_database) return;
  const std::string parameters = setting.make_database("wake");
  const auto teller = connect_notice(parameters);
  RoleProcess listener("wake-rival", {"postgres", parameters});
  report_waking(setting.report, "postgres", measure(setting, listener, [&] { teller->insert_and_notify(); }));
#endif
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
    report_waking(report, name, waking);
    const auto p50 = waking.after_commit.times.percentile(50);
    report.bar(
        {"wake-up in another process, " + engine + ": p50", "< 60 us", milliseconds_or_less(p50), p50 < wake_bar});
  }
  measure_rivals(setting);
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

int wake_rival_role(const std::vector<std::string>& arguments) {
  const std::string& kind = arguments.at(0);
  std::function<void()> await;
  std::shared_ptr<RedisServer::Client> redis;
  if (kind.starts_with("redis")) {
    redis = RedisServer::connect(arguments.at(1));
    if (kind == "redis-channel") redis->subscribe();
    await = [&] { kind == "redis-channel" ? redis->await_message() : redis->await_entry(); };
  }
#ifdef STRATA_BENCH_POSTGRES
  std::shared_ptr<PostgresNotice> postgres;
  if (kind == "postgres") {
    postgres = connect_notice(arguments.at(1));
    postgres->listen();
    await = [&] { postgres->await(); };
  }
#endif
  if (!await) throw std::runtime_error("there is no rival `" + kind + "`");
  say_ready();
  for (;;) {
    await();
    say(std::to_string(nanoseconds(Clock::now())));
  }
}

int echo_role(const std::vector<std::string>&) {
  say_ready();
  while (await_go()) say(std::to_string(nanoseconds(Clock::now())));
  return 0;
}

}  // namespace strata::bench
