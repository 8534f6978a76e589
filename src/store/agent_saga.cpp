// Sagas: each step a transaction that also records the step, under a lease that says who runs the saga.
#include <algorithm>
#include <exception>
#include <new>
#include <set>

#include "model/queue.hpp"
#include "model/saga_hold.hpp"
#include "platform/clock.hpp"
#include "store/agent_access.hpp"
#include "strata/error.hpp"

namespace strata::agent {
namespace {

using model::StoredSaga;

constexpr auto wait_poll = std::chrono::milliseconds(250);
/// Looks of one that does not wait.
constexpr int attempts_max = 8;
constexpr auto wait_max = std::chrono::milliseconds(std::chrono::hours(24 * 365));

model::LeaseClock lease_clock(const Access& access) {
  return model::LeaseClock::read(access->trunk()->engine().capabilities().remote);
}

/// The store is not able, or in doubt: no word on the step itself.
bool passes_through(const Error& error) {
  switch (error.code()) {
    case ErrorCode::busy:
    case ErrorCode::io:
    case ErrorCode::closed:
    case ErrorCode::commit_unknown:
    case ErrorCode::corruption:
    case ErrorCode::internal:
      return true;
    default:
      return false;
  }
}

/// Why a step failed; thrown to abandon its transaction.
class StepFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Turns what a step's function throws into StepFailed.
template <class Function>
auto attempt(Function&& function) {
  try {
    return function();
  } catch (const Error& error) {
    if (passes_through(error)) throw;
    throw StepFailed(error.what());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw StepFailed(error.what());
  }
}

[[noreturn]] void refuse(std::string_view kind, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "saga kind `" + std::string(kind) + "`: " + why);
}

std::optional<StoredSaga> find_saga(commit::Source& source, std::string_view id) {
  const auto record = get_own(source, model::sagas_collection(), id);
  if (!record) return std::nullopt;
  return model::decode_saga(*record);
}

StoredSaga require_saga(commit::Source& source, std::string_view id) {
  if (auto stored = find_saga(source, id)) return std::move(*stored);
  throw Error(ErrorCode::not_found,
              "there is no saga `" + std::string(id.substr(0, 100)) + "`; it may have ended long ago");
}

void write_saga(commit::Transaction& transaction, const StoredSaga& stored) {
  PutOptions options;
  if (model::has_ended(stored.saga.status)) options.time_to_live = model::saga_kept;
  put_own(transaction, model::sagas_collection(), stored.saga.id, model::encode_saga(stored), options);
}

/// Number of the first step with the status; nothing when none has it.
std::optional<std::size_t> first_with(const Saga& saga, SagaStepStatus status) {
  for (std::size_t i = 0; i < saga.steps.size(); ++i) {
    if (saga.steps[i].status == status) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> last_done(const Saga& saga) {
  for (std::size_t i = saga.steps.size(); i > 0; --i) {
    if (saga.steps[i - 1].status == SagaStepStatus::done) return i - 1;
  }
  return std::nullopt;
}

/// Records a step within the transaction; with the last one the saga ends.
void record_step(commit::Transaction& own, const Lease& lease, std::string_view id, std::size_t number,
                 const SagaStepState& state) {
  StoredSaga stored = require_saga(own, id);
  Saga& saga = stored.saga;
  SagaStepState& step = saga.steps.at(number);
  step = state;
  step.time = own.now();
  if (step.status == SagaStepStatus::failed) {
    saga.status = SagaStatus::compensating;
    saga.error = step.name + ": " + step.error;
  }
  if (saga.status == SagaStatus::running && !first_with(saga, SagaStepStatus::waiting)) saga.status = SagaStatus::done;
  if (saga.status == SagaStatus::compensating && !last_done(saga)) saga.status = SagaStatus::compensated;
  if (model::has_ended(saga.status)) model::finish_item(own, lease.item.queue, lease);
  write_saga(own, stored);
}

using Kinds = std::map<std::string, std::vector<SagaStep>, std::less<>>;

/// The queue of one of the kinds in which there is something to run.
std::optional<std::string> find_queue(commit::Source& source, const Kinds& kinds, const model::LeaseClock& clock,
                                      std::optional<std::chrono::microseconds>& look_again_in) {
  for (const auto& [kind, steps] : kinds) {
    const std::string queue = model::saga_queue(kind);
    const model::QueueGlance glance = model::look_into_queue(source, queue, clock);
    if (glance.something) return queue;
    if (glance.look_again_in && (!look_again_in || *glance.look_again_in < *look_again_in))
      look_again_in = glance.look_again_in;
  }
  return std::nullopt;
}

void check_run_options(const SagaRun& options) {
  model::check_lease_time(options.lease);
  if (options.wait.count() < 0)
    throw Error(ErrorCode::invalid_argument, "saga: the time to wait is below zero; give 0 or more");
  if (!options.runner.empty()) model::check_agent_name("runner", options.runner);
}

}  // namespace

Value Saga::result(std::string_view step) const {
  for (const SagaStepState& one : steps) {
    if (one.name == step && one.status == SagaStepStatus::done) return one.result;
  }
  return {};
}

/// The saga is ours to run.
struct Sagas::Hold {
  std::string id;
  Lease lease;
};

Sagas::Sagas(Store& store) : store_(&store), access_(access_of(store)) {}

void Sagas::define(std::string_view kind, std::vector<SagaStep> steps) {
  model::check_agent_name("saga kind", kind);
  if (steps.empty()) refuse(kind, "it has no steps");
  std::set<std::string_view> names;
  for (const SagaStep& step : steps) {
    model::check_agent_name("saga step", step.name);
    if (!step.run) refuse(kind, "step `" + step.name + "` has no function `run`");
    if (!names.insert(step.name).second) refuse(kind, "two steps are named `" + step.name + "`");
  }
  kinds_.insert_or_assign(std::string(kind), std::move(steps));
}

std::string Sagas::start(std::string_view kind, const Value& input, std::string_view id) {
  return store_->transact([&](Transaction& transaction) { return start(transaction, kind, input, id); });
}

std::string Sagas::start(Transaction& transaction, std::string_view kind, const Value& input, std::string_view id) {
  const auto steps = kinds_.find(kind);
  if (steps == kinds_.end()) refuse(kind, "it is not defined; call define() first");
  if (!id.empty()) model::check_agent_name("saga", id);
  StoredSaga stored;
  Saga& saga = stored.saga;
  saga.kind = kind;
  saga.input = input;
  for (const SagaStep& step : steps->second) saga.steps.push_back({.name = step.name});
  access_of(transaction)->write([&](commit::Transaction& own) {
    saga.id = id.empty() ? own.make_key().to_string() : std::string(id);
    if (find_saga(own, saga.id)) return;
    stored.item = model::put_saga_item(own, saga);
    write_saga(own, stored);
  });
  return saga.id;
}

const std::vector<SagaStep>& Sagas::defined(const Saga& saga) const {
  const auto steps = kinds_.find(saga.kind);
  if (steps == kinds_.end()) refuse(saga.kind, "it is not defined in this program; call define() first");
  const bool same = std::equal(saga.steps.begin(), saga.steps.end(), steps->second.begin(), steps->second.end(),
                               [](const SagaStepState& a, const SagaStep& b) { return a.name == b.name; });
  if (!same) refuse(saga.kind, "saga " + saga.id + " was started with other steps than those that are defined here");
  return steps->second;
}

void Sagas::forward(Hold& hold, const Saga& saga, std::size_t number, const SagaRun& options) {
  const SagaStep& step = defined(saga)[number];
  SagaStepState state{.name = step.name, .status = SagaStepStatus::done};
  try {
    const Value prepared = step.prepare ? attempt([&] { return step.prepare(saga); }) : Value();
    store_->transact([&](Transaction& transaction) {
      const Access own_access = access_of(transaction);
      own_access->write(
          [&](commit::Transaction& own) { model::renew_saga(own, hold.lease, options.lease, lease_clock(access_)); });
      SagaContext context{transaction, saga, prepared};
      state.result = attempt([&] { return step.run(context); });
      own_access->write([&](commit::Transaction& own) { record_step(own, hold.lease, hold.id, number, state); });
    });
    return;
  } catch (const StepFailed& failed) {
    state.error = model::cut_text(failed.what());
  }
  state.status = SagaStepStatus::failed;
  state.result = {};
  access_->write([&](commit::Transaction& own) {
    model::renew_saga(own, hold.lease, options.lease, lease_clock(access_));
    record_step(own, hold.lease, hold.id, number, state);
  });
}

void Sagas::backward(Hold& hold, const Saga& saga, std::size_t number, const SagaRun& options) {
  const SagaStep& step = defined(saga)[number];
  SagaStepState state = saga.steps[number];
  std::exception_ptr thrown;
  try {
    store_->transact([&](Transaction& transaction) {
      const Access own_access = access_of(transaction);
      own_access->write(
          [&](commit::Transaction& own) { model::renew_saga(own, hold.lease, options.lease, lease_clock(access_)); });
      const Value nothing;
      SagaContext context{transaction, saga, nothing};
      attempt([&] {
        try {
          if (step.compensate) step.compensate(context);
        } catch (const std::exception&) {
          thrown = std::current_exception();
          throw;
        }
      });
      state.status = SagaStepStatus::compensated;
      state.error.clear();
      own_access->write([&](commit::Transaction& own) { record_step(own, hold.lease, hold.id, number, state); });
    });
    return;
  } catch (const StepFailed& failed) {
    state.error = model::cut_text(failed.what());
  }
  state.status = SagaStepStatus::done;
  access_->write([&](commit::Transaction& own) {
    model::fail_item(own, hold.lease.item.queue, hold.lease, {.error = state.error});
    StoredSaga stored = require_saga(own, hold.id);
    stored.saga.steps.at(number) = state;
    write_saga(own, stored);
  });
  std::rethrow_exception(thrown);
}

Saga Sagas::drive(Hold hold, const SagaRun& options) {
  try {
    for (;;) {
      const auto saga = get(hold.id);
      if (!saga)
        throw Error(ErrorCode::not_found, "saga `" + hold.id + "` was erased while it ran; nothing more is done of it");
      if (model::has_ended(saga->status)) return *saga;
      if (saga->status == SagaStatus::running) {
        forward(hold, *saga, first_with(*saga, SagaStepStatus::waiting).value(), options);
      } else {
        backward(hold, *saga, last_done(*saga).value(), options);
      }
    }
  } catch (const std::exception&) {
    try {
      access_->write([&](commit::Transaction& own) { model::give_back_item(own, hold.lease.item.queue, hold.lease); });
      access_->trunk()->engine().wake().notify();
    } catch (const Error&) {
      hold.lease.token.clear();  // not ours any more, or not now: the lease ends by itself
    }
    throw;
  }
}

Saga Sagas::run(std::string_view id, const SagaRun& options) {
  check_run_options(options);
  const auto& trunk = access_->trunk();
  const auto deadline = platform::steady_now() + std::min(options.wait, wait_max);
  for (;;) {
    const std::uint32_t word = trunk->engine().wake().current();
    StoredSaga stored;
    access_->read([&](commit::Source& source) { stored = require_saga(source, id); });
    if (model::has_ended(stored.saga.status)) return stored.saga;
    defined(stored.saga);
    std::optional<Lease> lease;
    store::run_alone(trunk,
                     [&](commit::Transaction& own) {
                       lease.reset();
                       stored = require_saga(own, id);
                       if (model::has_ended(stored.saga.status)) return;
                       lease = model::take_saga(own, stored, options.runner, options.lease, lease_clock(access_));
                       if (!lease || (stored.item == lease->item.id && stored.runner == options.runner)) return;
                       stored.item = lease->item.id;
                       stored.runner = options.runner;
                       write_saga(own, stored);
                     },
                     {.durability = Durability::relaxed});
    if (lease) return drive(Hold{stored.saga.id, std::move(*lease)}, options);
    if (model::has_ended(stored.saga.status)) return stored.saga;
    const auto now = platform::steady_now();
    if (now >= deadline) {
      throw Error(ErrorCode::busy, "saga `" + stored.saga.id + "` is being run by `" + stored.runner +
                                       "`; wait for it, or for the end of its lease");
    }
    trunk->engine().wake().wait(word, std::min(deadline, now + wait_poll));
  }
}

std::optional<Saga> Sagas::run_next(const SagaRun& options) {
  check_run_options(options);
  if (kinds_.empty()) throw Error(ErrorCode::invalid_argument, "no kind of saga is defined; call define() first");
  const auto& trunk = access_->trunk();
  const auto deadline = platform::steady_now() + std::min(options.wait, wait_max);
  int attempts_left = attempts_max;
  for (;;) {
    const std::uint32_t word = trunk->engine().wake().current();
    std::optional<std::chrono::microseconds> look_again_in;
    std::optional<std::string> queue;
    access_->read(
        [&](commit::Source& source) { queue = find_queue(source, kinds_, lease_clock(access_), look_again_in); });
    std::optional<Hold> hold;
    if (queue) {
      const auto take = [&](commit::Transaction& own) {
        hold.reset();
        const TakeOptions wanted{.lease = options.lease, .consumer = options.runner};
        const std::vector<Lease> taken =
            model::take_items(own, *queue, wanted, lease_clock(access_), model::make_lease_token());
        if (taken.empty()) return;
        auto stored = find_saga(own, taken.front().item.payload["saga"].string_or("-"));
        if (!stored || model::has_ended(stored->saga.status) || stored->item != taken.front().item.id) {
          model::erase_item(own, *queue, taken.front().item.id);
          return;
        }
        hold = Hold{stored->saga.id, taken.front()};
        if (stored->runner == options.runner) return;
        stored->runner = options.runner;
        write_saga(own, *stored);
      };
      store::run_alone(trunk, take, {.durability = Durability::relaxed});
    }
    if (hold) return drive(std::move(*hold), options);
    const auto now = platform::steady_now();
    // Others were faster, or what there was is stuck now: there may be more.
    if (queue && (now < deadline || --attempts_left > 0)) continue;
    if (now >= deadline) return std::nullopt;
    auto until = std::min(deadline, now + wait_poll);
    if (look_again_in && *look_again_in < wait_poll) until = std::min(until, now + *look_again_in);
    trunk->engine().wake().wait(word, until);
  }
}

std::optional<Saga> Sagas::get(std::string_view id) const {
  std::optional<Saga> saga;
  access_->read([&](commit::Source& source) {
    auto stored = find_saga(source, id);
    if (!stored) return;
    const auto item = model::get_item(source, model::saga_queue(stored->saga.kind), stored->item, lease_clock(access_));
    stored->saga.stuck = item && item->state == ItemState::dead;
    saga = std::move(stored->saga);
  });
  return saga;
}

std::vector<Saga> Sagas::list(const Query& query) const {
  strata::Query records;
  records.order = {{.path = "created"}};
  records.limit = query.limit;
  if (query.status) {
    records.where = "status = :status";
    records.parameters.emplace("status", Value(to_string(*query.status)));
  }
  if (!query.kind.empty()) {
    records.where += records.where.empty() ? "kind = :kind" : " and kind = :kind";
    records.parameters.emplace("kind", Value(query.kind));
  }
  std::vector<Saga> sagas;
  access_->read([&](commit::Source& source) {
    std::vector<StoredSaga> found;
    scan_own(source, model::sagas_collection(), records, [&](const Record& record) {
      found.push_back(model::decode_saga(record));
      return true;
    });
    sagas.clear();
    const model::LeaseClock clock = lease_clock(access_);
    for (StoredSaga& stored : found) {
      if (!model::has_ended(stored.saga.status)) {
        const auto item = model::get_item(source, model::saga_queue(stored.saga.kind), stored.item, clock);
        stored.saga.stuck = item && item->state == ItemState::dead;
      }
      sagas.push_back(std::move(stored.saga));
    }
  });
  return sagas;
}

bool Sagas::erase(std::string_view id) {
  bool existed = false;
  access_->write([&](commit::Transaction& own) {
    const auto stored = find_saga(own, id);
    existed = stored.has_value();
    if (!existed) return;
    model::erase_item(own, model::saga_queue(stored->saga.kind), stored->item);
    erase_own(own, model::sagas_collection(), id);
  });
  return existed;
}

CollectionWatch Sagas::watch() { return {.name = std::string(model::sagas_collection().name)}; }
Saga Sagas::read(const Record& record) { return model::decode_saga(record).saga; }

}  // namespace strata::agent
