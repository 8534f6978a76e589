#include "engine/postgres/writing.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "engine/postgres/postgres_error.hpp"
#include "engine/stored_key.hpp"
#include "platform/random.hpp"

namespace strata::engine::postgres {
namespace {

constexpr std::size_t batch_bytes = std::size_t{4} << 20;
constexpr std::size_t known_rows_max = 100'000;
/// Behind the time at which the server itself gives up waiting.
constexpr auto grace = std::chrono::seconds(10);
/// What is remembered is what every commit needs; when it is more, it is something else.
constexpr std::size_t memory_bytes_max = 8 << 10;
constexpr std::uint32_t longest_pause = 64;

std::size_t table_of(bytes_view stored) {
  return static_cast<std::size_t>(postgres::table_of(static_cast<SpaceGroup>(stored[0])));
}

bool is_hot(bytes_view stored) { return static_cast<SpaceGroup>(stored[0]) == SpaceGroup::system; }

/// The key that was stored so. It points into `stored`.
Key key_of(bytes_view stored) {
  std::uint32_t space = 0;
  for (const char byte : stored.substr(0, space_prefix_bytes)) space = space << 8 | static_cast<unsigned char>(byte);
  return {Space{space}, without_space(stored)};
}

}  // namespace

WriteSession::Turn WriteSession::enter(Deadline deadline, std::span<const Key> ahead) {
  if (!line_.enter(deadline)) {
    throw Error(ErrorCode::busy,
                target_.place + ": no turn to write before the deadline: another thread is writing; try again later");
  }
  try {
    std::vector<Key> keys(ahead.begin(), ahead.end());
    keys.push_back(head_key);
    return lock(deadline, keys);
  } catch (...) {
    leave();
    throw;
  }
}

WriteSession::Turn WriteSession::lock(Deadline deadline, std::span<const Key> keys) {
  const Lookup lookup(keys);
  for (;;) {
    try {
      if (!connection_) {
        connection_ = connect(target_, target_.fence, deadline, lineage_);
        connection_->ask("SET lock_timeout = " + std::to_string(target_.fence.count()));
      }
      const Deadline answer = send_lock(deadline);
      // Behind the lock: a statement that waited for it would see the rows as they were before.
      lookup.send(*connection_, statements_);
      const std::vector<Result> results = connection_->collect(answer);
      Turn turn{.connection = connection_.get(), .rows = {}};
      lookup.deliver(results.back(), [&](std::size_t index, std::optional<bytes_view> value) {
        guess_.note(keys[index].space, !value);
        turn.rows.emplace_back(StoredKey(keys[index]).view(), value);
      });
      return turn;
    } catch (const Disconnected&) {
      connection_.reset();
      if (platform::steady_now() >= deadline) throw;
    } catch (const Error& error) {
      connection_->send(statements_.rollback);
      connection_->post();
      if (error.code() != ErrorCode::busy || platform::steady_now() >= deadline) throw;
      end_stopped_writer();
    }
  }
}

/// In rounds no longer than the fence: whoever stands still for that long behind a half-sent statement, where the
/// server does not end it by itself, is ended by those who wait.
Deadline WriteSession::send_lock(Deadline deadline) {
  const auto now = platform::steady_now();
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
  const auto round = std::clamp(left, std::chrono::milliseconds(1), target_.fence);
  connection_->send(statements_.begin_write);
  if (round != target_.fence) {
    const std::array most{Parameter::text(std::to_string(round.count()))};
    connection_->send(statements_.wait_at_most, most);
  }
  connection_->send(target_.has_turns ? statements_.lock_turn : statements_.lock_row);
  return now + round + grace;
}

Connection* WriteSession::enter_from_memory() {
  if (!line_.enter(Deadline{})) return nullptr;
  if (pause_ == 0 && connection_ && connection_->quiet()) return connection_.get();
  if (pause_ > 0) --pause_;
  leave();
  return nullptr;
}

WriteSession::Turn WriteSession::confirm(const Memory& memory, std::span<const Key> absent, std::span<const Key> keys,
                                         Deadline deadline) {
  std::vector<Key> asked(absent.begin(), absent.end());
  asked.insert(asked.end(), keys.begin(), keys.end());
  const Lookup lookup(asked);
  Turn turn{.connection = connection_.get(), .rows = {}};
  bool held = false;
  try {
    const Deadline answer = send_lock(deadline);
    connection_->send(statements_.gate);
    if (!asked.empty()) lookup.send(*connection_, statements_);
    const std::vector<Result> results = connection_->collect(answer);
    const Result& gate = results[results.size() - (asked.empty() ? 1 : 2)];
    held = gate.rows() == 1 && gate.integer(0, 0) == memory.state;
    const auto take = [&](std::size_t index, std::optional<bytes_view> value) {
      guess_.note(asked[index].space, !value);
      if (index < absent.size()) {
        held = held && !value;
      } else {
        turn.rows.emplace_back(StoredKey(asked[index]).view(), value);
      }
    };
    if (!asked.empty()) lookup.deliver(results.back(), take);
  } catch (const Disconnected&) {
    throw StaleMemory();  // nothing was written: whoever begins again finds another session
  } catch (const Error&) {
    // Such as a lock that was not to be had in time: whoever begins again is told.
  }
  note_presumed(held);
  if (!held) throw StaleMemory();
  return turn;
}

void WriteSession::note_presumed(bool held) {
  if (held) {
    next_pause_ = 1;
    return;
  }
  pause_ = next_pause_;
  next_pause_ = std::min(next_pause_ * 2, longest_pause);
}

void WriteSession::remember(const Memory& memory) {
  Bytes encoded = memory.rows.empty() ? Bytes() : memory.encode();
  if (encoded.size() > memory_bytes_max) encoded.clear();
  const std::lock_guard lock(memory_mutex_);
  memory_ = std::move(encoded);
}

Bytes WriteSession::memory() const {
  const std::lock_guard lock(memory_mutex_);
  return memory_;
}

/// A server ends a session that stands idle in its transaction, but not one that it believes to be sending.
void WriteSession::end_stopped_writer() {
  const std::array parameters{Parameter::text(target_.table(target_.has_turns ? "turn" : "gate")),
                              Parameter::integer(target_.fence.count())};
  try {
    connection_->ask(
        "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid WHERE "
        "l.relation = $1::regclass AND l.granted AND l.mode IN ('ShareRowExclusiveLock', 'RowShareLock', "
        "'RowExclusiveLock') AND a.pid <> "
        "pg_backend_pid() AND a.wait_event = 'ClientRead' AND a.state_change < clock_timestamp() - $2 * interval '1 "
        "millisecond'",
        parameters);
  } catch (const Disconnected&) {
    throw;
  } catch (const Error&) {
    // Without the right to do so, or on a server that lacks these tables, the deadline is what bounds the wait.
  }
}

void WriteSession::leave() noexcept {
  if (connection_ && connection_->lost()) connection_.reset();
  line_.leave();
}

PostgresWriteTransaction::PostgresWriteTransaction(WriteSession& session, WriteSession::Turn turn)
    : session_(session), connection_(turn.connection), rows_(*turn.connection, session.statements()) {
  take_rows(std::move(turn.rows));
}

PostgresWriteTransaction::PostgresWriteTransaction(WriteSession& session, Connection& connection, Memory memory,
                                                   Deadline deadline)
    : session_(session), connection_(&connection), rows_(connection, session.statements()), lock_until_(deadline) {
  for (auto& [stored, value] : memory.rows) known_.emplace(stored, Known{std::move(value)});
  memory.rows.clear();
  presumed_ = std::move(memory);
}

PostgresWriteTransaction::~PostgresWriteTransaction() {
  if (connection_ == nullptr) return;
  try {
    if (!presumed_ && !connection_->lost()) {
      connection_->send(session_.statements().rollback);
      connection_->post();
    }
  } catch (const std::exception&) {
    // The session is lost, and its transaction with it.
  }
  session_.leave();
}

void PostgresWriteTransaction::check() const {
  if (connection_ != nullptr) return;
  throw Error(ErrorCode::closed, "a write transaction of " + session_.target().place + " was used after its end");
}

void PostgresWriteTransaction::take_rows(std::vector<std::pair<Bytes, std::optional<Bytes>>> rows) {
  for (auto& row : rows) known_.emplace(std::move(row.first), Known{std::move(row.second)});
}

std::vector<Bytes> PostgresWriteTransaction::guessed() const {
  std::vector<Bytes> stored;
  for (const auto& [key, known] : known_) {
    if (known.guessed) stored.push_back(key);
  }
  return stored;
}

void PostgresWriteTransaction::confirm(std::span<const Key> keys) {
  const std::vector<Bytes> stored = guessed();
  std::vector<Key> absent;
  absent.reserve(stored.size());
  for (const Bytes& key : stored) absent.push_back(key_of(key));
  const Memory memory = std::move(*presumed_);
  presumed_.reset();  // from here on there is something to roll back
  take_rows(session_.confirm(memory, absent, keys, lock_until_).rows);
}

bool PostgresWriteTransaction::try_guess(Key key) {
  if (!presumed_ || key.space.group() == SpaceGroup::system || !session_.guess().expects_absence(key.space))
    return false;
  known_.emplace(StoredKey(key).view(), Known{.value = std::nullopt, .guessed = true});
  return true;
}

std::optional<bytes_view> PostgresWriteTransaction::get(Key key) {
  check();
  const StoredKey stored(key);
  auto found = known_.find(stored.view());
  if (found == known_.end()) {
    if (known_.size() >= known_rows_max && !presumed_) {
      std::erase_if(known_, [](const auto& one) { return !one.second.written; });
    }
    if (!try_guess(key)) {
      if (presumed_) {
        confirm(std::span(&key, 1));
      } else {
        known_.emplace(stored.view(), Known{rows_.get(key)});
      }
    }
    found = known_.find(stored.view());
  }
  if (!found->second.value) return std::nullopt;
  return bytes_view(*found->second.value);
}

void PostgresWriteTransaction::get_many(std::span<const Key> keys, const Sink& sink) {
  check();
  std::vector<Key> unknown;
  for (const Key& key : keys) {
    if (!known_.contains(StoredKey(key).view()) && !try_guess(key)) unknown.push_back(key);
  }
  if (presumed_ && !unknown.empty()) {
    confirm(unknown);
  } else {
    rows_.get_many(unknown, [&](std::size_t index, std::optional<bytes_view> value) {
      session_.guess().note(unknown[index].space, !value);
      known_.emplace(StoredKey(unknown[index]).view(), Known{value ? std::optional<Bytes>(*value) : std::nullopt});
    });
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Known& known = known_.find(StoredKey(keys[i]).view())->second;
    sink(i, known.value ? std::optional<bytes_view>(*known.value) : std::nullopt);
  }
}

std::unique_ptr<Cursor> PostgresWriteTransaction::scan(KeyRange range, ScanHints hints) {
  check();
  if (presumed_) confirm({});
  const StoredRange stored(range);
  if (has_written_within(stored.begin, stored.end)) send_written();
  return rows_.scan(range, hints);
}

bool PostgresWriteTransaction::has_written_within(bytes_view begin, bytes_view end) const {
  const auto from = known_.lower_bound(begin);
  const auto until = known_.lower_bound(end);
  return end > begin && std::any_of(from, until, [](const auto& one) { return one.second.written; });
}

void PostgresWriteTransaction::put(Key key, bytes_view value) {
  check();
  check_row(key, value);
  note(key, Bytes(value));
}

void PostgresWriteTransaction::erase(Key key) {
  check();
  erased_ = true;
  note(key, std::nullopt);
}

void PostgresWriteTransaction::note(Key key, std::optional<Bytes> value) {
  const StoredKey stored(key);
  written_bytes_ += stored.view().size() + (value ? value->size() : 0);
  Known& known = known_[Bytes(stored.view())];
  known.value = std::move(value);
  known.written = true;
  changed_ = true;
  if (written_bytes_ >= batch_bytes) {
    if (presumed_) confirm({});
    send_written();
    connection_->collect();
  }
}

void PostgresWriteTransaction::erase_range(KeyRange range) {
  check();
  if (presumed_) confirm({});
  const StoredRange stored(range);
  if (stored.end <= stored.begin) return;
  // What was written within goes first, so that the order of the statements is that of the calls.
  if (has_written_within(stored.begin, stored.end)) send_written();
  known_.erase(known_.lower_bound(stored.begin), known_.lower_bound(stored.end));
  const std::array parameters{Parameter::bytes(stored.begin), Parameter::bytes(stored.end)};
  connection_->send(session_.statements().of(range.space.group()).erase_range, parameters);
  changed_ = true;
}

/// All rows to be put: keys and values for each table in turn, then the new state.
std::vector<Parameter> PostgresWriteTransaction::take_written() {
  std::array<std::vector<bytes_view>, tables> keys, values;
  for (auto& [stored, known] : known_) {
    if (!known.written || !known.value) continue;
    known.written = false;
    keys[table_of(stored)].push_back(stored);
    values[table_of(stored)].push_back(*known.value);
  }
  std::vector<Parameter> parameters;
  for (std::size_t table = 0; table < tables; ++table) {
    parameters.push_back(Parameter::bytes_array(keys[table]));
    parameters.push_back(Parameter::bytes_array(values[table]));
  }
  state_ = static_cast<std::int64_t>(platform::random_u64() | 1);
  parameters.push_back(Parameter::integer(state_));
  written_bytes_ = 0;
  return parameters;
}

/// One statement for all rows to be put, one for those to be erased from a table. The state changes with them.
void PostgresWriteTransaction::send_written() {
  std::array<std::vector<bytes_view>, tables> erased;
  for (auto& [stored, known] : known_) {
    if (!known.written || known.value) continue;
    known.written = false;
    erased[table_of(stored)].push_back(stored);
  }
  for (std::size_t table = 0; table < tables; ++table) {
    if (erased[table].empty()) continue;
    const std::array parameters{Parameter::bytes_array(erased[table])};
    connection_->send(session_.statements().of_table[table].erase_many, parameters);
  }
  connection_->send(session_.statements().put_all, take_written());
}

void PostgresWriteTransaction::commit(Durability durability) {
  check();
  if (presumed_ && erased_) confirm({});
  if (presumed_) return commit_presumed(durability);
  const Statements& statements = session_.statements();
  // An empty commit that is to be synced makes the relaxed ones before it durable: it must write something.
  if (changed_ || durability == Durability::sync) send_written();
  if (durability == Durability::relaxed) connection_->send(statements.commit_relaxed);
  connection_->send(statements.commit);
  session_.forget();
  try {
    connection_->collect();
  } catch (const Disconnected& error) {
    throw Error(ErrorCode::io, error.what());  // it may have been committed
  } catch (const Error& error) {
    // The server said why, and did not commit.
    throw Error(ErrorCode::busy, std::string(error.what()));
  }
  end();
}

/// Lock, comparison, rows and commit in one round trip.
void PostgresWriteTransaction::commit_presumed(Durability durability) {
  const Statements& statements = session_.statements();
  std::vector<Parameter> parameters = take_written();
  parameters.push_back(Parameter::integer(presumed_->state));
  const std::vector<Bytes> absent = guessed();
  std::array<std::vector<bytes_view>, tables> keys;
  for (const Bytes& stored : absent) keys[table_of(stored)].push_back(stored);
  for (const Table table : {Table::log, Table::rows})
    parameters.push_back(Parameter::bytes_array(keys[static_cast<std::size_t>(table)]));
  presumed_.reset();
  session_.forget();
  bool held = false;
  try {
    const Deadline answer = session_.send_lock(lock_until_);
    connection_->send(statements.put_all_if, parameters);
    if (durability == Durability::relaxed) connection_->send(statements.commit_relaxed);
    connection_->send(statements.commit);
    const auto results = connection_->collect(answer);
    held = results[results.size() - (durability == Durability::relaxed ? 3 : 2)].integer(0, 0) == 1;
    if (!held) session_.guess().forget();
  } catch (const Disconnected& error) {
    throw Error(ErrorCode::io, error.what());  // it may have been committed
  } catch (const Error&) {
    session_.note_presumed(false);  // not committed; whoever begins again is told why
    throw StaleMemory();
  }
  session_.note_presumed(held);
  if (held) return end();
  session_.leave();
  connection_ = nullptr;
  throw StaleMemory();
}

/// What was written is the newest state.
void PostgresWriteTransaction::end() {
  if (state_ != 0) {
    Memory memory{state_, {}};
    for (auto& [stored, known] : known_) {
      if (!is_hot(stored)) break;  // they are the first
      memory.rows.emplace(stored, std::move(known.value));
    }
    session_.remember(memory);
  }
  connection_ = nullptr;
  session_.leave();
}

}  // namespace strata::engine::postgres
