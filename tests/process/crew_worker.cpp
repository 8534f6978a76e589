#include "tests/process/crew_worker.hpp"

#include <cstring>
#include <stdexcept>

#include "platform/file.hpp"
#include "platform/random.hpp"

namespace strata {
namespace {

/// What a writer is about to commit, noted before it does.
struct Intent {
  std::array<std::uint8_t, 16> id{};
  std::uint64_t sequence = 0;
};

class Notebook {
 public:
  explicit Notebook(const std::string& path) : file_(path, platform::File::Mode::create) {}

  std::optional<Intent> last() const {
    const std::uint64_t whole = file_.size() / sizeof(Intent);
    if (whole == 0) return std::nullopt;
    const Bytes row = file_.read_at((whole - 1) * sizeof(Intent), sizeof(Intent));
    Intent intent;
    std::memcpy(&intent, row.data(), sizeof intent);
    return intent;
  }
  void note(const Intent& intent) { file_.append({reinterpret_cast<const char*>(&intent), sizeof intent}); }

 private:
  platform::File file_;
};

std::uint64_t micros_since(platform::SteadyTime began) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(platform::steady_now() - began).count());
}

OpenOptions open_options(const CrewOptions& options, std::size_t number) {
  OpenOptions open;
  open.create = false;
  open.commit_timeout = options.commit_timeout;
  open.background = number % 2 == 0;
  open.durability = options.some_relaxed && number % 3 == 0 ? Durability::relaxed : Durability::sync;
  open.origin = own_name(number);
  return open;
}

std::uint64_t field(const std::optional<Record>& record, std::string_view name) {
  if (!record) throw std::runtime_error("a counter is missing");
  return static_cast<std::uint64_t>(record->value[name].as_int());
}

/// Where something outside fails, a call that got no answer is made again.
template <class Call>
auto insist(const CrewOptions& options, Call&& call) {
  for (;;) {
    try {
      return call();
    } catch (const Error& error) {
      const bool may_pass = error.code() == ErrorCode::busy || error.code() == ErrorCode::limit_exceeded;
      if (!options.fail_outside || !may_pass) throw;
    }
  }
}

class Writer {
 public:
  Writer(const CrewOptions& options, std::size_t number, const ReportPipe<Report>& reports)
      : options_(options),
        number_(number),
        reports_(reports),
        store_(insist(options, [&] { return Store::open(options.url, open_options(options, number)); })),
        notebook_(options.notes_directory + "/" + own_name(number)) {}

  void run(const platform::Sign* begin) {
    resolve_last();
    reports_.tell({.kind = Report::Kind::ready, .worker = worker()});
    if (begin && !begin->await()) throw std::runtime_error("nobody gave the sign to begin");
    while (newest_ < options_.commits) {
      const Intent intent{platform::make_uuid().bytes, sequence_ + 1};
      notebook_.note(intent);
      commit(intent);
    }
    store_.close();
    reports_.tell({.kind = Report::Kind::finished, .worker = worker()});
  }

 private:
  std::uint32_t worker() const { return static_cast<std::uint32_t>(number_); }

