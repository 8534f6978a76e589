// Event streams: durable appends of one event each by threads that share a stream, and reading all events again.
#include <chrono>
#include <functional>
#include <map>
#include <vector>

#include "bench/redis_stream.hpp"
#include "bench/run_threads.hpp"
#include "bench/setting.hpp"
#include "strata/store.hpp"

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Append = std::function<void(const Row& row)>;

constexpr std::size_t replay_usual = 200'000;
constexpr std::size_t replay_soak = 1'000'000;
constexpr std::size_t replay_batch = 1'000;

struct Contestant {
  std::string name;
  std::function<Append()> writer;  ///< One for each thread.
  std::function<std::uint64_t()> syncs = [] { return std::uint64_t{0}; };
};

NewEvent event_of(const Row& row) { return {.type = "changed", .data = Value(ValueView(row.value))}; }

Run append_in_threads(const Contestant& contestant, std::size_t threads, double seconds) {
  static std::uint64_t seed = 1'000;
  std::vector<Append> writers;
  std::vector<RowSource> sources;
  for (std::size_t number = 0; number < threads; ++number) {
    writers.push_back(contestant.writer());
    sources.emplace_back(KeyOrder::ordered, ++seed);
  }
  const std::uint64_t syncs = contestant.syncs();
  Run all = run_threads(threads, [&](std::size_t number) {
    std::vector<Row> rows(1);
    Run run;
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::duration<double>(seconds);
    do {
      sources[number].fill(rows);
      const auto before = Clock::now();
      writers[number](rows[0]);
      run.times.add(Clock::now() - before);
    } while (Clock::now() < end);
    run.operations = run.times.count();
    run.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    return run;
  });
  all.counts = {all.operations, contestant.syncs() - syncs};
  return all;
}

void append_side_by_side(Setting& setting, const std::vector<Contestant>& contestants) {
  for (const std::size_t threads : {std::size_t{1}, std::size_t{4}, std::size_t{16}}) {
    std::map<std::string, Run> runs;
    for (const Contestant& contestant : contestants)
      runs[contestant.name] = append_in_threads(contestant, threads, setting.seconds);
    const std::string work = "append, " + std::to_string(threads) + (threads == 1 ? " writer" : " writers");
    for (const auto& [name, run] : runs) {
      Line line{.work = work, .who = name, .run = run, .figure = {}, .ratios = {}, .note = {}};
      for (const std::string other : {"redis", "postgres"}) {
        const auto rival = runs.find(other);
        if (!is_strata(name) || rival == runs.end()) continue;
        const double ratio = run.rate() / rival->second.rate();
        line.ratios.emplace_back(other, ratio);
        if (name != "strata rocksdb" && name != "strata duckdb") {
          setting.report.bar({work + ", " + name.substr(7) + " beside " + (other == "redis" ? "Redis" : "PostgreSQL"),
                              times(1), times(ratio), ratio >= 1});
        }
      }
      setting.report.add(line);
    }
  }
}

Run timed(std::uint64_t events, const std::function<void()>& work) {
  Run run;
  const auto begin = Clock::now();
  work();
  run.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  run.operations = events;
  return run;
}

void add_replay(Setting& setting, const std::string& work, const std::string& who, const Run& run) {
  setting.report.add({.work = work,
                      .who = who,
                      .run = std::nullopt,
                      .figure = grouped(run.rate()) + " events/s",
                      .ratios = {},
                      .note = decimal(run.seconds, 2) + " s"});
}

void replay_strata(Setting& setting, const std::string& engine, std::size_t events) {
  const std::string name = "strata " + engine;
  Store store = Store::open(store_url({name, setting.place("replay-" + engine)}), {.durability = Durability::relaxed});
  RowSource source(KeyOrder::ordered, 7);
  std::vector<Row> rows(replay_batch);
  std::vector<NewEvent> batch;
  for (std::size_t done = 0; done < events; done += replay_batch) {
    source.fill(rows);
    batch.clear();
    for (const Row& row : rows) batch.push_back(event_of(row));
    store.stream("s").append(batch);
  }
  std::uint64_t seen = 0;
  const auto visit = [&](const Event&) { return ++seen > 0; };
  add_replay(setting, "replay of a stream", name, timed(events, [&] { store.stream("s").scan({}, visit); }));
  add_replay(setting, "replay of all streams", name, timed(events, [&] { store.streams().scan({}, visit); }));
  if (seen != 2 * events) throw std::runtime_error("events are missing: " + std::to_string(seen));
}

void replay_redis(Setting& setting, RedisServer& server, std::size_t events) {
  const auto client = server.client();
  RowSource source(KeyOrder::ordered, 7);
  std::vector<Row> rows(1);
  source.fill(rows);
  client->add_many("changed", rows[0].value, events);
  add_replay(setting, "replay of a stream", "redis", timed(events, [&] { client->read_all(); }));
}

}  // namespace

void bench_streams(Setting& setting) {
  setting.report.section("Streams: durable appends to one stream, replay (Redis: appendfsync always, unix socket)");
  std::vector<Contestant> contestants;
  std::vector<std::shared_ptr<Store>> stores;
  for (const std::string& engine : strata_engines()) {
    const std::string name = "strata " + engine;
    const auto store = std::make_shared<Store>(Store::open(store_url({name, setting.place("streams-" + engine)})));
    contestants.push_back({name,
                           [store]() -> Append {
                             return [stream = store->stream("s")](const Row& row) mutable {
                               stream.append(event_of(row));
                             };
                           },
                           [store] { return store->statistics().syncs; }});
    stores.push_back(store);
  }
  std::shared_ptr<Contender> postgres;
  if (setting.make_database) {
    postgres = open_contender({"postgres", setting.make_database("bench_streams")});
    contestants.push_back({"postgres", [&]() -> Append {
                             return [writer = std::shared_ptr<Writer>(postgres->writer())](const Row& row) {
                               writer->commit({&row, 1});
                             };
                           }});
  }
  const auto redis = RedisServer::start(setting.place("redis"));
  if (redis) {
    contestants.push_back({"redis", [&]() -> Append {
                             return [client = std::shared_ptr<RedisServer::Client>(redis->client())](const Row& row) {
                               client->add("changed", row.value);
                             };
                           }});
  }
  append_side_by_side(setting, contestants);
  const std::size_t events = setting.soak ? replay_soak : replay_usual;
  for (const std::string& engine : strata_engines()) replay_strata(setting, engine, events);
  if (redis) {
    const auto fresh = RedisServer::start(setting.place("redis-replay"));
    replay_redis(setting, *fresh, events);
  }
}

}  // namespace strata::bench
