#include "tests/process/crew.hpp"

#include <algorithm>
#include <stdexcept>

#include "tests/process/crew_worker.hpp"

namespace strata {
namespace {

/// When so long nobody has said anything, something hangs.
constexpr std::chrono::milliseconds silence_max = std::chrono::minutes(1);

}  // namespace

std::string own_name(std::size_t writer) { return "w" + std::to_string(writer); }
std::string shared_name(std::size_t counter) { return "s" + std::to_string(counter); }
std::string sequence_key(std::uint64_t sequence) {
  std::string digits = std::to_string(sequence);
  return std::string(9 - digits.size(), '0') + digits;
}

Crew::Crew(CrewOptions options) : options_(std::move(options)), random_(options_.seed), workers_(workers()) {
  log_.commits_of.resize(options_.writers);
  log_.longest_call_us_of.resize(options_.writers);
  log_.rounds_of.resize(options_.readers);
}

void Crew::make_store() const {
  Store store = Store::open(options_.url);
  store.transact([&](Transaction& transaction) {
    Collection all = transaction.collection(counters);
    for (std::size_t i = 0; i < options_.writers; ++i)
      all.put(own_name(i), Value::object({{"sequence", 0}, {"shared", 0}}));
    for (std::size_t i = 0; i < shared_counters; ++i) all.put(shared_name(i), Value::object({{"count", 0}}));
  });
  store.close();
}

void Crew::start(std::size_t number, bool at_once) {
  const platform::Sign* begin = at_once ? nullptr : &begin_;
  workers_[number].process = std::make_unique<platform::ChildProcess>([&, number, begin] {
    if (is_writer(number)) return work_as_writer(options_, number, reports_, begin);
    return work_as_reader(options_, number, reports_, begin);
  });
}

CrewLog Crew::work() {
  make_store();
  for (std::size_t i = 0; i < workers(); ++i) start(i, false);
  std::uint64_t next_disturbance = options_.commits_per_disturbance;
  while (!all_finished()) {
    const auto until_resume = until_next_resume();
    const std::optional<Report> report = reports_.hear(std::min(until_resume, silence_max));
    if (!report && until_resume > silence_max) throw std::runtime_error("nobody has committed or read for a minute");
    if (report) take(*report);
    resume_due(newest_ >= options_.commits);
    if (log_.acknowledged.size() < next_disturbance || newest_ >= options_.commits) continue;
    disturb();
    next_disturbance = log_.acknowledged.size() + 1 + random_() % (2 * options_.commits_per_disturbance);
  }
  for (Worker& worker : workers_) {
    if (const int code = worker.process->wait(); code != 0)
      log_.contradictions.push_back("a worker ended with " + std::to_string(code));
  }
  return std::move(log_);
}

void Crew::take(const Report& report) {
  switch (report.kind) {
    case Report::Kind::ready:
      if (++ready_ == workers()) {
        for (std::size_t i = 0; i < workers(); ++i) begin_.give();
      }
      return;
    case Report::Kind::acknowledged:
      return note_acknowledged(report);
    case Report::Kind::finished:
      workers_[report.worker].finished = true;
      if (!is_writer(report.worker)) log_.rounds_of[report.worker - options_.writers] += report.rounds;
      return;
  }
}

void Crew::note_acknowledged(const Report& report) {
  const Acknowledged acknowledged{report.worker, report.sequence, report.position};
  const auto [known, fresh] = log_.acknowledged.emplace(Uuid{report.id}, acknowledged);
  if (!fresh && known->second.position != report.position) {
    log_.contradictions.push_back("commit " + Uuid{report.id}.to_string() + " was acknowledged at " +
                                  std::to_string(known->second.position) + " and at " +
                                  std::to_string(report.position));
  }
  newest_ = std::max(newest_, report.position);
  log_.resolved += report.resolved;
  log_.refusals += report.refusals;
  std::uint64_t& longest = log_.longest_call_us_of[report.worker];
  longest = std::max(longest, report.longest_call_us);
  if (fresh && report.position <= options_.commits) ++log_.commits_of[report.worker];
}

void Crew::disturb() {
  if (options_.fail_outside && (log_.failures_outside == 0 || random_() % 2 == 0)) {
    options_.fail_outside(random_);
    ++log_.failures_outside;
    return;
  }
  const std::size_t choice = random_() % (options_.disturbed_writers + options_.disturbed_readers);
  const std::size_t number = choice < options_.disturbed_writers
                                 ? options_.writers - 1 - choice
                                 : workers() - 1 - (choice - options_.disturbed_writers);
  Worker& worker = workers_[number];
  if (worker.paused || worker.finished) return;
  if (random_() % 5 < 3) {
    const int code = worker.process->kill();
    if (code == -SIGKILL) ++log_.kills;
    if (code != -SIGKILL && code != 0)  // it may just have finished
      log_.contradictions.push_back("a worker ended with " + std::to_string(code));
    return start(number, true);
  }
  worker.process->stop();
  worker.paused = true;
  worker.resume_at = platform::steady_now() +
                     std::chrono::milliseconds(1 + random_() % static_cast<std::uint64_t>(options_.pause_max.count()));
  ++log_.pauses;
}

void Crew::resume_due(bool all) {
  const auto now = platform::steady_now();
  for (Worker& worker : workers_) {
    if (!worker.paused || (!all && now < worker.resume_at)) continue;
    worker.process->resume();
    worker.paused = false;
  }
}

std::chrono::milliseconds Crew::until_next_resume() const {
  auto next = std::chrono::milliseconds::max();
  const auto now = platform::steady_now();
  for (const Worker& worker : workers_) {
    if (!worker.paused) continue;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(worker.resume_at - now);
    next = std::min(next, std::max(left, std::chrono::milliseconds(0)));
  }
  return next;
}

bool Crew::all_finished() const {
  return std::all_of(workers_.begin(), workers_.end(), [](const Worker& worker) { return worker.finished; });
}

}  // namespace strata
