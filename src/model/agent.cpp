#include "model/agent.hpp"

#include <algorithm>
#include <array>

#include "strata/error.hpp"

namespace strata::model {
namespace {

constexpr std::size_t agent_name_bytes_max = 100;
constexpr std::size_t history_max = 50;
constexpr std::size_t text_bytes_max = 4'096;
constexpr std::size_t history_text_bytes_max = 200;
constexpr auto time_to_live_max = std::chrono::hours(24 * 3650);

constexpr std::array<std::string_view, 5> task_status_names = {"waiting", "running", "done", "failed", "cancelled"};
constexpr std::array<std::string_view, 4> saga_status_names = {"running", "compensating", "done", "compensated"};
constexpr std::array<std::string_view, 4> saga_step_status_names = {"waiting", "done", "failed", "compensated"};

template <class Status, std::size_t count>
std::optional<Status> find_status(const std::array<std::string_view, count>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Status>(found - names.begin());
}

template <class Status, std::size_t count>
Status stored_status(const std::array<std::string_view, count>& names, ValueView text, const Record& record) {
  if (const auto status = find_status<Status>(names, text.string_or({}))) return *status;
  throw Error(ErrorCode::corruption, "record `" + record.key + "` has no known status; run `strata verify`");
}

std::string text_of(ValueView value) { return std::string(value.string_or({})); }

std::uint64_t count_of(ValueView value) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, value.int_or(0)));
}

/// Left out where they say nothing.
void set_text(Value& body, std::string_view name, const std::string& text) {
  if (!text.empty()) body.set(name, Value(text));
}
void set_value(Value& body, std::string_view name, const Value& value) {
  if (value.type() != ValueType::null) body.set(name, value);
}
Value value_of(ValueView value) { return value.is_missing() ? Value() : Value(value); }

std::string cut_to(std::string_view text, std::size_t bytes_max) {
  const Value checks_utf8{text};
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

}  // namespace

const OwnCollection& settings_collection() {
  static const OwnCollection collection{".settings", {}};
  return collection;
}

const OwnCollection& sessions_collection() {
  static const OwnCollection collection{".sessions", {{.name = "agent", .fields = {{.path = "agent"}}}}};
  return collection;
}

const OwnCollection& agents_collection() {
  static const OwnCollection collection{".agents", {{.name = "capabilities", .fields = {{.path = "capabilities"}}}}};
  return collection;
}

const OwnCollection& tasks_collection() {
  static const OwnCollection collection{".tasks", {{.name = "status", .fields = {{.path = "status"}}}}};
  return collection;
}

const OwnCollection& sagas_collection() {
  static const OwnCollection collection{".sagas", {{.name = "status", .fields = {{.path = "status"}}}}};
  return collection;
}

bool is_watchable(std::string_view collection) {
  for (const OwnCollection* own : {&settings_collection(), &sessions_collection(), &agents_collection(),
                                   &tasks_collection(), &sagas_collection()}) {
    if (own->name == collection) return true;
  }
  return false;
}

void check_agent_name(std::string_view what, std::string_view name) {
  check_name(what, name);
  if (name.size() <= agent_name_bytes_max) return;
  throw Error(ErrorCode::invalid_argument,
              std::string(what) + " name `" + std::string(name.substr(0, 60)) + "...`: it is longer than 100 bytes");
}

void check_time_to_live(std::chrono::milliseconds time) {
  if (time.count() >= 1 && time <= time_to_live_max) return;
  throw Error(ErrorCode::invalid_argument, "a session's time to live must be 1 ms at least and 3,650 days at most");
}

// ---- sessions

Value encode_session(const agent::Session& session) {
  Value body = Value::object({{"agent", session.agent}, {"ttl_ms", session.time_to_live.count()}});
  set_value(body, "metadata", session.metadata);
  if (session.revision > 0) body.set("revision", Value(session.revision)).set("state", session.state);
  return body;
}

agent::Session decode_session(const Record& record, Time now) {
  agent::Session session;
  const Value& body = record.value;
  session.id = record.key;
  session.agent = text_of(body["agent"]);
  session.time_to_live = std::chrono::milliseconds(body["ttl_ms"].int_or(0));
  session.metadata = value_of(body["metadata"]);
  session.revision = count_of(body["revision"]);
  session.state = value_of(body["state"]);
  session.opened = record.created;
  session.seen = record.updated;
  session.until = record.updated + session.time_to_live;
  session.live = now < session.until;
  return session;
}

// ---- agents

Value encode_agent(const agent::Agent& agent) {
  std::vector<Value> capabilities(agent.capabilities.begin(), agent.capabilities.end());
  Value body = Value::object({{"kind", agent.kind}, {"capabilities", Value::array(capabilities)}});
  set_value(body, "metadata", agent.metadata);
  return body;
}

agent::Agent decode_agent(const Record& record) {
  agent::Agent agent;
  agent.name = record.key;
  agent.kind = text_of(record.value["kind"]);
  for (const ValueView::Member& one : record.value["capabilities"]) agent.capabilities.push_back(text_of(one.value));
  agent.metadata = value_of(record.value["metadata"]);
  agent.registered = record.created;
  agent.seen = record.updated;
  return agent;
}

// ---- tasks

