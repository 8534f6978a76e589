// What agents keep, as records of the store's own collections. Their bodies are plain objects, for filters to reach.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/own_collection.hpp"
#include "strata/agent.hpp"

namespace strata::model {

/// `.settings`: the value, under the setting's key.
const OwnCollection& settings_collection();
/// `.sessions`: by id. Renewed, with a time to live, by each heartbeat.
const OwnCollection& sessions_collection();
/// `.agents`: by name.
const OwnCollection& agents_collection();
/// `.tasks`: by id.
const OwnCollection& tasks_collection();
/// `.sagas`: by id.
const OwnCollection& sagas_collection();

/// Whether applications may watch one of the store's own collections by its name.
bool is_watchable(std::string_view collection);

/// `invalid_argument` unless it is 1 to 100 bytes of UTF-8 without control characters.
void check_agent_name(std::string_view what, std::string_view name);
/// `invalid_argument` unless it is from 1 ms to 3,650 days.
void check_time_to_live(std::chrono::milliseconds time);

/// An expired session's record stays for so long.
inline constexpr std::chrono::hours session_kept{24};
Value encode_session(const agent::Session& session);
/// `live` as of `now`.
agent::Session decode_session(const Record& record, Time now);

Value encode_agent(const agent::Agent& agent);
agent::Agent decode_agent(const Record& record);

/// A task, and where its queue item is.
struct StoredTask {
  agent::Task task{};
  std::string queue{};
  std::string item{};
  std::chrono::milliseconds lease{};  ///< Of the claim.
  std::chrono::seconds keep_for{};
};
Value encode_task(const StoredTask& stored);
StoredTask decode_task(const Record& record);
/// At most 4,096 bytes of it, no character cut in two. `invalid_argument` unless it is UTF-8.
std::string cut_text(std::string_view text);
/// Notes the change of status in the history.
void set_status(agent::Task& task, agent::TaskStatus status, std::string_view message, Time now);
bool has_ended(agent::TaskStatus status);

/// Queues of tasks: of a kind, and of those assigned to an agent.
inline constexpr std::string_view task_kind_queues = ".tasks/kind/";
std::string task_kind_queue(std::string_view kind);
std::string task_agent_queue(std::string_view agent);

/// An ended saga's record stays for so long.
inline constexpr std::chrono::hours saga_kept{30 * 24};
struct StoredSaga {
  agent::Saga saga{};
  std::string item{};
  std::string runner{};
};
Value encode_saga(const StoredSaga& stored);
StoredSaga decode_saga(const Record& record);
bool has_ended(agent::SagaStatus status);
std::string saga_queue(std::string_view kind);

}  // namespace strata::model
