// Running a transaction until it commits: retries, unknown outcomes, the last attempt inside the write section.
#include <random>
#include <span>

#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "store/access.hpp"
#include "strata/error.hpp"

namespace strata::store {
namespace {

constexpr int attempts_max = 8;
constexpr std::chrono::microseconds ids_known = std::chrono::hours(24);

/// A trunk that this thread is running a transaction of; those of one thread hang on each other, so that nothing needs
/// memory that may not be there.
class Running {
 public:
  explicit Running(const commit::Trunk* trunk) : trunk_(trunk), outer_(innermost) {
    for (const Running* other = outer_; other != nullptr; other = other->outer_) {
      if (other->trunk_ == trunk) {
        throw Error(
            ErrorCode::invalid_argument,
            "a transaction of this store is running in this thread already; use its Transaction, do not nest another");
      }
    }
    innermost = this;
  }
  ~Running() { innermost = outer_; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  static thread_local const Running* innermost;
  const commit::Trunk* trunk_;
  const Running* outer_;
};

thread_local const Running* Running::innermost = nullptr;

void check_id(const Uuid& id) {
  if (id.bytes[6] >> 4 != 7)
    throw Error(ErrorCode::invalid_argument, "transaction id " + id.to_string() + " is not a version 7 UUID");
  if (platform::time_of(id) < platform::clock().now() - ids_known) {
    throw Error(ErrorCode::invalid_argument,
                "transaction id " + id.to_string() +
                    " is older than 24 hours: what became of it is no longer known; use a fresh one");
  }
}

void back_off(int attempt) {
  const std::uint64_t most_us = std::uint64_t{50} << attempt;
  platform::sleep_until(platform::steady_now() + std::chrono::microseconds(platform::random_u64() % most_us));
}

struct Attempt {
  Uuid id;
  bool id_may_exist = false;
  Durability durability = Durability::sync;
  engine::Deadline deadline;
};

Attempt first_attempt(const commit::Trunk& trunk, const CommitOptions& options) {
  Attempt attempt;
  if (options.id.is_nil()) {
    attempt.id = platform::make_uuid();
  } else {
    check_id(options.id);
    attempt.id = options.id;
    attempt.id_may_exist = true;
  }
  attempt.durability = options.durability.value_or(trunk.options().durability);
  attempt.deadline = trunk.deadline(options.timeout);
  return attempt;
}

using Work = std::function<void(commit::Transaction&)>;

/// After a commit of unknown outcome: the answer when it did happen, nothing when it did not. Where the store cannot
/// tell, the outcome stays as unknown as it was.
std::optional<CommitResult> resolve(commit::Trunk& trunk, const Uuid& id, const Error& unknown) {
  try {
    return outcome(trunk, id);
  } catch (const Error&) {
    throw unknown;
  }
}

void complete(commit::Request& request, const commit::Trunk& trunk, const Attempt& attempt) {
  request.durability = attempt.durability;
  request.id_may_exist = attempt.id_may_exist;
  request.origin = trunk.options().origin;
}

CommitResult attempt_alone(commit::Trunk& trunk, const Attempt& attempt,
                           const std::function<commit::Request(std::unique_ptr<commit::Transaction>)>& body) {
  CommitResult result;
  const auto work = [&](commit::Writer& writer) {
    auto view = std::make_unique<commit::View>(writer.transaction(), std::make_shared<codec::Head>(writer.head()),
                                               writer.catalogue());
    auto transaction = std::make_unique<commit::Transaction>(std::move(view), attempt.id, platform::clock().now(),
                                                             commit::Transaction::Tracking::none);
    commit::Request request = body(std::move(transaction));
    complete(request, trunk, attempt);
    if (trunk.engine().capabilities().remote && !(request.writes.empty() && request.appends.empty())) {
      const commit::Request* only = &request;
      writer.fetch_ahead(std::span(&only, 1));
    }
    result = writer.apply(request);
  };
  try {
    trunk.commit_alone(attempt.deadline, attempt.durability, work);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::commit_unknown) throw;
    throw Error(error.code(), std::string(error.what()) + " " + attempt.id.to_string());
  }
  return result;
}

/// The first attempt opens a view only when it reads; when what it presumed was wrong, the next has one from its start.
std::unique_ptr<commit::Transaction> begin(commit::Trunk& trunk, const Attempt& attempt, int number) {
  const Time now = platform::clock().now();
  if (number > 1) {
    return std::make_unique<commit::Transaction>(trunk.view(), attempt.id, now,
                                                 commit::Transaction::Tracking::footprint);
  }
  return std::make_unique<commit::Transaction>(
      trunk.presumption(), [&trunk] { return trunk.view(); }, attempt.id, now);
}

/// `body` turns a fresh transaction into its request, or throws what the caller's function threw.
CommitResult run_attempts(commit::Trunk& trunk,
                          const std::function<commit::Request(std::unique_ptr<commit::Transaction>, bool alone)>& body,
                          const CommitOptions& options, bool alone_at_once) {
  trunk.check_open();
  const Running guard(&trunk);
  Attempt attempt = first_attempt(trunk, options);
  for (int number = 1;; ++number) {
    try {
      if (number >= attempts_max || alone_at_once) {
        return attempt_alone(trunk, attempt, [&](std::unique_ptr<commit::Transaction> transaction) {
          return body(std::move(transaction), true);
        });
      }
      commit::Request request = body(begin(trunk, attempt, number), false);
      if (request.writes_nothing()) {
        CommitResult nothing;
        nothing.id = attempt.id;
        return nothing;  // what was read came from one snapshot: serializable as it stands
      }
      complete(request, trunk, attempt);
      // From here on a conflict is the commit's, and the work is run again; what the work itself throws passes through.
      try {
        return trunk.commit(std::move(request), attempt.deadline);
      } catch (const Error& error) {
        if (error.code() == ErrorCode::conflict) {
          back_off(number);
          continue;
        }
        if (error.code() != ErrorCode::commit_unknown || platform::steady_now() >= attempt.deadline) throw;
        // Before the work is run again: it may have seen to it that it cannot succeed twice.
        if (const auto known = resolve(trunk, attempt.id, error)) return *known;
        attempt.id_may_exist = true;
      }
    } catch (const commit::WrongPresumption&) {
      continue;
    } catch (const std::bad_alloc&) {
      throw Error(
          ErrorCode::limit_exceeded,
          "out of memory in a transaction; nothing was written by it unless its id says so: " + attempt.id.to_string());
    }
  }
}

}  // namespace

CommitResult run(const std::shared_ptr<commit::Trunk>& trunk, const Work& work, const CommitOptions& options) {
  const auto body = [&](std::unique_ptr<commit::Transaction> transaction, bool) {
    work(*transaction);
    return transaction->take_request();
  };
  return run_attempts(*trunk, body, options, false);
}

CommitResult run_alone(const std::shared_ptr<commit::Trunk>& trunk, const Work& work, const CommitOptions& options) {
  const auto body = [&](std::unique_ptr<commit::Transaction> transaction, bool) {
    work(*transaction);
    return transaction->take_request();
  };
  return run_attempts(*trunk, body, options, true);
}

std::shared_ptr<commit::Call> run_call(const std::shared_ptr<commit::Trunk>& trunk,
                                       const std::function<std::shared_ptr<commit::Call>()>& make,
                                       const CommitOptions& options) {
  trunk->check_open();
  const Running guard(trunk.get());
  Attempt attempt = first_attempt(*trunk, options);
  for (;;) {
    commit::Request request;
    request.id = attempt.id;
    complete(request, *trunk, attempt);
    std::shared_ptr<commit::Call> call = make();
    try {
      trunk->commit_call(std::move(request), call, attempt.deadline);
      return call;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::commit_unknown || platform::steady_now() >= attempt.deadline) throw;
      // From here on the earlier attempt has happened, or never will.
      resolve(*trunk, attempt.id, error);
      attempt.id_may_exist = true;
    } catch (const std::bad_alloc&) {
      throw Error(ErrorCode::limit_exceeded,
                  "out of memory; nothing was written unless the id of the commit says so: " + attempt.id.to_string());
    }
  }
}

