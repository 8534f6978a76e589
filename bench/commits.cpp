// Durable commits: threads, processes, batches; ordered keys without an index, random keys with one.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>

#include "bench/process.hpp"
#include "bench/run_threads.hpp"
#include "bench/setting.hpp"

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int rounds = 2;
constexpr auto p99_bar = std::chrono::milliseconds(5);
constexpr auto batch_p99_bar = std::chrono::milliseconds(50);
constexpr std::size_t batch_records = 100;

/// No two writers of a run may make the same keys.
std::uint64_t next_seed() {
  static std::uint64_t seed = 0;
  return ++seed;
}

Run write_for(Writer& writer, RowSource& source, std::size_t batch, double seconds) {
  std::vector<Row> rows(batch);
  Run run;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(seconds);
  do {
    source.fill(rows);
    const auto begin = Clock::now();
    writer.commit(rows);
    run.times.add(Clock::now() - begin);
  } while (Clock::now() < end);
  run.operations = run.times.count() * batch;
  run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return run;
}

struct Threads {
  std::size_t count = 1;
  std::size_t batch = 1;
};

Run write_in_threads(Contender& contender, KeyOrder order, const Threads& threads, double seconds) {
  std::vector<std::unique_ptr<Writer>> writers;
  std::vector<RowSource> sources;
  for (std::size_t number = 0; number < threads.count; ++number) {
    writers.push_back(contender.writer());
    sources.emplace_back(order, next_seed());
  }
  const Contender::Counts before = contender.counts();
  Run all = run_threads(threads.count, [&](std::size_t number) {
    return write_for(*writers[number], sources[number], threads.batch, seconds);
  });
  const Contender::Counts after = contender.counts();
  all.counts = {after.commits - before.commits, after.syncs - before.syncs};
  return all;
}

using Runs = std::map<std::string, Run>;

/// Strata beside the engine that it stands on, everyone beside PostgreSQL.
void print(Setting& setting, const std::string& work, const Runs& runs) {
  for (const auto& [name, run] : runs) {
    Line line{.work = work, .who = name, .run = run, .figure = {}, .ratios = {}, .note = {}};
    const auto compare = [&](const std::string& other) {
      const auto found = runs.find(other);
      if (found != runs.end() && other != name) line.ratios.emplace_back(other, run.rate() / found->second.rate());
    };
    if (is_strata(name)) compare(name.substr(name.find(' ') + 1));
    if (name != "strata postgres") compare("postgres");
    setting.report.add(line);
  }
}

void bar_of_times(Setting& setting, const std::string& promise, const Runs& runs, std::chrono::milliseconds limit) {
  for (const auto& [name, run] : runs) {
    if (!is_strata(name)) continue;
    const auto p99 = run.times.percentile(99);
    setting.report.bar({promise + ", " + name.substr(7) + ": p99", "< " + std::to_string(limit.count()) + " ms",
                        milliseconds_or_less(p99), p99 < limit});
  }
}

struct RateBar {
  std::string who;
  std::string beside;
  double at_least = 1;
};

void bar_of_rates(Setting& setting, const std::string& promise, const Runs& runs, const std::vector<RateBar>& bars) {
  for (const auto& [who, beside, at_least] : bars) {
    const auto mine = runs.find(who);
    const auto theirs = runs.find(beside);
    if (mine == runs.end() || theirs == runs.end()) continue;
    const double ratio = mine->second.rate() / theirs->second.rate();
    setting.report.bar(
        {promise + ", " + who.substr(7) + " beside " + (beside == "postgres" ? "PostgreSQL" : "raw " + beside),
         times(at_least), times(ratio), ratio >= at_least});
  }
}

std::string key_order_name(KeyOrder order) { return order == KeyOrder::ordered ? "ordered" : "random"; }

std::vector<std::string> contender_names(const Setting& setting) {
  std::vector<std::string> names = embedded_contenders();
  if (setting.make_database) names.insert(names.end(), {"strata postgres", "postgres"});
  std::erase_if(names, [&](const std::string& name) { return !setting.wants(name); });
  return names;
}

ContenderPlace place_of(Setting& setting, const std::string& name, const std::string& purpose, KeyOrder order) {
  const std::string unique = purpose + "_" + key_order_name(order);
  if (on_server(name)) {
    return {name, setting.make_database((is_strata(name) ? "strata_" : "bench_") + unique), order};
  }
  std::string directory = unique + "-" + name;
  std::replace(directory.begin(), directory.end(), ' ', '-');
  return {name, setting.place(directory), order};
}

