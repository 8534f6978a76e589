#include "commit/trunk.hpp"

#include <algorithm>
#include <system_error>

#include "commit/dictionary_training.hpp"
#include "commit/epoch.hpp"
#include "commit/footprint.hpp"
#include "platform/clock.hpp"
#include "platform/process.hpp"
#include "platform/random.hpp"
#include "strata/error.hpp"

namespace strata::commit {
namespace {

void check_writable(const OpenOptions& options) {
  if (options.read_only)
    throw Error(ErrorCode::unsupported, "the store was opened for reading only; open it without read_only to write");
}

constexpr std::size_t async_max = 1024;
constexpr auto upkeep_every = std::chrono::seconds(1);
/// A process that lives too short for the clock above still does its share.
constexpr std::uint64_t upkeep_every_positions = 2000;
/// New collections are looked at early, for what comes after a dictionary is there is compressed.
constexpr std::uint64_t upkeep_every_records = 1000;
/// Footprints larger than this are compared before the write section, so that little is left to compare inside.
constexpr std::size_t early_check_above = 16;
constexpr std::size_t watched_before_cleaning = 64;
constexpr std::uint64_t turn_byte = 1;

std::int64_t steady_count() { return platform::steady_now().time_since_epoch().count(); }

std::exception_ptr no_turn() {
  return std::make_exception_ptr(Error(ErrorCode::busy,
                                       "no turn to write before the deadline: another process is writing, or is "
                                       "stopped while it writes; try again later"));
}

/// Whether what a commit threw leaves open what became of it (engine.hpp).
bool is_unknown(const std::exception& error) {
  const auto* ours = dynamic_cast<const Error*>(&error);
  return ours == nullptr || ours->code() != ErrorCode::busy;
}

Error commit_unknown(const std::exception& cause, const std::string& id) {
  return {ErrorCode::commit_unknown, std::string("it is not known whether the commit took place (") + cause.what() +
                                         "); open the store again if it is stopped, and ask for the outcome of " + id};
}

Durability strongest(const PendingGroup& group) {
  const bool sync = std::any_of(group.begin(), group.end(),
                                [](const auto& pending) { return pending->request.durability == Durability::sync; });
  return sync ? Durability::sync : Durability::relaxed;
}

}  // namespace

Trunk::Trunk(std::unique_ptr<engine::Engine> engine, const OpenOptions& options, const SharedFiles& files)
    : engine_(std::move(engine)),
      options_(options),
      fork_generation_(platform::fork_generation()),
      line_([this](engine::Deadline deadline, const Line::Gathering& gathering) { return lead(deadline, gathering); }) {
  take_up_epoch();
  if (filling() && !options_.continue_copy) throw unfinished_copy();
  // Without slots this process commits for itself alone: so it stays when it finishes a copy that it found.
  if (!files.slots.empty() && !options_.read_only && !filling()) slots_ = Slots::open(files.slots, epoch_);
  if (slots_ && !files.turn.empty()) turn_ = std::make_unique<platform::FileLock>(files.turn, turn_byte);
  upkeep_at_ = steady_count() + std::chrono::nanoseconds(upkeep_every).count();
}

std::shared_ptr<Trunk> Trunk::open(std::unique_ptr<engine::Engine> engine, const OpenOptions& options,
                                   const SharedFiles& files) {
  // In a forked child there is nobody to join, mutexes may be locked and conditions waited on for ever by threads that
  // do not exist there, and the engine belongs to the parent: nothing is destroyed.
  return {new Trunk(std::move(engine), options, files), [](Trunk* trunk) {
            if (!trunk->inherited()) delete trunk;
          }};
}

Trunk::~Trunk() { close(); }

bool Trunk::inherited() const { return fork_generation_ != platform::fork_generation(); }

void Trunk::check_open() const {
  if (closed_.load(std::memory_order_relaxed))
    throw Error(ErrorCode::closed, "the store has been closed; open it again");
  if (inherited()) throw Error(ErrorCode::closed, "the store was opened before fork(); open it again in the child");
  if (filling()) throw unfinished_copy();
}

bool Trunk::filling() const { return epoch_ == filling_epoch; }

void Trunk::take_up_epoch() {
  const auto head = read_head(*engine_);
  if (!head) throw Error(ErrorCode::corruption, "the head of the store is missing; restore a backup");
  epoch_ = head->epoch;
  if (!filling()) view();
}

std::optional<codec::Head> Trunk::read_head(engine::Engine& engine) {
  const auto snapshot = engine.snapshot();
  const auto row = snapshot->get(engine::head_key);
  if (!row) return std::nullopt;
  return codec::decode_head(*row);
}

void Trunk::create(engine::Engine& engine, const Birth& birth, engine::Deadline deadline) {
  const auto transaction = engine.begin_write(deadline);
  if (transaction->get(engine::head_key)) return;
  codec::Head head;
  head.store_id = birth.store_id;
  head.digest_key = birth.digest_key;
  transaction->put(engine::head_key, codec::encode_head(head));
  transaction->commit(Durability::sync);
}

std::unique_ptr<View> Trunk::view() {
  check_open();
  std::uint64_t lineage = engine_->lineage();
  auto snapshot = engine_->snapshot();
  // The snapshot that met a new lineage may be of either: the next one is not.
  for (std::uint64_t now; (now = engine_->lineage()) != lineage; lineage = now) {
    snapshot.reset();
    snapshot = engine_->snapshot();
  }
  const std::uint64_t token = snapshot->token();
  std::shared_ptr<const codec::Head> head;
  std::shared_ptr<const Catalogue> catalogue;
  {
    const std::lock_guard lock(cache_mutex_);
    if (lineage == cached_lineage_) {
      if (token != 0 && token == cached_token_) head = cached_head_;
      catalogue = cached_catalogue_;
    }
  }
  if (!head) {
    const auto row = snapshot->get(engine::head_key);
    if (!row) throw Error(ErrorCode::corruption, "the head of the store is missing; restore a backup");
    head = std::make_shared<codec::Head>(codec::decode_head(*row));
    check_epoch(*head, epoch_);
  }
  if (!catalogue || catalogue->position() != head->catalogue) catalogue = Catalogue::load(*snapshot, head->catalogue);
  {
    const std::lock_guard lock(cache_mutex_);
    const bool newer = lineage != cached_lineage_ ? lineage == engine_->lineage()
                                                  : cached_head_ && cached_head_->position <= head->position;
    if (!cached_head_ || newer) {
      cached_lineage_ = lineage;
      cached_token_ = token;
      cached_head_ = head;
      cached_catalogue_ = catalogue;
    }
  }
  return std::make_unique<View>(std::move(snapshot), std::move(head), std::move(catalogue), lineage);
}

std::shared_ptr<const Catalogue> Trunk::last_catalogue(std::uint64_t lineage) {
  const std::lock_guard lock(cache_mutex_);
  return lineage == cached_lineage_ ? cached_catalogue_ : nullptr;
}

Presumption Trunk::presumption() {
  check_open();
  const std::lock_guard lock(cache_mutex_);
  return {cached_head_->position, cached_catalogue_, cached_lineage_};
}

std::shared_ptr<const codec::Head> Trunk::last_head() {
  const std::lock_guard lock(cache_mutex_);
  return cached_head_;
}

engine::Deadline Trunk::deadline(std::optional<std::chrono::milliseconds> timeout) const {
  return platform::steady_now() + timeout.value_or(options_.commit_timeout);
}

void Trunk::check_early(Request& request) {
  const auto view = this->view();
  if (view->lineage() != request.lineage) return;  // the write section will say so
  if (view->position() == request.seen) return;
  const codec::Head& head = view->head();
  if (const auto changed =
          changed_since(view->reader(), request.footprint, request.seen, head.position, head.log_base)) {
    ++counters_.conflicts;
    throw Error(ErrorCode::conflict, *changed + " was changed by another transaction meanwhile; run this one again");
  }
  request.seen = head.position;
}

CommitResult Trunk::commit(Request request, engine::Deadline deadline) {
  check_open();
  check_writable(options_);
  if (request.footprint.keys.size() > early_check_above || !request.footprint.ranges.empty()) check_early(request);
  return line_.commit(std::make_shared<Pending>(std::move(request), deadline));
}

CommitResult Trunk::commit_call(Request request, const std::shared_ptr<Call>& call, engine::Deadline deadline) {
  check_open();
  check_writable(options_);
  const auto pending = std::make_shared<Pending>(std::move(request), deadline);
  pending->call = call;
  return line_.commit(pending);
}

std::unique_ptr<engine::WriteTransaction> Trunk::try_begin_write() {
  try {
    return engine_->begin_write(engine::Deadline{});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::busy) throw;
    return nullptr;
  }
}

