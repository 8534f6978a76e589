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
constexpr std::size_t items_per_second = 40'000;
constexpr std::size_t items_per_second_in_batches = 120'000;
constexpr std::size_t batch_items = 100;

/// How Strata's consumers do it: what they have and what they take next in one commit, or in a commit each.
enum class Calls { done_and_take, done_then_take };

class StrataConsumer : public QueueConsumer {
 public:
  StrataConsumer(const std::string& url, Calls calls)
      : store_(Store::open(url)), queue_(store_.queue("work")), calls_(calls) {}

  void fill(std::size_t items) override {
    const std::vector<Value> payloads(put_at_once, Value(std::string(payload_bytes, 'x')));
    for (std::size_t put = 0; put < items; put += put_at_once) queue_.put_many(payloads);
  }
  std::size_t take_and_finish(std::size_t most) override {
    if (in_hand_.empty()) in_hand_ = queue_.take({.limit = most});
    const std::size_t finished = in_hand_.size();
    if (calls_ == Calls::done_and_take) {
      in_hand_ = queue_.done_and_take(in_hand_, {.limit = most});
    } else {
      queue_.done_many(in_hand_);
      in_hand_.clear();
    }
    return finished;
  }

 private:
  Store store_;
  Queue queue_;
  Calls calls_;
  std::vector<Lease> in_hand_;
};

std::unique_ptr<QueueConsumer> open_consumer(const ContenderPlace& place, Calls calls) {
  if (is_strata(place.name)) return std::make_unique<StrataConsumer>(store_url(place), calls);
#ifdef STRATA_BENCH_POSTGRES
  if (place.name == "postgres") return open_postgres_queue(place.where);
#endif
  throw std::runtime_error("no queues of " + place.name + " in this build");
}

Run consume_in_processes(const ContenderPlace& place, Calls calls, std::size_t processes, std::size_t batch,
                         double seconds) {
  std::vector<std::unique_ptr<RoleProcess>> consumers;
  for (std::size_t number = 0; number < processes; ++number) {
    consumers.push_back(std::make_unique<RoleProcess>(
        "consume", std::vector<std::string>{place.name, place.where, std::to_string(batch),
                                            calls == Calls::done_and_take ? "1" : "2"}));
  }
  for (const auto& consumer : consumers) consumer->go(seconds);
  Run all;
  for (const auto& consumer : consumers) all.join(consumer->result());
  return all;
}

struct Consumers {
  std::string name;
  Calls calls = Calls::done_and_take;

  std::string who() const { return name + (calls == Calls::done_and_take ? "" : ", 2 calls"); }
};

std::vector<Consumers> all_consumers(const Setting& setting) {
  std::vector<std::string> names;
  for (const std::string& engine : strata_engines()) {
    if (many_processes("strata " + engine)) names.push_back("strata " + engine);
  }
  if (setting.make_database) names.emplace_back("strata postgres");
  std::vector<Consumers> all;
  for (const std::string& name : names) {
    if (!setting.wants(name)) continue;
    all.push_back({name, Calls::done_and_take});
    all.push_back({name, Calls::done_then_take});
  }
  if (setting.make_database) all.push_back({"postgres"});
  return all;
}

Run measure(Setting& setting, const Consumers& consumers, std::size_t processes, std::size_t batch) {
  std::string purpose = "queue_" + std::to_string(processes) + "_" + std::to_string(batch) +
                        (consumers.calls == Calls::done_and_take ? "" : "_2");
  const std::string& name = consumers.name;
  const std::string where = on_server(name) ? setting.make_database((is_strata(name) ? "strata_" : "bench_") + purpose)
                                            : setting.place(purpose + "-" + name.substr(name.find(' ') + 1));
  const ContenderPlace place{name, where};
  const std::size_t rate = batch == 1 ? items_per_second : items_per_second_in_batches;
  open_consumer(place, consumers.calls)->fill(static_cast<std::size_t>(static_cast<double>(rate) * setting.seconds));
  return consume_in_processes(place, consumers.calls, processes, batch, setting.seconds);
}

}  // namespace

void bench_queues(Setting& setting) {
  setting.report.section("Queues: take and done of items of 100 bytes (p50 and p99 of both together)");
  const std::vector<Consumers> all = all_consumers(setting);
  for (const std::size_t batch : {std::size_t{1}, batch_items}) {
    for (const std::size_t processes : {std::size_t{1}, std::size_t{4}}) {
      const std::string work = std::to_string(processes) + (processes == 1 ? " process" : " processes") +
                               (batch == 1 ? ", one by one" : ", " + std::to_string(batch) + " at a time");
      std::map<std::string, Run> runs;
      for (const Consumers& consumers : all) {
        runs.emplace(consumers.who(), measure(setting, consumers, processes, batch));
      }
      for (const auto& [who, run] : runs) {
        Line line{.work = work, .who = who, .run = run, .figure = {}, .ratios = {}, .note = {}};
        const auto rival = runs.find("postgres");
        if (rival != runs.end() && who != "postgres") {
          const double ratio = run.rate() / rival->second.rate();
          line.ratios.emplace_back("postgres", ratio);
          // The bar is for the same number of commits.
          if (who.find(',') == std::string::npos) {
            setting.report.bar({"take and done, " + work + ", " + who.substr(7) + " beside PostgreSQL", times(1),
                                times(ratio), ratio >= 1});
          }
        }
        setting.report.add(line);
      }
    }
  }
}

int consume_role(const std::vector<std::string>& arguments) {
  const Calls calls = arguments.at(3) == "1" ? Calls::done_and_take : Calls::done_then_take;
  const auto consumer = open_consumer({arguments.at(0), arguments.at(1)}, calls);
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