CommitResult run_public(const std::shared_ptr<commit::Trunk>& trunk,
                        const std::function<void(const std::shared_ptr<Transaction::State>&)>& work,
                        const CommitOptions& options) {
  const auto body = [&](std::unique_ptr<commit::Transaction> transaction, bool alone) {
    const auto state = Transaction::State::make(trunk, std::move(transaction), !alone);
    work(state);
    return state->end();
  };
  return run_attempts(*trunk, body, options, false);
}

std::future<CommitResult> run_async(const std::shared_ptr<commit::Trunk>& trunk,
                                    const std::function<void(const std::shared_ptr<Transaction::State>&)>& work,
                                    const CommitOptions& options) {
  trunk->check_open();
  const Running guard(trunk.get());
  const Attempt attempt = first_attempt(*trunk, options);
  auto transaction = std::make_unique<commit::Transaction>(trunk->view(), attempt.id, platform::clock().now(),
                                                           commit::Transaction::Tracking::footprint);
  const auto state = Transaction::State::make(trunk, std::move(transaction), true);
  work(state);
  commit::Request request = state->end();
  complete(request, *trunk, attempt);
  return trunk->commit_async(std::move(request), attempt.deadline);
}

std::optional<CommitResult> outcome(commit::Trunk& trunk, const Uuid& id) {
  if (const auto known = trunk.outcome(id)) {
    // It can be seen, but whoever committed it may have died before it was on disk; and a server that crashed since may
    // have taken it back.
    const bool relaxed = trunk.options().durability == Durability::relaxed;
    if (relaxed || trunk.options().read_only) return known;
    bool there = false;
    trunk.exclusive(trunk.deadline({}), Durability::sync, [&](commit::Writer& writer) {
      there = writer.transaction().get({commit::ids_space, id.view()}).has_value();
      if (there) writer.note_written();
    });
    if (there) return known;
  }
  if (id.bytes[6] >> 4 == 7 && platform::time_of(id) < platform::clock().now() - ids_known) {
    throw Error(ErrorCode::gap,
                "transaction id " + id.to_string() + " is older than 24 hours: what became of it is no longer known");
  }
  return std::nullopt;
}

}  // namespace strata::store