Line::Afterwards Trunk::lead(engine::Deadline deadline, const Line::Gathering& gathering) {
  const auto before = last_head();
  if (engine_->capabilities().remote) {
    lead_far(deadline, gathering);
  } else {
    lead_near(deadline, gathering);
  }
  const auto now = last_head();
  if (now->position == before->position) return {};
  return [this, before, now] {
    engine_->wake().notify();
    keep_up(*before, *now);
  };
}

void Trunk::lead_near(engine::Deadline deadline, const Line::Gathering& gathering) {
  auto transaction = slots_ ? try_begin_write() : engine_->begin_write(deadline);
  if (!transaction) return lead_from_outside(deadline, gathering.take());
  lead_inside(*transaction, gathering.take());
  transaction.reset();
  if (slots_) slots_->hand_over();
}

void Trunk::lead_inside(engine::WriteTransaction& transaction, PendingGroup group) {
  std::vector<Slots::Foreign> foreign;
  if (slots_) {
    slots_->await_company(group.size());
    foreign = slots_->claim(transaction_bytes_max);
    for (const Slots::Foreign& one : foreign) group.push_back(one.pending);
    slots_->note_group(group.size(), foreign.size());
  }
  write_group(transaction, group, false);
  if (slots_) slots_->answer(foreign);
}

