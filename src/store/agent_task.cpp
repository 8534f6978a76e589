// Tasks: a record that people read, and a queue item that decides who has it, changed together.
#include <algorithm>
#include <cmath>

#include "model/queue.hpp"
#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "store/agent_access.hpp"
#include "strata/error.hpp"

namespace strata::agent {
namespace {

using model::StoredTask;

constexpr auto wait_poll = std::chrono::milliseconds(250);
/// Looks of one that does not wait.
constexpr int attempts_max = 8;
constexpr auto wait_max = std::chrono::milliseconds(std::chrono::hours(24 * 365));
constexpr auto keep_max = std::chrono::seconds(std::chrono::hours(24 * 3650));

model::LeaseClock lease_clock(const Access& access) {
  return model::LeaseClock::read(access->trunk()->engine().capabilities().remote);
}

std::optional<StoredTask> find_task(commit::Source& source, std::string_view id) {
  const auto record = get_own(source, model::tasks_collection(), id);
  if (!record) return std::nullopt;
  return model::decode_task(*record);
}

void write_task(commit::Transaction& transaction, const StoredTask& stored) {
  PutOptions options;
  if (model::has_ended(stored.task.status)) options.time_to_live = stored.keep_for;
  put_own(transaction, model::tasks_collection(), stored.task.id, model::encode_task(stored), options);
}

StoredTask require_claimed(commit::Source& source, const Claim& claim) {
  auto stored = find_task(source, claim.task.id);
  if (stored && !model::has_ended(stored->task.status)) return std::move(*stored);
  const std::string why =
      stored ? "it is " + std::string(to_string(stored->task.status)) : std::string("it is not there any more");
  throw Error(ErrorCode::conflict, "task " + claim.task.id + ": the claim is over: " + why + "; leave the task");
}

Lease lease_of(const StoredTask& stored, const Claim& claim) {
  Lease lease;
  lease.item.queue = stored.queue;
  lease.item.id = stored.item;
  lease.token = claim.token;
  return lease;
}

void note_failure(StoredTask& stored, const std::string& error, Time now) {
  stored.task.error = error;
  model::set_status(stored.task, TaskStatus::failed, error, now);
}

/// What the lease says of one that has not ended: the record alone does not know when a claim runs out.
void show_claim(commit::Source& source, StoredTask& stored, const model::LeaseClock& clock) {
  if (model::has_ended(stored.task.status)) return;
  const auto item = model::get_item(source, stored.queue, stored.item, clock);
  if (!item) return;
  if (item->state == ItemState::dead) {
    note_failure(stored, item->error, source.now());
  } else if (item->state == ItemState::waiting) {
    stored.task.status = TaskStatus::waiting;
  }
}

/// Items that were taken too often are set aside by the taking; their tasks have failed.
void fail_dead(commit::Transaction& transaction, const std::string& queue, const model::LeaseClock& clock) {
  for (const QueueItem& item : model::list_items(transaction, queue, ItemState::dead, 0, clock)) {
    auto stored = find_task(transaction, item.payload["task"].string_or("-"));
    if (stored && !model::has_ended(stored->task.status)) {
      note_failure(*stored, item.error, transaction.now());
      write_task(transaction, *stored);
    }
    model::erase_item(transaction, queue, item.id);
  }
}

/// One who looks for a task to claim.
class Claimant {
 public:
  Claimant(const Access& access, const ClaimOptions& options) : access_(access), options_(options) {
    if (!options.agent.empty()) model::check_agent_name("agent", options.agent);
    for (const std::string& kind : options.kinds) model::check_agent_name("kind", kind);
    take_ = {.limit = 1, .lease = options.lease, .consumer = options.agent};
    model::check_take_options(take_);
    if (options.wait.count() < 0)
      throw Error(ErrorCode::invalid_argument, "claim: the time to wait is below zero; give 0 or more");
  }

  std::optional<Claim> run() {
    const auto& trunk = access_->trunk();
    const auto deadline = platform::steady_now() + std::min(options_.wait, wait_max);
    int attempts_left = attempts_max;
    for (;;) {
      // Read before the state, as Queue::take does.
      const std::uint32_t word = trunk->engine().wake().current();
      const auto queue = look();
      if (queue) {
        std::optional<Claim> claim;
        store::run_alone(trunk, [&](commit::Transaction& own) { claim = take(own, *queue); },
                         {.durability = Durability::relaxed});
        if (claim) return claim;
      }
      const auto now = platform::steady_now();
      // Others were faster, or what there was has failed for good now: there may be more.
      if (queue && (now < deadline || --attempts_left > 0)) continue;
      if (now >= deadline) return std::nullopt;
      auto until = std::min(deadline, now + wait_poll);
      if (look_again_in_ && *look_again_in_ < wait_poll) until = std::min(until, now + *look_again_in_);
      trunk->engine().wake().wait(word, until);
    }
  }

