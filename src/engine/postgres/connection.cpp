#include "engine/postgres/connection.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>

#include "engine/postgres/postgres_error.hpp"
#include "platform/descriptor_wait.hpp"
#include "platform/process.hpp"
#include "platform/random.hpp"

namespace strata::engine::postgres {
namespace {

// From PostgreSQL's catalogue pg_type.
constexpr std::uint32_t bytea_type = 17;
constexpr std::uint32_t int8_type = 20;
constexpr std::uint32_t text_type = 25;
constexpr std::uint32_t bytea_array_type = 1001;
constexpr int binary = 1;
constexpr auto answer_wait = std::chrono::seconds(30);
constexpr int connect_attempts = 5;

void append_be32(Bytes& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

}  // namespace

Parameter Parameter::bytes(bytes_view value) {
  Parameter one;
  one.type_ = bytea_type;
  one.view_ = value;
  return one;
}

Parameter Parameter::integer(std::int64_t value) {
  Parameter one;
  one.type_ = int8_type;
  Bytes encoded;
  append_be32(encoded, static_cast<std::uint32_t>(static_cast<std::uint64_t>(value) >> 32));
  append_be32(encoded, static_cast<std::uint32_t>(value));
  one.owned_ = std::move(encoded);
  return one;
}

Parameter Parameter::text(std::string_view value) {
  Parameter one;
  one.type_ = text_type;
  one.owned_ = Bytes(value);
  return one;
}

Parameter Parameter::bytes_array(std::span<const bytes_view> values) {
  // One dimension, no nulls, the element's type, the length, numbered from 1; then length and bytes of each.
  Bytes encoded;
  std::size_t size = 20;
  for (const bytes_view value : values) size += 4 + value.size();
  encoded.reserve(size);
  append_be32(encoded, values.empty() ? 0 : 1);
  append_be32(encoded, 0);
  append_be32(encoded, bytea_type);
  if (!values.empty()) {
    append_be32(encoded, static_cast<std::uint32_t>(values.size()));
    append_be32(encoded, 1);
  }
  for (const bytes_view value : values) {
    append_be32(encoded, static_cast<std::uint32_t>(value.size()));
    encoded += value;
  }
  Parameter one;
  one.type_ = bytea_array_type;
  one.owned_ = std::move(encoded);
  return one;
}

Result::Result(pg_result* result) : result_(result, PQclear) {}
std::size_t Result::rows() const { return static_cast<std::size_t>(PQntuples(result_.get())); }
bool Result::is_null(std::size_t row, std::size_t column) const {
  return PQgetisnull(result_.get(), static_cast<int>(row), static_cast<int>(column)) != 0;
}
bytes_view Result::bytes(std::size_t row, std::size_t column) const {
  const int r = static_cast<int>(row);
  const int c = static_cast<int>(column);
  return {PQgetvalue(result_.get(), r, c), static_cast<std::size_t>(PQgetlength(result_.get(), r, c))};
}
std::int64_t Result::integer(std::size_t row, std::size_t column) const {
  std::uint64_t value = 0;
  for (const char byte : bytes(row, column)) value = value << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(value);
}

Connection::Connection(const Target& target) : place_(target.place), session_(nullptr, PQfinish) {
  for (int attempt = 1;; ++attempt) {
    connect(target);
    if (is_first_to_answer()) break;
    if (attempt == connect_attempts)
      throw_no_connection(place_,
                          "the answers that came first were another client's; is there an old connection pooler?");
  }
  platform::close_in_child(descriptor_);
}

/// A pooler may give a session on to the next client while answers to the last one are still on their way; PgBouncer
/// before 1.21 does, when a client ended with several requests under way. So the first answer is compared.
bool Connection::is_first_to_answer() {
  const std::string mark = platform::make_uuid().to_string();
  const std::array parameters{Parameter::text(mark)};
  try {
    const Result echo = ask("SELECT $1::text", parameters);
    return echo.rows() == 1 && echo.bytes(0, 0) == mark;
  } catch (const Disconnected&) {
    throw;
  } catch (const Error&) {
    return false;  // somebody else's failure: this statement has none
  }
}

void Connection::connect(const Target& target) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  const auto add = [&](const char* name, const char* value) {
    names.push_back(name);
    values.push_back(value);
  };
  // What stands first gives way to what the URL says.
  add("fallback_application_name", "strata");
  add("connect_timeout", "5");
  add("tcp_user_timeout", "30000");
  add("keepalives_idle", "10");
  add("keepalives_interval", "5");
  add("keepalives_count", "3");
  for (const auto& [name, value] : target.keywords) add(name.c_str(), value.c_str());
  add(nullptr, nullptr);
  session_.reset(PQconnectdbParams(names.data(), values.data(), 0));
  if (session_ == nullptr) throw std::bad_alloc();
  if (PQstatus(session_.get()) != CONNECTION_OK) throw_no_connection(place_, PQerrorMessage(session_.get()));
  PQsetNoticeProcessor(
      session_.get(), [](void*, const char*) {}, nullptr);  // nobody is there to read them
  if (PQsetnonblocking(session_.get(), 1) != 0 || PQenterPipelineMode(session_.get()) != 1) {
    throw Error(ErrorCode::internal, place_ + ": libpq refuses its pipeline mode; report this defect in Strata");
  }
  descriptor_ = PQsocket(session_.get());
}

Connection::~Connection() {
  if (bond_.inherited()) {
    static_cast<void>(session_.release());  // its socket is the parent's, who would lose the session
    return;
  }
  if (session_) platform::forget_in_child(descriptor_);
}

void Connection::check() const {
  bond_.check(place_);
  if (lost_) throw_disconnected(place_, {}, "it had ended before");
}

bool Connection::quiet() const {
  return !lost_ && posted_.empty() &&
         !platform::wait_for_descriptor(descriptor_, {.readable = true, .writable = false}, {}).readable;
}

int Connection::server_version() const { return PQserverVersion(session_.get()); }
std::string Connection::server_setting(const char* name) const {
  const char* value = PQparameterStatus(session_.get(), name);
  return value == nullptr ? std::string() : std::string(value);
}

void Connection::send(const Statement& statement, std::span<const Parameter> parameters) {
  check();
  auto found = prepared_.find(&statement);
  if (found == prepared_.end()) {
    const std::string name = "strata_" + std::to_string(++preparations_);
    std::vector<Oid> types;
    for (const Parameter& one : parameters) types.push_back(one.type());
    if (PQsendPrepare(session_.get(), name.c_str(), statement.sql.c_str(), static_cast<int>(types.size()),
                      types.data()) != 1) {
      lose(PQerrorMessage(session_.get()));
    }
    awaited_.push_back({true, &statement});
    found = prepared_.emplace(&statement, name).first;
  }
  send_execution(found->second.c_str(), nullptr, parameters);
}

void Connection::send(const std::string& sql, std::span<const Parameter> parameters) {
  check();
  send_execution(nullptr, &sql, parameters);
}

void Connection::send_execution(const char* name, const std::string* sql, std::span<const Parameter> parameters) {
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  const std::vector<int> formats(parameters.size(), binary);
  for (const Parameter& one : parameters) {
    types.push_back(one.type());
    // A null pointer would mean NULL.
    values.push_back(one.value().empty() ? "" : one.value().data());
    lengths.push_back(static_cast<int>(one.value().size()));
  }
  const int count = static_cast<int>(parameters.size());
  const int sent = sql == nullptr ? PQsendQueryPrepared(session_.get(), name, count, values.data(), lengths.data(),
                                                        formats.data(), binary)
                                  : PQsendQueryParams(session_.get(), sql->c_str(), count, types.data(), values.data(),
                                                      lengths.data(), formats.data(), binary);
  if (sent != 1) lose(PQerrorMessage(session_.get()));
  awaited_.push_back({});
}

void Connection::end_batch() {
  if (PQpipelineSync(session_.get()) != 1) lose(PQerrorMessage(session_.get()));
}

void Connection::post() {
  end_batch();
  posted_.push_back(std::move(awaited_));
  awaited_.clear();
  if (PQflush(session_.get()) < 0) lose(PQerrorMessage(session_.get()));
}

std::vector<Result> Connection::collect() { return collect(platform::steady_now() + answer_wait); }

std::vector<Result> Connection::collect(platform::SteadyTime deadline) {
  check();
  end_batch();
  std::deque<Awaited> awaited;
  awaited.swap(awaited_);
  drop_posted(deadline);
  return collect_batch(awaited, deadline);
}

void Connection::drop_posted(platform::SteadyTime deadline) {
  while (!posted_.empty()) {
    std::deque<Awaited> awaited = std::move(posted_.front());
    posted_.pop_front();
    try {
      collect_batch(awaited, deadline);
    } catch (const Disconnected&) {
      throw;
    } catch (const Error&) {
      // Nobody waits for it: a rollback, or a hint.
    }
  }
}

std::vector<Result> Connection::collect_batch(std::deque<Awaited>& awaited, platform::SteadyTime deadline) {
  std::vector<Result> results;
  std::optional<Failure> failure;
  const auto all = awaited;
  for (;;) {
    Result result(next_result(deadline));
    pg_result* const raw = result.raw();
    if (raw == nullptr) {
      if (!awaited.empty()) awaited.pop_front();
      continue;
    }
    switch (PQresultStatus(raw)) {
      case PGRES_PIPELINE_SYNC:
        if (failure) {
          last_failure_.reset();
          forget_preparations(all);
          throw_failure(place_, failure->state, failure->message);
        }
        return results;
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
        if (!awaited.empty() && !awaited.front().is_preparation) results.push_back(std::move(result));
        break;
      case PGRES_PIPELINE_ABORTED:
        break;
      default: {
        const char* state = PQresultErrorField(raw, PG_DIAG_SQLSTATE);
        const char* message = PQresultErrorField(raw, PG_DIAG_MESSAGE_PRIMARY);
        if (!failure) {
          failure = Failure{state == nullptr ? "" : state, message == nullptr ? PQresultErrorMessage(raw) : message};
          last_failure_ = failure;  // if the session ends now, these were its last words
        }
        // A failure without an SQLSTATE is libpq's: the connection is gone.
        if (state == nullptr || PQstatus(session_.get()) == CONNECTION_BAD) {
          lose(failure->message);
        }
      }
    }
  }
}

pg_result* Connection::next_result(platform::SteadyTime deadline) {
  wait_for_answer(deadline);
  pg_result* const result = PQgetResult(session_.get());
  if (result == nullptr && PQstatus(session_.get()) == CONNECTION_BAD) lose(PQerrorMessage(session_.get()));
  return result;
}

void Connection::wait_for_answer(platform::SteadyTime deadline) {
  for (;;) {
    const int unsent = PQflush(session_.get());
    if (unsent < 0) {
      // What the server said before it closed explains more than the failed write.
      if (PQconsumeInput(session_.get()) != 1 || PQisBusy(session_.get()) != 0) lose(PQerrorMessage(session_.get()));
      return;
    }
    if (PQisBusy(session_.get()) == 0) return;
    const auto come = platform::wait_for_descriptor(descriptor_, {.readable = true, .writable = unsent == 1}, deadline);
    if (!come.readable && !come.writable) lose("the server does not answer");
    if (come.readable && PQconsumeInput(session_.get()) != 1 && PQstatus(session_.get()) == CONNECTION_BAD &&
        PQisBusy(session_.get()) != 0) {
      lose(PQerrorMessage(session_.get()));
    }
  }
}

void Connection::forget_preparations(const std::deque<Awaited>& awaited) {
  // Those that stood behind the failure do not exist; the others get a second name.
  for (const Awaited& one : awaited) {
    if (one.is_preparation) prepared_.erase(one.statement);
  }
}

void Connection::lose(std::string_view why) {
  lost_ = true;
  const std::string said(why);
  const std::string state = last_failure_ ? last_failure_->state : "";
  platform::forget_in_child(descriptor_);
  session_.reset();
  throw_disconnected(place_, state, said);
}

Result Connection::ask(const Statement& statement, std::span<const Parameter> parameters) {
  send(statement, parameters);
  return std::move(collect().back());
}

Result Connection::ask(const std::string& sql, std::span<const Parameter> parameters) {
  send(sql, parameters);
  return std::move(collect().back());
}

std::vector<std::string> Connection::notifications() {
  check();
  if (PQconsumeInput(session_.get()) != 1) lose(PQerrorMessage(session_.get()));
  if (!posted_.empty() && PQisBusy(session_.get()) == 0) drop_posted(platform::steady_now() + answer_wait);
  std::vector<std::string> payloads;
  for (;;) {
    const std::unique_ptr<PGnotify, void (*)(void*)> one(PQnotifies(session_.get()), PQfreemem);
    if (!one) return payloads;
    payloads.emplace_back(one->extra);
  }
}

}  // namespace strata::engine::postgres