void Trunk::lead_from_outside(engine::Deadline deadline, const PendingGroup& group) {
  std::vector<Slots::Ticket> tickets = slots_->leave(group);
  const PendingGroup rest(group.begin() + static_cast<std::ptrdiff_t>(tickets.size()), group.end());
  std::unique_ptr<engine::WriteTransaction> transaction;
  while (rest.empty() && !slots_->collect(tickets)) {
    const auto now = platform::steady_now();
    if (now >= deadline) {
      for (const auto& pending : slots_->withdraw(tickets, false)) {
        pending->error = no_turn();
      }
      continue;
    }
    slots_->wait(tickets, std::min(deadline, now + slots_poll));
    if (slots_->collect(tickets)) break;
    transaction = try_begin_write();
    if (transaction) break;
  }
  // Too large for a slot, or no slot was free: the write section it is.
  if (!rest.empty()) {
    try {
      transaction = engine_->begin_write(deadline);
    } catch (const Error&) {
      for (const auto& pending : rest) pending->error = std::current_exception();
      for (const auto& pending : slots_->withdraw(tickets, false)) pending->error = std::current_exception();
      return;
    }
  }
  if (!transaction) return;
  PendingGroup own = slots_->withdraw(tickets, true);
  own.insert(own.end(), rest.begin(), rest.end());
  if (!own.empty()) lead_inside(*transaction, std::move(own));
  transaction.reset();
  slots_->hand_over();
  await_answers(tickets, deadline);
}

void Trunk::await_answers(std::vector<Slots::Ticket>& tickets, engine::Deadline deadline) {
  while (!slots_->collect(tickets)) {
    const auto now = platform::steady_now();
    if (now >= deadline) {
      for (const auto& pending : slots_->withdraw(tickets, false)) pending->error = no_turn();
    } else {
      slots_->wait(tickets, std::min(deadline, now + slots_poll));
    }
  }
}