Value encode_task(const StoredTask& stored) {
  const agent::Task& task = stored.task;
  Value body = Value::object({{"kind", task.kind}, {"status", agent::to_string(task.status)}});
  set_text(body, "assigned_to", task.assigned_to);
  set_text(body, "agent", task.agent);
  set_value(body, "payload", task.payload);
  if (task.priority != 0) body.set("priority", Value(task.priority));
  if (task.progress > 0) body.set("progress", Value(task.progress));
  set_text(body, "message", task.message);
  set_value(body, "result", task.result);
  set_text(body, "error", task.error);
  if (task.attempts > 0) body.set("attempts", Value(task.attempts));
  set_text(body, "queue", stored.queue);
  set_text(body, "item", stored.item);
  if (stored.lease.count() > 0) body.set("lease_ms", Value(stored.lease.count()));
  body.set("keep_s", Value(stored.keep_for.count()));
  std::vector<Value> history;
  for (const agent::TaskStep& step : task.history) {
    history.push_back(
        Value::array({Value(step.time.micros), Value(agent::to_string(step.status)), step.agent, step.message}));
  }
  body.set("history", Value::array(history));
  return body;
}

StoredTask decode_task(const Record& record) {
  StoredTask stored;
  agent::Task& task = stored.task;
  const Value& body = record.value;
  const auto status = [&](ValueView text) { return stored_status<agent::TaskStatus>(task_status_names, text, record); };
  task.id = record.key;
  task.kind = text_of(body["kind"]);
  task.status = status(body["status"]);
  task.assigned_to = text_of(body["assigned_to"]);
  task.agent = text_of(body["agent"]);
  task.payload = value_of(body["payload"]);
  task.priority = body["priority"].int_or(0);
  task.progress = body["progress"].double_or(0);
  task.message = text_of(body["message"]);
  task.result = value_of(body["result"]);
  task.error = text_of(body["error"]);
  task.attempts = count_of(body["attempts"]);
  task.created = record.created;
  task.updated = record.updated;
  for (const ValueView::Member& step : body["history"]) {
    task.history.push_back(
        {Time{step.value[0].int_or(0)}, status(step.value[1]), text_of(step.value[2]), text_of(step.value[3])});
  }
  stored.queue = text_of(body["queue"]);
  stored.item = text_of(body["item"]);
  stored.lease = std::chrono::milliseconds(body["lease_ms"].int_or(0));
  stored.keep_for = std::chrono::seconds(body["keep_s"].int_or(0));
  return stored;
}

std::string cut_text(std::string_view text) { return cut_to(text, text_bytes_max); }

void set_status(agent::Task& task, agent::TaskStatus status, std::string_view message, Time now) {
  task.status = status;
  if (task.history.size() >= history_max) task.history.erase(task.history.begin());
  task.history.push_back({now, status, task.agent, cut_to(message, history_text_bytes_max)});
}

bool has_ended(agent::TaskStatus status) {
  return status != agent::TaskStatus::waiting && status != agent::TaskStatus::running;
}

std::string task_kind_queue(std::string_view kind) { return std::string(task_kind_queues) + std::string(kind); }
std::string task_agent_queue(std::string_view agent) { return ".tasks/agent/" + std::string(agent); }

// ---- sagas

Value encode_saga(const StoredSaga& stored) {
  const agent::Saga& saga = stored.saga;
  Value body = Value::object({{"kind", saga.kind}, {"status", agent::to_string(saga.status)}});
  set_value(body, "input", saga.input);
  set_text(body, "error", saga.error);
  std::vector<Value> steps;
  for (const agent::SagaStepState& step : saga.steps) {
    Value one = Value::object({{"name", step.name}, {"status", agent::to_string(step.status)}});
    set_value(one, "result", step.result);
    set_text(one, "error", step.error);
    if (step.time != Time{}) one.set("time", Value(step.time.micros));
    steps.push_back(std::move(one));
  }
  body.set("steps", Value::array(steps));
  set_text(body, "item", stored.item);
  set_text(body, "runner", stored.runner);
  return body;
}

StoredSaga decode_saga(const Record& record) {
  StoredSaga stored;
  agent::Saga& saga = stored.saga;
  const Value& body = record.value;
  saga.id = record.key;
  saga.kind = text_of(body["kind"]);
  saga.status = stored_status<agent::SagaStatus>(saga_status_names, body["status"], record);
  saga.input = value_of(body["input"]);
  saga.error = text_of(body["error"]);
  saga.started = record.created;
  saga.updated = record.updated;
  for (const ValueView::Member& one : body["steps"]) {
    agent::SagaStepState step;
    step.name = text_of(one.value["name"]);
    step.status = stored_status<agent::SagaStepStatus>(saga_step_status_names, one.value["status"], record);
    step.result = value_of(one.value["result"]);
    step.error = text_of(one.value["error"]);
    step.time = Time{one.value["time"].int_or(0)};
    saga.steps.push_back(std::move(step));
  }
  stored.item = text_of(body["item"]);
  stored.runner = text_of(body["runner"]);
  return stored;
}

bool has_ended(agent::SagaStatus status) {
  return status == agent::SagaStatus::done || status == agent::SagaStatus::compensated;
}

std::string saga_queue(std::string_view kind) { return ".sagas/" + std::string(kind); }

}  // namespace strata::model

namespace strata::agent {

std::string_view to_string(TaskStatus status) { return model::task_status_names.at(static_cast<std::size_t>(status)); }
std::optional<TaskStatus> parse_task_status(std::string_view name) {
  return model::find_status<TaskStatus>(model::task_status_names, name);
}
std::string_view to_string(SagaStatus status) { return model::saga_status_names.at(static_cast<std::size_t>(status)); }
std::optional<SagaStatus> parse_saga_status(std::string_view name) {
  return model::find_status<SagaStatus>(model::saga_status_names, name);
}
std::string_view to_string(SagaStepStatus status) {
  return model::saga_step_status_names.at(static_cast<std::size_t>(status));
}

}  // namespace strata::agent