  /// Whoever stands still in the write section may do so for longer than a call waits.
  std::optional<CommitResult> outcome(const Uuid& id) {
    for (;;) {
      try {
        return store_.outcome(id);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::busy) throw;
      }
    }
  }

  /// The writer before this one was killed: did its last commit take place?
  void resolve_last() {
    const std::optional<Intent> last = notebook_.last();
    if (!last) return;
    sequence_ = last->sequence - 1;
    if (const auto known = insist(options_, [&] { return outcome(Uuid{last->id}); })) {
      acknowledge({.kind = Report::Kind::acknowledged, .resolved = 1}, *last, *known);
    } else if (platform::random_u64() % 2 == 0) {
      commit(*last);  // under the same id
    }
  }

  void acknowledge(Report report, const Intent& intent, const CommitResult& result) {
    sequence_ = intent.sequence;
    newest_ = result.position.value;
    report.worker = worker();
    report.sequence = intent.sequence;
    report.position = result.position.value;
    report.id = intent.id;
    reports_.tell(report);
  }

  void commit(const Intent& intent) {
    Report report{.kind = Report::Kind::acknowledged};
    for (;;) {
      const auto began = platform::steady_now();
      try {
        CommitResult result;
        store_.transact([&](Transaction& transaction) { write(transaction, intent); }, {.id = Uuid{intent.id}},
                        &result);
        report.longest_call_us = std::max(report.longest_call_us, micros_since(began));
        return acknowledge(report, intent, result);
      } catch (const Error& error) {
        report.longest_call_us = std::max(report.longest_call_us, micros_since(began));
        if (error.code() != ErrorCode::busy && error.code() != ErrorCode::commit_unknown) throw;
        ++report.refusals;  // the same id again is safe either way
      }
    }
  }

  void write(Transaction& transaction, const Intent& intent) const {
    Collection all = transaction.collection(counters);
    const auto mine = all.get(own_name(number_));
    const std::uint64_t before = field(mine, "sequence");
    if (before != intent.sequence && before + 1 != intent.sequence)
      throw std::runtime_error("the writer's own counter is at " + std::to_string(before) + " before commit " +
                               std::to_string(intent.sequence));
    std::uint64_t shared = field(mine, "shared");
    if (intent.id[15] % 4 == 0) {
      const std::string counter = shared_name(intent.id[14] % shared_counters);
      all.put(counter, Value::object({{"count", field(all.get(counter), "count") + 1}}));
      ++shared;
    }
    all.put(own_name(number_), Value::object({{"sequence", intent.sequence}, {"shared", shared}}));
    transaction.collection(own_name(number_))
        .put(sequence_key(intent.sequence), Value::object({{"id", Uuid{intent.id}.to_string()}}));
  }

  const CrewOptions& options_;
  std::size_t number_;
  const ReportPipe<Report>& reports_;
  Store store_;
  Notebook notebook_;
  std::uint64_t sequence_ = 0;
  std::uint64_t newest_ = 0;
};

/// What must agree within one state. Returns how many commits the counters tell of.
std::uint64_t check_state(const CrewOptions& options, const Snapshot& snapshot, std::size_t writer) {
  const Collection all = snapshot.collection(counters);
  std::uint64_t commits = 0, shared_by_writers = 0, shared = 0;
  for (std::size_t i = 0; i < options.writers; ++i) {
    const auto counter = all.get(own_name(i));
    commits += field(counter, "sequence");
    shared_by_writers += field(counter, "shared");
  }
  for (std::size_t i = 0; i < shared_counters; ++i) shared += field(all.get(shared_name(i)), "count");
  if (shared != shared_by_writers) throw std::runtime_error("shared counters and those who raised them differ");
  const std::uint64_t sequence = field(all.get(own_name(writer)), "sequence");
  const Collection own = snapshot.collection(own_name(writer));
  if (sequence > 0 && !own.get(sequence_key(sequence))) throw std::runtime_error("a counted record is not there");
  if (own.get(sequence_key(sequence + 1))) throw std::runtime_error("a record is there that was not counted");
  return commits;
}

}  // namespace

int work_as_writer(const CrewOptions& options, std::size_t number, const ReportPipe<Report>& reports,
                   const platform::Sign* begin) {
  Writer(options, number, reports).run(begin);
  return 0;
}

int work_as_reader(const CrewOptions& options, std::size_t number, const ReportPipe<Report>& reports,
                   const platform::Sign* begin) {
  OpenOptions open = open_options(options, number);
  open.read_only = number % 2 == 1;
  const Store store = insist(options, [&] { return Store::open(options.url, open); });
  Report report{.kind = Report::Kind::ready, .worker = static_cast<std::uint32_t>(number)};
  reports.tell(report);
  if (begin && !begin->await()) throw std::runtime_error("nobody gave the sign to begin");
  Position last;
  std::uint64_t base = 0;
  for (std::uint64_t& round = report.rounds; last.value < options.commits; ++round) {
    insist(options, [&] {
      const Snapshot snapshot = store.snapshot();
      const Position position = snapshot.position();
      if (position < last) throw std::runtime_error("a later snapshot shows an earlier position");
      const std::uint64_t commits = check_state(options, snapshot, round % options.writers);
      if (round == 0) base = position.value - commits;
      if (position.value - commits != base) throw std::runtime_error("position and counters do not agree");
      last = position;
      if (round % 8 == 7) store.wait_for_commit(position, std::chrono::milliseconds(100));
    });
  }
  report.kind = Report::Kind::finished;
  reports.tell(report);
  return 0;
}

}  // namespace strata