 private:
  /// In the order in which they are asked. Of all kinds none is always the first: a busy one would starve the others.
  std::vector<std::string> queues(commit::Source& source) const {
    std::vector<std::string> names;
    if (!options_.agent.empty()) names.push_back(model::task_agent_queue(options_.agent));
    for (const std::string& kind : options_.kinds) names.push_back(model::task_kind_queue(kind));
    if (!options_.kinds.empty()) return names;
    std::vector<std::string> all = model::queue_names(source);
    std::erase_if(all, [](const std::string& name) { return !name.starts_with(model::task_kind_queues); });
    if (all.empty()) return names;
    const auto first = static_cast<std::ptrdiff_t>(platform::random_u64() % all.size());
    std::rotate(all.begin(), all.begin() + first, all.end());
    names.insert(names.end(), all.begin(), all.end());
    return names;
  }

  std::optional<std::string> look() {
    std::optional<std::string> found;
    look_again_in_.reset();
    const model::LeaseClock clock = lease_clock(access_);
    access_->read([&](commit::Source& source) {
      for (const std::string& queue : queues(source)) {
        const model::QueueGlance glance = model::look_into_queue(source, queue, clock);
        if (glance.something) {
          found = queue;
          return;
        }
        if (glance.look_again_in && (!look_again_in_ || *glance.look_again_in < *look_again_in_))
          look_again_in_ = glance.look_again_in;
      }
    });
    return found;
  }

  std::optional<Claim> take(commit::Transaction& own, const std::string& queue) const {
    const model::LeaseClock clock = lease_clock(access_);
    const std::vector<Lease> taken = model::take_items(own, queue, take_, clock, model::make_lease_token());
    fail_dead(own, queue, clock);
    if (taken.empty()) return std::nullopt;
    const QueueItem& item = taken.front().item;
    auto stored = find_task(own, item.payload["task"].string_or("-"));
    if (!stored || model::has_ended(stored->task.status)) {
      model::erase_item(own, queue, item.id);
      return std::nullopt;
    }
    Task& task = stored->task;
    task.agent = options_.agent;
    task.attempts = item.attempts;
    task.progress = 0;
    task.message.clear();
    stored->lease = options_.lease.value_or(model::queue_options(own, queue).lease);
    model::set_status(task, TaskStatus::running, {}, own.now());
    task.updated = own.now();
    write_task(own, *stored);
    return Claim{std::move(task), taken.front().token};
  }