void Trunk::write_group(engine::WriteTransaction& transaction, const PendingGroup& group, bool from_memory) {
  const auto began = platform::steady_now();
  bool committing = false;
  std::uint64_t accepted = 0;
  try {
    const std::uint64_t lineage = engine_->lineage();
    Writer writer(transaction, last_catalogue(lineage), epoch_, platform::clock().now());
    if (engine_->capabilities().remote) writer.fetch_ahead(requests_of(group));
    for (const auto& pending : group) {
      if (pending->error) continue;  // it arrived damaged
      try {
        const bool calls = pending->call || !pending->request.call.empty();
        if (!calls && pending->request.lineage != lineage) {
          throw Error(ErrorCode::conflict, "the server has been started anew since this was read; run it again");
        }
        pending->result = calls ? perform(writer, *pending) : writer.apply(pending->request);
        ++accepted;
      } catch (const std::exception& error) {
        if (writer.broken()) throw;
        // What is remembered may be wrong, and the refusal with it.
        if (from_memory) throw engine::StaleMemory();
        pending->error = std::current_exception();
        const auto* ours = dynamic_cast<const Error*>(&error);
        if (ours && ours->code() == ErrorCode::conflict) ++counters_.conflicts;
      }
    }
    if (!writer.wrote()) {
      if (from_memory) throw engine::StaleMemory();
      if (engine_->capabilities().remote) settle_elsewhere(transaction, group);
      return;
    }
    writer.finish();
    // What would need memory is made before: once it is committed, nothing may fail.
    auto head = std::make_shared<const codec::Head>(writer.head());
    committing = true;
    transaction.commit(strongest(group));
    remember(std::move(head), writer.catalogue(), lineage);
    counters_.commits += accepted;
    ++counters_.syncs;
    if (slots_) slots_->note_duration(platform::steady_now() - began);
  } catch (const engine::StaleMemory&) {
    throw;
  } catch (const std::exception& error) {
    const bool unknown = committing && is_unknown(error);
    for (const auto& pending : group) {
      if (pending->error) continue;
      pending->error = unknown ? std::make_exception_ptr(commit_unknown(error, pending->request.id.to_string()))
                               : std::current_exception();
    }
  }
}

CommitResult Trunk::perform(Writer& writer, Pending& pending) {
  const Request& asked = pending.request;
  if (!pending.call) {
    if (!decode_call_) throw Error(ErrorCode::unsupported, "this process cannot do what another one asks of it");
    pending.call = decode_call_(asked.call);
  }
  auto earlier = Call::Earlier::none;
  if (asked.id_may_exist) {
    const bool committed = writer.transaction().get({ids_space, asked.id.view()}).has_value();
    earlier = committed ? Call::Earlier::committed : Call::Earlier::unknown;
  }
  auto head = std::make_shared<const codec::Head>(writer.head());
  Transaction transaction(std::make_unique<View>(writer.transaction(), std::move(head), writer.catalogue()), asked.id,
                          platform::clock().now(), Transaction::Tracking::none);
  pending.call->run(transaction, earlier);
  Request request = transaction.take_request();
  request.durability = asked.durability;
  request.id_may_exist = asked.id_may_exist;
  request.origin = asked.origin;
  if (engine_->capabilities().remote && !(request.writes.empty() && request.appends.empty())) {
    const Request* only = &request;
    writer.fetch_ahead(std::span(&only, 1));
  }
  return writer.apply(request);
}

void Trunk::remember(std::shared_ptr<const codec::Head> head, std::shared_ptr<const Catalogue> catalogue,
                     std::uint64_t lineage) noexcept {
  const std::lock_guard lock(cache_mutex_);
  // Another process may have gone on, and this one have seen it.
  if (lineage != cached_lineage_ && lineage != engine_->lineage()) return;
  if (lineage == cached_lineage_ && cached_head_->position > head->position) return;
  cached_lineage_ = lineage;
  // The token of the state just written is not known yet: the next view learns it.
  cached_token_ = 0;
  cached_head_ = std::move(head);
  cached_catalogue_ = std::move(catalogue);
}

