// setting, session, agent: what agents say of themselves. Their tasks and sagas are in task.cpp.
#include "strata/agent.hpp"

#include "cli/arguments.hpp"
#include "cli/command_tree.hpp"
#include "cli/text.hpp"

namespace strata::cli {
namespace {

constexpr const char* group = "Agents";

void print(Session& session, const Row& row) {
  const auto rows = make_row_writer(session.display());
  rows->write(row);
  rows->finish();
}

void add_value(Row& row, const char* name, const Value& value) {
  if (value.type() != ValueType::null) row.emplace_back(name, value);
}

Error absent(const std::string& what, const std::string& name, const std::string& list) {
  return {ErrorCode::not_found, "no " + what + " " + name + "; `strata " + list + "` lists those there are"};
}

// ---- setting

struct SettingArguments {
  std::string key;
  std::string value;
  std::uint64_t if_version = 0;
};

Row setting_row(const agent::Setting& setting) {
  return {{"key", Value(setting.key)},
          {"value", setting.value},
          {"version", Value(setting.version.value)},
          {"updated", Value(setting.updated.to_string())}};
}

int list_settings(Session& session, const std::string& prefix) {
  const auto settings = agent::Settings(session.store(Session::Access::read)).list(prefix);
  const auto rows = make_row_writer(session.display());
  for (const agent::Setting& one : settings) rows->write(setting_row(one));
  rows->finish(one_or_many(settings.size(), "setting"));
  return exit_done;
}

int get_setting(Session& session, const std::string& key) {
  const auto setting = agent::Settings(session.store(Session::Access::read)).get(key);
  if (!setting) throw absent("setting", key, "setting list");
  print(session, setting_row(*setting));
  return exit_done;
}

int set_setting(Session& session, const CLI::App& command, const SettingArguments& arguments) {
  const Value value = parse_value(arguments.value, session.in());
  PutOptions options;
  if (command.count("--if-version") != 0) options.if_version = Version{arguments.if_version};
  CommitResult commit;
  session.store(Session::Access::create)
      .transact([&](Transaction& t) { agent::Settings(t).set(arguments.key, value, options); },
                session.commit_options(), &commit);
  print(session, {{"key", Value(arguments.key)}, {"version", Value(commit.position.value)}});
  return exit_done;
}

int delete_setting(Session& session, const std::string& key) {
  const bool existed =
      session.store(Session::Access::change)
          .transact([&](Transaction& t) { return agent::Settings(t).erase(key); }, session.commit_options());
  if (!existed) throw absent("setting", key, "setting list");
  return exit_done;
}

void add_settings(CommandTree& tree) {
  CLI::App& setting = tree.add({"setting", "[get|set|list|delete ...]",
                                "What all agents are to know: values under keys; alone: list them",
                                "strata setting set model.name '\"large\"'", group});
  setting.require_subcommand(0, 1);
  tree.on_run(setting, [](Session& session) { return list_settings(session, {}); });
  const auto arguments = std::make_shared<SettingArguments>();

  CLI::App& get = tree.add({"get", "KEY", "Print a setting", "strata setting get model.name", ""},
                           {.parent = &setting, .rows = true});
  get.add_option("KEY", arguments->key, "Its key")->required()->type_name("");
  tree.on_run(get, [arguments](Session& session) { return get_setting(session, arguments->key); });

  CLI::App& set = tree.add({"set", "KEY VALUE", "Set one", "strata setting set model.name '\"large\"'", ""},
                           {.parent = &setting, .rows = true, .writes = true});
  set.add_option("KEY", arguments->key, "Its key")->required()->type_name("");
  set.add_option("VALUE", arguments->value, "JSON, @FILE, or - for standard input")->required()->type_name("");
  set.add_option("--if-version", arguments->if_version, "Only if it now has this version; 0: only if it is absent")
      ->type_name("N");
  tree.on_run(set, [arguments, &set](Session& session) { return set_setting(session, set, *arguments); });

  CLI::App& list = tree.add({"list", "[PREFIX]", "List those whose key begins so", "strata setting list model.", ""},
                            {.parent = &setting, .rows = true});
  list.add_option("PREFIX", arguments->key, "What their keys begin with")->type_name("");
  tree.on_run(list, [arguments](Session& session) { return list_settings(session, arguments->key); });

  CLI::App& erase = tree.add({"delete", "KEY", "Delete one", "strata setting delete model.name", ""},
                             {.parent = &setting, .rows = false, .writes = true});
  erase.add_option("KEY", arguments->key, "Its key")->required()->type_name("");
  tree.on_run(erase, [arguments](Session& session) { return delete_setting(session, arguments->key); });
}

// ---- session

struct SessionArguments {
  std::string name;  ///< The agent's, or the session's id.
  std::string value;
  std::string time_to_live;
  std::uint64_t if_revision = 0;
  bool live = false;
  bool expired = false;
};

Row session_row(const agent::Session& one) {
  Row row = {{"id", Value(one.id)}, {"agent", Value(one.agent)}, {"live", Value(one.live)}};
  add_value(row, "metadata", one.metadata);
  if (one.revision > 0) {
    row.emplace_back("state", one.state);
    row.emplace_back("revision", Value(one.revision));
  }
  row.emplace_back("opened", Value(one.opened.to_string()));
  row.emplace_back("seen", Value(one.seen.to_string()));
  row.emplace_back("until", Value(one.until.to_string()));
  return row;
}

int open_session(Session& session, const SessionArguments& arguments) {
  agent::SessionOptions options;
  if (!arguments.value.empty()) options.metadata = parse_value(arguments.value, session.in());
  if (!arguments.time_to_live.empty()) {
    options.time_to_live = std::chrono::ceil<std::chrono::milliseconds>(parse_span("--ttl", arguments.time_to_live));
  }
  const std::string id = session.store(Session::Access::create)
                             .transact([&](Transaction& t) { return agent::Sessions(t).open(arguments.name, options); },
                                       session.commit_options());
  print(session, {{"id", Value(id)}});
  return exit_done;
}

int set_session_state(Session& session, const CLI::App& command, const SessionArguments& arguments) {
  const Value state = parse_value(arguments.value, session.in());
  std::optional<std::uint64_t> revision;
  if (command.count("--if-revision") != 0) revision = arguments.if_revision;
  const std::uint64_t now =
      session.store(Session::Access::change)
          .transact([&](Transaction& t) { return agent::Sessions(t).set_state(arguments.name, state, revision); },
                    session.commit_options());
  print(session, {{"id", Value(arguments.name)}, {"revision", Value(now)}});
  return exit_done;
}

int get_session(Session& session, const std::string& id) {
  const auto one = agent::Sessions(session.store(Session::Access::read)).get(id);
  if (!one) throw absent("session", id, "session list");
  print(session, session_row(*one));
  return exit_done;
}

int list_sessions(Session& session, const SessionArguments& arguments) {
  agent::SessionQuery query{.agent = arguments.name};
  if (arguments.live != arguments.expired) query.live = arguments.live;
  const auto sessions = agent::Sessions(session.store(Session::Access::read)).list(query);
  const auto rows = make_row_writer(session.display());
  for (const agent::Session& one : sessions) rows->write(session_row(one));
  rows->finish(one_or_many(sessions.size(), "session"));
  return exit_done;
}

int close_session(Session& session, const std::string& id) {
  const bool existed =
      session.store(Session::Access::change)
          .transact([&](Transaction& t) { return agent::Sessions(t).close(id); }, session.commit_options());
  if (!existed) throw absent("session", id, "session list");
  return exit_done;
}

void add_sessions(CommandTree& tree) {
  CLI::App& sessions = tree.add({"session", "[open|heartbeat|state|get|list|close ...]",
                                 "Which agents are at work: sessions that expire without a heartbeat",
                                 "strata session open ada --ttl 1m", group});
  sessions.require_subcommand(0, 1);
  tree.on_run(sessions, [](Session& session) { return list_sessions(session, {}); });
  const auto arguments = std::make_shared<SessionArguments>();
  const auto add = [&](const CommandText& text, bool rows, bool writes) -> CLI::App& {
    return tree.add(text, {.parent = &sessions, .rows = rows, .writes = writes});
  };
  const auto take_id = [&](CLI::App& command) {
    command.add_option("ID", arguments->name, "The session's id")->required()->type_name("");
  };

  CLI::App& open =
      add({"open", "AGENT", "Open one, and print its id", "strata session open ada --ttl 1m", ""}, true, true);
  open.add_option("AGENT", arguments->name, "Whose it is")->required()->type_name("");
  open.add_option("--metadata", arguments->value, "JSON, @FILE, or -")->type_name("JSON");
  open.add_option("--ttl", arguments->time_to_live, "Without a heartbeat for so long it expires; 60s")
      ->type_name("SPAN");
  tree.on_run(open, [arguments](Session& session) { return open_session(session, *arguments); });

  CLI::App& heartbeat =
      add({"heartbeat", "ID", "Say that it is alive", "strata session heartbeat $ID", ""}, false, false);
  take_id(heartbeat);
  tree.on_run(heartbeat, [arguments](Session& session) {
    agent::Sessions(session.store(Session::Access::change)).heartbeat(arguments->name);
    return exit_done;
  });

  CLI::App& state =
      add({"state", "ID VALUE", "Set its state", "strata session state $ID '\"drafting\"'", ""}, true, true);
  take_id(state);
  state.add_option("VALUE", arguments->value, "JSON, @FILE, or -")->required()->type_name("");
  state.add_option("--if-revision", arguments->if_revision, "Only if the state has this revision; 0: it was never set")
      ->type_name("N");
  tree.on_run(state, [arguments, &state](Session& session) { return set_session_state(session, state, *arguments); });

  CLI::App& get = add({"get", "ID", "Print one", "strata session get $ID", ""}, true, false);
  take_id(get);
  tree.on_run(get, [arguments](Session& session) { return get_session(session, arguments->name); });

  CLI::App& list =
      add({"list", "[AGENT]", "List them, those that expired within a day too", "strata session list --live", ""}, true,
          false);
  list.add_option("AGENT", arguments->name, "Of this agent alone")->type_name("");
  list.add_flag("--live", arguments->live, "Those that live");
  list.add_flag("--expired", arguments->expired, "Those that have expired");
  tree.on_run(list, [arguments](Session& session) { return list_sessions(session, *arguments); });

  CLI::App& close = add({"close", "ID", "Close one", "strata session close $ID", ""}, false, true);
  take_id(close);
  tree.on_run(close, [arguments](Session& session) { return close_session(session, arguments->name); });
}

// ---- agent

struct AgentArguments {
  agent::Agent agent;
  std::string metadata;
  std::string capability;
  std::string kind;
  std::string seen_since;
};

Row agent_row(const agent::Agent& one) {
  const std::vector<Value> capabilities(one.capabilities.begin(), one.capabilities.end());
  Row row = {{"name", Value(one.name)}, {"kind", Value(one.kind)}, {"capabilities", Value::array(capabilities)}};
  add_value(row, "metadata", one.metadata);
  row.emplace_back("registered", Value(one.registered.to_string()));
  row.emplace_back("seen", Value(one.seen.to_string()));
  return row;
}

int register_agent(Session& session, const AgentArguments& arguments) {
  agent::Agent agent = arguments.agent;
  if (!arguments.metadata.empty()) agent.metadata = parse_value(arguments.metadata, session.in());
  session.store(Session::Access::create)
      .transact([&](Transaction& t) { agent::Agents(t).put(agent); }, session.commit_options());
  return exit_done;
}

int list_agents(Session& session, const AgentArguments& arguments) {
  agent::AgentQuery query{.kind = arguments.kind, .capability = arguments.capability};
  if (!arguments.seen_since.empty()) query.seen_since = parse_time("--seen-since", arguments.seen_since);
  const auto agents = agent::Agents(session.store(Session::Access::read)).find(query);
  const auto rows = make_row_writer(session.display());
  for (const agent::Agent& one : agents) rows->write(agent_row(one));
  rows->finish(one_or_many(agents.size(), "agent"));
  return exit_done;
}

int get_agent(Session& session, const std::string& name) {
  const auto agent = agent::Agents(session.store(Session::Access::read)).get(name);
  if (!agent) throw absent("agent", name, "agent list");
  print(session, agent_row(*agent));
  return exit_done;
}

int heartbeat_agent(Session& session, const std::string& name) {
  if (!agent::Agents(session.store(Session::Access::change)).heartbeat(name)) throw absent("agent", name, "agent list");
  return exit_done;
}

int remove_agent(Session& session, const std::string& name) {
  const bool existed =
      session.store(Session::Access::change)
          .transact([&](Transaction& t) { return agent::Agents(t).erase(name); }, session.commit_options());
  if (!existed) throw absent("agent", name, "agent list");
  return exit_done;
}

void add_agents(CommandTree& tree) {
  CLI::App& agents =
      tree.add({"agent", "[register|list|get|heartbeat|remove ...]", "The agents that are known, and what they can do",
                "strata agent register ada --kind writer --can write,translate", group});
  agents.require_subcommand(0, 1);
  tree.on_run(agents, [](Session& session) { return list_agents(session, {}); });
  const auto arguments = std::make_shared<AgentArguments>();
  const auto add = [&](const CommandText& text, bool rows, bool writes) -> CLI::App& {
    CLI::App& command = tree.add(text, {.parent = &agents, .rows = rows, .writes = writes});
    if (text.name != "list")
      command.add_option("NAME", arguments->agent.name, "The agent's name")->required()->type_name("");
    return command;
  };

  CLI::App& put = add({"register", "NAME", "Register one, or replace what is said of it",
                       "strata agent register ada --kind writer --can write,translate", ""},
                      false, true);
  put.add_option("--kind", arguments->agent.kind, "What it is")->type_name("TEXT");
  put.add_option("--can", arguments->agent.capabilities, "What it can do; more than one, separated by commas")
      ->delimiter(',')
      ->type_name("TEXT");
  put.add_option("--metadata", arguments->metadata, "JSON, @FILE, or -")->type_name("JSON");
  tree.on_run(put, [arguments](Session& session) { return register_agent(session, *arguments); });

  CLI::App& list = add({"list", "", "List them", "strata agent list --can translate", ""}, true, false);
  list.add_option("--can", arguments->capability, "Those that can do this")->type_name("TEXT");
  list.add_option("--kind", arguments->kind, "Those of a kind")->type_name("TEXT");
  list.add_option("--seen-since", arguments->seen_since, "Those that gave a sign of life since")->type_name("TIME");
  tree.on_run(list, [arguments](Session& session) { return list_agents(session, *arguments); });

  CLI::App& get = add({"get", "NAME", "Print one", "strata agent get ada", ""}, true, false);
  tree.on_run(get, [arguments](Session& session) { return get_agent(session, arguments->agent.name); });
  CLI::App& heartbeat =
      add({"heartbeat", "NAME", "Say that it is there", "strata agent heartbeat ada", ""}, false, false);
  tree.on_run(heartbeat, [arguments](Session& session) { return heartbeat_agent(session, arguments->agent.name); });
  CLI::App& remove = add({"remove", "NAME", "Forget one", "strata agent remove ada", ""}, false, true);
  tree.on_run(remove, [arguments](Session& session) { return remove_agent(session, arguments->agent.name); });
}

}  // namespace

void add_agent_commands(CommandTree& tree) {
  add_settings(tree);
  add_sessions(tree);
  add_agents(tree);
}

}  // namespace strata::cli