  const Access& access_;
  const ClaimOptions& options_;
  TakeOptions take_;
  std::optional<std::chrono::microseconds> look_again_in_;
};

/// Those whose record may lead to the status.
std::string condition_of(TaskStatus status) {
  switch (status) {
    case TaskStatus::waiting:
    case TaskStatus::running:
      return "status in ('waiting', 'running')";
    case TaskStatus::failed:
      return "status in ('waiting', 'running', 'failed')";
    case TaskStatus::done:
    case TaskStatus::cancelled:
      break;
  }
  return "status = '" + std::string(to_string(status)) + "'";
}

strata::Query records_of(const Tasks::Query& query) {
  strata::Query records;
  const auto add = [&](const std::string& condition) {
    records.where += (records.where.empty() ? "" : " and ") + condition;
  };
  if (query.status) add(condition_of(*query.status));
  if (!query.agent.empty()) {
    add("(agent = :agent or assigned_to = :agent)");
    records.parameters.emplace("agent", Value(query.agent));
  }
  if (!query.kind.empty()) {
    add("kind = :kind");
    records.parameters.emplace("kind", Value(query.kind));
  }
  return records;
}

}  // namespace

Tasks::Tasks(Store& store) : access_(access_of(store)) {}
Tasks::Tasks(Transaction& transaction) : access_(access_of(transaction)) {}

std::string Tasks::create(std::string_view kind, const Value& payload, const TaskOptions& options) {
  model::check_agent_name("kind", kind);
  if (!options.assigned_to.empty()) model::check_agent_name("agent", options.assigned_to);
  if (options.keep_for.count() < 1 || options.keep_for > keep_max)
    throw Error(ErrorCode::invalid_argument, "a task is kept for 1 s at least and 3,650 days at most");
  StoredTask stored;
  stored.task.kind = kind;
  stored.task.payload = payload;
  stored.task.assigned_to = options.assigned_to;
  stored.task.priority = options.priority;
  stored.keep_for = options.keep_for;
  stored.queue =
      options.assigned_to.empty() ? model::task_kind_queue(kind) : model::task_agent_queue(options.assigned_to);
  access_->write([&](commit::Transaction& transaction) {
    stored.task.id = transaction.make_key().to_string();
    stored.item = model::put_item(transaction, stored.queue, Value::object({{"task", stored.task.id}}),
                                  {.priority = options.priority, .delay = options.delay});
    stored.task.history.clear();
    model::set_status(stored.task, TaskStatus::waiting, {}, transaction.now());
    write_task(transaction, stored);
  });
  return stored.task.id;
}

std::optional<Claim> Tasks::claim(const ClaimOptions& options) {
  access_->check_alone("claiming a task");
  return Claimant(access_, options).run();
}

void Tasks::progress(const Claim& claim, double progress, std::string_view message) {
  if (!(progress >= 0 && progress <= 1))
    throw Error(ErrorCode::invalid_argument, "task " + claim.task.id + ": progress must be from 0 to 1");
  write_relaxed(access_, [&](commit::Transaction& transaction) {
    StoredTask stored = require_claimed(transaction, claim);
    model::extend_lease(transaction, stored.queue, lease_of(stored, claim), stored.lease, lease_clock(access_));
    stored.task.progress = progress;
    stored.task.message = model::cut_text(message);
    write_task(transaction, stored);
  });
}

void Tasks::complete(const Claim& claim, const Value& result) {
  access_->write([&](commit::Transaction& transaction) {
    StoredTask stored = require_claimed(transaction, claim);
    model::finish_item(transaction, stored.queue, lease_of(stored, claim));
    stored.task.result = result;
    stored.task.progress = 1;
    model::set_status(stored.task, TaskStatus::done, {}, transaction.now());
    write_task(transaction, stored);
  });
}

TaskStatus Tasks::fail(const Claim& claim, std::string_view error, const TaskFailure& failure) {
  TaskStatus status = TaskStatus::waiting;
  const std::string text = model::cut_text(error);
  access_->write([&](commit::Transaction& transaction) {
    StoredTask stored = require_claimed(transaction, claim);
    model::fail_item(transaction, stored.queue, lease_of(stored, claim),
                     {.error = text, .retry_in = failure.retry_in, .dead = !failure.retry});
    const auto item = model::get_item(transaction, stored.queue, stored.item, lease_clock(access_));
    if (item && item->state != ItemState::dead) {
      stored.task.error = text;
      model::set_status(stored.task, TaskStatus::waiting, text, transaction.now());
    } else {
      note_failure(stored, text, transaction.now());
      model::erase_item(transaction, stored.queue, stored.item);
    }
    status = stored.task.status;
    write_task(transaction, stored);
  });
  return status;
}

void Tasks::give_back(const Claim& claim) {
  access_->write([&](commit::Transaction& transaction) {
    StoredTask stored = require_claimed(transaction, claim);
    model::give_back_item(transaction, stored.queue, lease_of(stored, claim));
    if (stored.task.attempts > 0) --stored.task.attempts;
    model::set_status(stored.task, TaskStatus::waiting, "given back", transaction.now());
    write_task(transaction, stored);
  });
}

bool Tasks::cancel(std::string_view id, std::string_view reason) {
  bool cancelled = false;
  access_->write([&](commit::Transaction& transaction) {
    cancelled = false;
    auto stored = find_task(transaction, id);
    if (!stored || model::has_ended(stored->task.status)) return;
    cancelled = true;
    model::erase_item(transaction, stored->queue, stored->item);
    stored->task.message = model::cut_text(reason);
    model::set_status(stored->task, TaskStatus::cancelled, stored->task.message, transaction.now());
    write_task(transaction, *stored);
  });
  return cancelled;
}

std::optional<Task> Tasks::get(std::string_view id) const {
  std::optional<Task> task;
  access_->read([&](commit::Source& source) {
    auto stored = find_task(source, id);
    if (!stored) return;
    show_claim(source, *stored, lease_clock(access_));
    task = std::move(stored->task);
  });
  return task;
}

std::vector<Task> Tasks::list(const Query& query) const {
  std::vector<Task> tasks;
  access_->read([&](commit::Source& source) {
    tasks.clear();
    std::vector<StoredTask> candidates;
    scan_own(source, model::tasks_collection(), records_of(query), [&](const Record& record) {
      candidates.push_back(model::decode_task(record));
      return true;
    });
    const model::LeaseClock clock = lease_clock(access_);
    for (StoredTask& stored : candidates) {
      if (query.limit > 0 && tasks.size() >= query.limit) return;
      show_claim(source, stored, clock);
      if (!query.status || stored.task.status == *query.status) tasks.push_back(std::move(stored.task));
    }
  });
  return tasks;
}

bool Tasks::erase(std::string_view id) {
  bool existed = false;
  access_->write([&](commit::Transaction& transaction) {
    const auto stored = find_task(transaction, id);
    existed = stored.has_value();
    if (!existed) return;
    model::erase_item(transaction, stored->queue, stored->item);
    erase_own(transaction, model::tasks_collection(), id);
  });
  return existed;
}

void Tasks::set_options(std::string_view kind, const QueueOptions& options) {
  model::check_agent_name("kind", kind);
  access_->write([&](commit::Transaction& transaction) {
    model::set_queue_options(transaction, model::task_kind_queue(kind), options);
  });
}

void Tasks::set_agent_options(std::string_view agent, const QueueOptions& options) {
  model::check_agent_name("agent", agent);
  access_->write([&](commit::Transaction& transaction) {
    model::set_queue_options(transaction, model::task_agent_queue(agent), options);
  });
}

CollectionWatch Tasks::watch() { return {.name = std::string(model::tasks_collection().name)}; }
Task Tasks::read(const Record& record) { return model::decode_task(record).task; }

}  // namespace strata::agent