void Trunk::exclusive(engine::Deadline deadline, Durability durability, const std::function<void(Writer&)>& work) {
  check_open();
  check_writable(options_);
  auto transaction = engine_->begin_write(deadline);
  // Those who have left their transactions in slots meanwhile would else learn of the free gate by their poll alone.
  const auto leave = [&] {
    transaction.reset();
    if (slots_) slots_->hand_over();
  };
  const std::uint64_t lineage = engine_->lineage();
  Writer writer(*transaction, last_catalogue(lineage), epoch_, platform::clock().now());
  const Position before = writer.head().position;
  work(writer);
  if (!writer.wrote()) return leave();
  writer.finish();
  auto head = std::make_shared<const codec::Head>(writer.head());
  try {
    transaction->commit(durability);
  } catch (const Error& error) {
    if (!is_unknown(error)) throw;
    throw commit_unknown(error, "its id");
  }
  remember(std::move(head), writer.catalogue(), lineage);
  leave();
  ++counters_.syncs;
  if (writer.head().position != before) {
    ++counters_.commits;
    engine_->wake().notify();
  }
}

void Trunk::commit_alone(engine::Deadline deadline, Durability durability, const std::function<void(Writer&)>& work) {
  const auto before = last_head();
  exclusive(deadline, durability, work);
  keep_up(*before, *last_head());
}

void Trunk::keep_up(const codec::Head& before, const codec::Head& now) {
  try {
    upkeep_after(before, now);
  } catch (const std::exception&) {
    // What was committed stands, and must not be reported as failed. Upkeep is tried again at its next turn.
  }
}

void Trunk::upkeep_after(const codec::Head& before, const codec::Head& now) {
  if (now.position == before.position) return;
  const std::int64_t at = steady_count();
  const bool by_time = at >= upkeep_at_.load(std::memory_order_relaxed);
  const bool by_count = now.position.value / upkeep_every_positions != before.position.value / upkeep_every_positions ||
                        now.records / upkeep_every_records != before.records / upkeep_every_records;
  if (!by_time && !by_count) return;
  upkeep_at_ = at + std::chrono::nanoseconds(upkeep_every).count();
  if (!options_.background) return maintain(false);
  {
    const std::lock_guard lock(background_mutex_);
    upkeep_due_ = true;
    start_background();
  }
  background_changed_.notify_one();
}

void Trunk::maintain(bool all) {
  check_open();
  engine_->maintain();
  for (bool anew = all; maintain_step(*this, anew) && all;) anew = false;
  while (train_dictionary(*this) && all) {
  }
}

std::optional<CommitResult> Trunk::outcome(const Uuid& id) {
  const auto look = [&](engine::Reader& reader) -> std::optional<CommitResult> {
    const auto row = reader.get({ids_space, id.view()});
    if (!row) return std::nullopt;
    return decode_outcome(id, *row);
  };
  if (auto known = look(view()->reader())) return known;
  if (options_.read_only) return std::nullopt;
  // "No" must be the last word: nobody is committing it now, nor will from a slot of a process that died.
  const auto transaction = engine_->begin_write(deadline({}));
  if (slots_) slots_->discard_dead();
  auto known = look(*transaction);
  // Where the engine is far away it may have been sent, and not have arrived yet.
  if (!known && engine_->capabilities().remote) void_memories(*transaction);
  return known;
}

std::future<CommitResult> Trunk::commit_async(Request request, engine::Deadline deadline) {
  check_open();
  check_writable(options_);
  Async entry{std::make_shared<Pending>(std::move(request), deadline), {}};
  std::future<CommitResult> future = entry.promise.get_future();
  {
    const std::lock_guard lock(background_mutex_);
    if (async_.size() >= async_max) {
      throw Error(ErrorCode::busy,
                  "1,024 commits are waiting behind commit_async already; wait for some of their futures");
    }
    start_background();
    async_.push_back(std::move(entry));
  }
  background_changed_.notify_one();
  return future;
}

