// Queues: take and done, by processes that share one; singly and in batches. What they take has been put before.
#include <chrono>
#include <map>
#include <stdexcept>

#include "bench/process.hpp"
#include "bench/queue_consumer.hpp"
#include "bench/setting.hpp"
#include "strata/store.hpp"

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t payload_bytes = 100;
constexpr std::size_t put_at_once = 1'000;
/// More than any contender takes in a second, so that nobody runs dry.
constexpr std::size_t items_per_second = 20'000;
constexpr std::size_t items_per_second_in_batches = 120'000;
constexpr std::size_t batch_items = 100;

class StrataConsumer : public QueueConsumer {
 public:
  explicit StrataConsumer(const std::string& url) : store_(Store::open(url)), queue_(store_.queue("work")) {}

  void fill(std::size_t items) override {
    const std::vector<Value> payloads(put_at_once, Value(std::string(payload_bytes, 'x')));
    for (std::size_t put = 0; put < items; put += put_at_once) queue_.put_many(payloads);
  }
  std::size_t take_and_finish(std::size_t most) override {
    const std::vector<Lease> leases = queue_.take({.limit = most});
    if (leases.size() == 1) {
      queue_.done(leases.front());
    } else if (!leases.empty()) {
      store_.transact([&](Transaction& transaction) {
        Queue own = transaction.queue("work");
        for (const Lease& lease : leases) own.done(lease);
      });
    }
    return leases.size();
  }

 private:
  Store store_;
  Queue queue_;
};

std::unique_ptr<QueueConsumer> open_consumer(const ContenderPlace& place) {
  if (is_strata(place.name)) return std::make_unique<StrataConsumer>(store_url(place));
#ifdef STRATA_BENCH_POSTGRES
  if (place.name == "postgres") return open_postgres_queue(place.where);
#endif
  throw std::runtime_error("no queues of " + place.name + " in this build");
}

Run consume_in_processes(const ContenderPlace& place, std::size_t processes, std::size_t batch, double seconds) {
  std::vector<std::unique_ptr<RoleProcess>> consumers;
  for (std::size_t number = 0; number < processes; ++number) {
    consumers.push_back(std::make_unique<RoleProcess>(
        "consume", std::vector<std::string>{place.name, place.where, std::to_string(batch)}));
  }
  for (const auto& consumer : consumers) consumer->go(seconds);
  Run all;
  for (const auto& consumer : consumers) all.join(consumer->result());
  return all;
}

}  // namespace

void bench_queues(Setting& setting) {
  setting.report.section("Queues: take and done of items of 100 bytes (p50 and p99 of both together)");
  std::vector<std::string> names;
  for (const std::string& engine : strata_engines()) {
    if (many_processes("strata " + engine)) names.push_back("strata " + engine);
  }
  if (setting.make_database) names.insert(names.end(), {"strata postgres", "postgres"});
  for (const std::size_t batch : {std::size_t{1}, batch_items}) {
    for (const std::size_t processes : {std::size_t{1}, std::size_t{4}}) {
      const std::string work = std::to_string(processes) + (processes == 1 ? " process" : " processes") +
                               (batch == 1 ? ", one by one" : ", " + std::to_string(batch) + " at a time");
      std::map<std::string, Run> runs;
      for (const std::string& name : names) {
        std::string purpose = "queue_" + std::to_string(processes) + "_" + std::to_string(batch);
        const std::string where = on_server(name)
                                      ? setting.make_database((is_strata(name) ? "strata_" : "bench_") + purpose)
                                      : setting.place(purpose + "-" + name.substr(name.find(' ') + 1));
        const ContenderPlace place{name, where};
        const std::size_t rate = batch == 1 ? items_per_second : items_per_second_in_batches;
        open_consumer(place)->fill(static_cast<std::size_t>(static_cast<double>(rate) * setting.seconds));
        runs.emplace(name, consume_in_processes(place, processes, batch, setting.seconds));
      }
      for (const auto& [name, run] : runs) {
        Line line{.work = work, .who = name, .run = run, .figure = {}, .ratios = {}, .note = {}};
        const auto rival = runs.find("postgres");
        if (rival != runs.end() && name != "postgres") {
          const double ratio = run.rate() / rival->second.rate();
          line.ratios.emplace_back("postgres", ratio);
          setting.report.bar({"take and done, " + work + ", " + name.substr(7) + " beside PostgreSQL", times(1),
                              times(ratio), ratio >= 1});
        }
        setting.report.add(line);
      }
    }
  }
}

int consume_role(const std::vector<std::string>& arguments) {
  const auto consumer = open_consumer({arguments.at(0), arguments.at(1)});
  const std::size_t batch = std::stoul(arguments.at(2));
  say_ready();
  const auto seconds = await_go();
  if (!seconds) return 0;
  Run run;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(*seconds);
  while (Clock::now() < end) {
    const auto begin = Clock::now();
    const std::size_t items = consumer->take_and_finish(batch);
    if (items == 0) break;  // others have taken the rest
    run.times.add(Clock::now() - begin);
    run.operations += items;
  }
  run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  say_result(run);
  return 0;
}

}  // namespace strata::bench
