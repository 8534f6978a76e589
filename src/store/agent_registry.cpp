// Settings, sessions and the registry: what agents say of themselves.
#include "platform/clock.hpp"
#include "store/agent_access.hpp"
#include "strata/error.hpp"

namespace strata::agent {
namespace {

bool is_full(std::size_t count, std::size_t limit) { return limit > 0 && count >= limit; }

/// `not_found` unless it is there and lives.
Session require_live(commit::Source& source, std::string_view id) {
  const auto record = get_own(source, model::sessions_collection(), id);
  const std::string shown = "session " + std::string(id.substr(0, 60));
  if (!record) throw Error(ErrorCode::not_found, shown + " is not there: it was closed, or has expired; open another");
  Session session = model::decode_session(*record, source.now());
  if (!session.live)
    throw Error(ErrorCode::not_found, shown + " expired at " + session.until.to_string() + "; open another");
  return session;
}

void write_session(commit::Transaction& transaction, const Session& session) {
  put_own(transaction, model::sessions_collection(), session.id, model::encode_session(session),
          {.time_to_live = session.time_to_live + model::session_kept});
}

}  // namespace

// ---- Settings

Settings::Settings(Store& store) : access_(access_of(store)) {}
Settings::Settings(Transaction& transaction) : access_(access_of(transaction)) {}

Setting Settings::read(const Record& record) { return {record.key, record.value, record.version, record.updated}; }

std::optional<Setting> Settings::get(std::string_view key) const {
  std::optional<Setting> setting;
  access_->read([&](commit::Source& source) {
    if (const auto record = get_own(source, model::settings_collection(), key)) setting = read(*record);
  });
  return setting;
}

Value Settings::get_or(std::string_view key, const Value& otherwise) const {
  const auto setting = get(key);
  return setting ? setting->value : otherwise;
}

Version Settings::set(std::string_view key, const Value& value, const PutOptions& options) {
  const CommitResult result = access_->write([&](commit::Transaction& transaction) {
    put_own(transaction, model::settings_collection(), key, value, options);
  });
  return Version{result.position.value};
}

bool Settings::erase(std::string_view key, const EraseOptions& options) {
  bool existed = false;
  access_->write([&](commit::Transaction& transaction) {
    existed = erase_own(transaction, model::settings_collection(), key, options);
  });
  return existed;
}

std::vector<Setting> Settings::list(std::string_view prefix) const {
  Query query;
  if (!prefix.empty()) {
    query.where = "_key >= :prefix";
    query.parameters.emplace("prefix", Value(prefix));
  }
  std::vector<Setting> settings;
  access_->read([&](commit::Source& source) {
    settings.clear();
    scan_own(source, model::settings_collection(), query, [&](const Record& record) {
      if (!record.key.starts_with(prefix)) return false;
      settings.push_back(read(record));
      return true;
    });
  });
  return settings;
}

CollectionWatch Settings::watch(std::string_view prefix) {
  return {.name = std::string(model::settings_collection().name), .key_prefix = std::string(prefix)};
}

// ---- Sessions

Sessions::Sessions(Store& store) : access_(access_of(store)) {}
Sessions::Sessions(Transaction& transaction) : access_(access_of(transaction)) {}

std::string Sessions::open(std::string_view agent, const SessionOptions& options) {
  model::check_agent_name("agent", agent);
  model::check_time_to_live(options.time_to_live);
  Session session;
  session.agent = agent;
  session.metadata = options.metadata;
  session.time_to_live = options.time_to_live;
  access_->write([&](commit::Transaction& transaction) {
    session.id = transaction.make_key().to_string();
    write_session(transaction, session);
  });
  return session.id;
}

void Sessions::heartbeat(std::string_view id) {
  write_relaxed(access_,
                [&](commit::Transaction& transaction) { write_session(transaction, require_live(transaction, id)); });
}

std::uint64_t Sessions::set_state(std::string_view id, const Value& state, std::optional<std::uint64_t> if_revision) {
  std::uint64_t revision = 0;
  access_->write([&](commit::Transaction& transaction) {
    Session session = require_live(transaction, id);
    if (if_revision && session.revision != *if_revision) {
      throw Error(ErrorCode::conflict, "the state of session " + session.id + " has revision " +
                                           std::to_string(session.revision) + ", not " + std::to_string(*if_revision) +
                                           "; read it again");
    }
    session.state = state;
    revision = ++session.revision;
    write_session(transaction, session);
  });
  return revision;
}

std::optional<Session> Sessions::get(std::string_view id) const {
  std::optional<Session> session;
  access_->read([&](commit::Source& source) {
    const auto record = get_own(source, model::sessions_collection(), id);
    if (record) session = model::decode_session(*record, source.now());
  });
  return session;
}

std::vector<Session> Sessions::list(const SessionQuery& query) const {
  Query records;
  if (!query.agent.empty()) {
    records.where = "agent = :agent";
    records.parameters.emplace("agent", Value(query.agent));
  }
  std::vector<Session> sessions;
  access_->read([&](commit::Source& source) {
    sessions.clear();
    const Time now = source.now();
    scan_own(source, model::sessions_collection(), records, [&](const Record& record) {
      Session session = model::decode_session(record, now);
      if (!query.live || *query.live == session.live) sessions.push_back(std::move(session));
      return !is_full(sessions.size(), query.limit);
    });
  });
  return sessions;
}

bool Sessions::close(std::string_view id) {
  bool existed = false;
  access_->write(
      [&](commit::Transaction& transaction) { existed = erase_own(transaction, model::sessions_collection(), id); });
  return existed;
}

CollectionWatch Sessions::watch() { return {.name = std::string(model::sessions_collection().name)}; }
Session Sessions::read(const Record& record) { return model::decode_session(record, platform::clock().now()); }

// ---- Agents

Agents::Agents(Store& store) : access_(access_of(store)) {}
Agents::Agents(Transaction& transaction) : access_(access_of(transaction)) {}

void Agents::put(const Agent& agent) {
  model::check_agent_name("agent", agent.name);
  for (const std::string& capability : agent.capabilities) model::check_agent_name("capability", capability);
  const Value body = model::encode_agent(agent);
  access_->write(
      [&](commit::Transaction& transaction) { put_own(transaction, model::agents_collection(), agent.name, body); });
}

bool Agents::heartbeat(std::string_view name) {
  bool there = false;
  write_relaxed(access_, [&](commit::Transaction& transaction) {
    const auto record = get_own(transaction, model::agents_collection(), name);
    there = record.has_value();
    if (there) put_own(transaction, model::agents_collection(), name, record->value);
  });
  return there;
}

std::optional<Agent> Agents::get(std::string_view name) const {
  std::optional<Agent> agent;
  access_->read([&](commit::Source& source) {
    if (const auto record = get_own(source, model::agents_collection(), name)) agent = read(*record);
  });
  return agent;
}

std::vector<Agent> Agents::find(const AgentQuery& query) const {
  Query records;
  const auto require = [&](const std::string& name, const std::string& condition, const std::string& text) {
    if (text.empty()) return;
    if (!records.where.empty()) records.where += " and ";
    records.where += condition;
    records.parameters.emplace(name, Value(text));
  };
  require("kind", "kind = :kind", query.kind);
  require("capability", "capabilities = :capability", query.capability);
  records.since = query.seen_since;
  records.limit = query.limit;
  std::vector<Agent> agents;
  access_->read([&](commit::Source& source) {
    agents.clear();
    scan_own(source, model::agents_collection(), records, [&](const Record& record) {
      agents.push_back(read(record));
      return true;
    });
  });
  return agents;
}

bool Agents::erase(std::string_view name) {
  bool existed = false;
  access_->write(
      [&](commit::Transaction& transaction) { existed = erase_own(transaction, model::agents_collection(), name); });
  return existed;
}

CollectionWatch Agents::watch() { return {.name = std::string(model::agents_collection().name)}; }
Agent Agents::read(const Record& record) { return model::decode_agent(record); }

}  // namespace strata::agent