void judge_threads(Setting& setting, const Threads& threads, const Runs& runs) {
  const std::string writers = threads.count == 1 ? "1 thread" : std::to_string(threads.count) + " threads";
  if (threads.batch > 1) return bar_of_times(setting, "batch of 100", runs, batch_p99_bar);
  if (threads.count <= 4) bar_of_times(setting, "commit, " + writers, runs, p99_bar);
  std::vector<RateBar> bars;
  if (threads.count == 4) {
    for (const std::string& engine : strata_engines()) bars.push_back({"strata " + engine, engine, 1});
    bars.push_back({"strata postgres", "postgres", 1});
  }
  if (threads.count == 16) bars.push_back({"strata lmdb", "postgres", 1.5});
  if (threads.count == 64) bars.push_back({"strata lmdb", "postgres", 2});
  if (threads.count >= 16) bars.push_back({"strata rocksdb", "rocksdb", 0.8});
  bar_of_rates(setting, "commit, " + writers, runs, bars);
}

void measure_threads(Setting& setting, KeyOrder order) {
  std::vector<std::pair<std::string, std::unique_ptr<Contender>>> contenders;
  std::vector<std::string> places;
  for (const std::string& name : contender_names(setting)) {
    const ContenderPlace place = place_of(setting, name, "threads", order);
    contenders.emplace_back(name, open_contender(place));
    places.push_back(place.where);
  }
  const std::vector<Threads> cells{{1, 1}, {4, 1}, {16, 1}, {64, 1}, {1, batch_records}};
  for (const Threads& cell : cells) {
    Runs runs;
    for (int round = 0; round < rounds; ++round) {
      for (const auto& [name, contender] : contenders) {
        runs[name].append(write_in_threads(*contender, order, cell, setting.seconds / rounds));
      }
    }
    const std::string writers = cell.count == 1 ? "1 thread" : std::to_string(cell.count) + " threads";
    print(setting, writers + (cell.batch > 1 ? ", batches of 100" : ""), runs);
    if (order == KeyOrder::ordered) judge_threads(setting, cell, runs);
  }
  contenders.clear();
  for (const std::string& place : places) {
    if (place.starts_with(setting.directory)) std::filesystem::remove_all(place);
  }
}

void judge_processes(Setting& setting, std::size_t processes, const Runs& runs) {
  if (processes != 4) return;
  bar_of_rates(
      setting, "commit, 4 processes", runs,
      {{"strata lmdb", "postgres", 1.5}, {"strata sqlite", "postgres", 1.5}, {"strata postgres", "postgres", 0.5}});
}

Run write_in_processes(std::vector<std::unique_ptr<RoleProcess>>& processes, std::size_t count, double seconds) {
  for (std::size_t number = 0; number < count; ++number) processes[number]->go(seconds);
  Run all;
  for (std::size_t number = 0; number < count; ++number) all.join(processes[number]->result());
  return all;
}

void measure_processes(Setting& setting, KeyOrder order) {
  constexpr std::size_t processes_most = 4;
  std::map<std::string, std::vector<std::unique_ptr<RoleProcess>>> crews;
  std::vector<std::string> places;
  for (const std::string& name : contender_names(setting)) {
    if (!many_processes(name)) continue;
    const ContenderPlace place = place_of(setting, name, "processes", order);
    places.push_back(place.where);
    for (std::size_t number = 0; number < processes_most; ++number) {
      crews[name].push_back(std::make_unique<RoleProcess>(
          "write", std::vector<std::string>{name, place.where, key_order_name(order), std::to_string(next_seed())}));
    }
  }
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}, processes_most}) {
    Runs runs;
    for (int round = 0; round < rounds; ++round) {
      for (auto& [name, crew] : crews) {
        runs[name].append(write_in_processes(crew, count, setting.seconds / rounds));
      }
    }
    print(setting, std::to_string(count) + (count == 1 ? " process" : " processes"), runs);
    if (order == KeyOrder::ordered) judge_processes(setting, count, runs);
  }
  crews.clear();
  for (const std::string& place : places) {
    if (place.starts_with(setting.directory)) std::filesystem::remove_all(place);
  }
}

}  // namespace

void bench_commits(Setting& setting) {
  for (const KeyOrder order : {KeyOrder::ordered, KeyOrder::random}) {
    setting.report.section(order == KeyOrder::ordered
                               ? "Durable commits of one 200-byte record: UUIDv7 keys, no index"
                               : "Durable commits of one 200-byte record: random keys, one index");
    measure_threads(setting, order);
    measure_processes(setting, order);
  }
}

int write_role(const std::vector<std::string>& arguments) {
  const KeyOrder order = arguments.at(2) == key_order_name(KeyOrder::ordered) ? KeyOrder::ordered : KeyOrder::random;
  const std::unique_ptr<Contender> contender = open_contender({arguments.at(0), arguments.at(1), order});
  const std::unique_ptr<Writer> writer = contender->writer();
  RowSource source(order, std::stoull(arguments.at(3)));
  say_ready();
  while (const std::optional<double> seconds = await_go()) {
    const Contender::Counts before = contender->counts();
    Run run = write_for(*writer, source, 1, *seconds);
    const Contender::Counts after = contender->counts();
    run.counts = {after.commits - before.commits, after.syncs - before.syncs};
    say_result(run);
  }
  return 0;
}

}  // namespace strata::bench