void Trunk::start_background() {
  if (background_.joinable() || stopping_) return;
  try {
    background_ = std::thread([this] { work_in_background(); });
  } catch (const std::system_error& error) {
    throw Error(ErrorCode::limit_exceeded, std::string("the system gives no thread for work in the background (") +
                                               error.what() + "); free memory, or raise the limit of threads");
  }
}

void Trunk::watch(const std::shared_ptr<Aged>& aged) {
  if (!options_.background) return;
  const std::lock_guard lock(background_mutex_);
  if (aged_.size() >= watched_before_cleaning) {
    std::erase_if(aged_, [](const auto& one) { return one.expired(); });
  }
  aged_.push_back(aged);
  if (aged->until() >= watch_at_) return;
  watch_at_ = aged->until();
  if (!background_.joinable()) start_background();
}

void Trunk::expire_aged(std::unique_lock<std::mutex>& lock) {
  std::vector<std::weak_ptr<Aged>> watched;
  watched.swap(aged_);
  watch_at_ = platform::SteadyTime::max();
  lock.unlock();
  const auto now = platform::steady_now();
  std::erase_if(watched, [&](const auto& weak) {
    const auto aged = weak.lock();
    return !aged || aged->expire(now);
  });
  lock.lock();
  for (const auto& weak : watched) {
    const auto aged = weak.lock();
    if (!aged) continue;
    // One that is due but in use is looked at again a moment later.
    watch_at_ = std::min(watch_at_, std::max(aged->until(), now + std::chrono::milliseconds(100)));
    aged_.push_back(weak);
  }
}

void Trunk::run_async(std::unique_lock<std::mutex>& lock) {
  std::vector<Async> batch;
  batch.swap(async_);
  lock.unlock();
  std::exception_ptr failure;
  try {
    PendingGroup group;
    group.reserve(batch.size());
    for (const Async& entry : batch) group.push_back(entry.pending);
    line_.commit_all(group);
  } catch (const std::exception&) {
    failure = std::current_exception();  // no memory to line up
  }
  for (Async& entry : batch) {
    if (entry.pending->error) {
      entry.promise.set_exception(entry.pending->error);
    } else if (failure && entry.pending->result.id.is_nil()) {
      entry.promise.set_exception(failure);
    } else {
      entry.promise.set_value(entry.pending->result);
    }
  }
  lock.lock();
}

void Trunk::work_in_background() {
  std::unique_lock lock(background_mutex_);
  for (;;) {
    const auto due = [&] { return stopping_ || upkeep_due_ || !async_.empty() || platform::steady_now() >= watch_at_; };
    if (watch_at_ == platform::SteadyTime::max()) {
      background_changed_.wait(lock, [&] { return due() || watch_at_ != platform::SteadyTime::max(); });
    } else {
      background_changed_.wait_until(lock, watch_at_, due);
    }
    if (!async_.empty()) {
      run_async(lock);
      continue;
    }
    if (platform::steady_now() >= watch_at_) expire_aged(lock);
    if (!upkeep_due_) {
      if (stopping_) return;
      continue;
    }
    // Also when stopping: a process that lives too short for more does its share before it goes.
    upkeep_due_ = false;
    lock.unlock();
    try {
      maintain(false);
    } catch (const std::exception&) {
      // Upkeep is tried again at the next turn; what is wrong with the store shows itself to whoever uses it.
    }
    lock.lock();
  }
}

void Trunk::close() {
  if (inherited()) return;
  if (companion_ && !closed_) companion_->close();
  {
    const std::lock_guard lock(background_mutex_);
    stopping_ = true;
  }
  background_changed_.notify_one();
  if (background_.joinable()) background_.join();
  closed_ = true;
}

}  // namespace strata::commit
