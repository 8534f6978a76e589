// task: work that agents give each other. saga: how those that run stand.
#include <algorithm>

#include "cli/arguments.hpp"
#include "cli/command_tree.hpp"
#include "cli/system.hpp"
#include "cli/text.hpp"
#include "strata/agent.hpp"

namespace strata::cli {
namespace {

constexpr const char* group = "Agents";
// A wait is renewed this often, to look whether Ctrl-C was pressed.
constexpr std::chrono::milliseconds wait_time{500};

struct TaskArguments {
  std::string id;
  std::string token;
  std::string kind;
  std::string agent;
  std::vector<std::string> kinds;
  std::string value;
  std::string text;
  std::string span;
  std::string wait;
  std::string status;
  std::int64_t priority = 0;
  double progress = 0;
  std::size_t limit = 0;
  bool final = false;

  agent::Claim claim() const {
    agent::Claim claim;
    claim.task.id = id;
    claim.token = token;
    return claim;
  }
};

std::chrono::milliseconds parse_millis(std::string_view option, const std::string& text) {
  return std::chrono::ceil<std::chrono::milliseconds>(parse_span(option, text));
}

Value history_of(const agent::Task& task) {
  std::vector<Value> steps;
  for (const agent::TaskStep& step : task.history) {
    Value one = Value::object({{"time", step.time.to_string()}, {"status", to_string(step.status)}});
    if (!step.agent.empty()) one.set("agent", Value(step.agent));
    if (!step.message.empty()) one.set("message", Value(step.message));
    steps.push_back(std::move(one));
  }
  return Value::array(steps);
}

/// A program gets what is set; a table has the same columns for all.
Row task_row(const agent::Task& task, Format format) {
  const bool columns = format != Format::jsonl;
  Row row = {{"id", Value(task.id)}, {"kind", Value(task.kind)}, {"status", Value(to_string(task.status))}};
  const auto text = [&](const char* name, const std::string& content) {
    if (!content.empty() || columns) row.emplace_back(name, Value(content));
  };
  text("agent", task.agent);
  text("assigned_to", task.assigned_to);
  row.emplace_back("progress", Value(task.progress));
  text("message", task.message);
  row.emplace_back("payload", task.payload);
  if (task.status == agent::TaskStatus::done || format == Format::csv) row.emplace_back("result", task.result);
  text("error", task.error);
  row.emplace_back("attempts", Value(task.attempts));
  if (task.priority != 0 || format == Format::csv) row.emplace_back("priority", Value(task.priority));
  row.emplace_back("created", Value(task.created.to_string()));
  row.emplace_back("updated", Value(task.updated.to_string()));
  return row;
}

void print(Session& session, const Row& row) {
  const auto rows = make_row_writer(session.display());
  rows->write(row);
  rows->finish();
}

Error absent(const std::string& what, const std::string& id) {
  return {ErrorCode::not_found, "no " + what + " " + id + "; `strata " + what + " list` lists those there are"};
}

int create(Session& session, const TaskArguments& arguments) {
  const Value payload = arguments.value.empty() ? Value() : parse_value(arguments.value, session.in());
  agent::TaskOptions options{.assigned_to = arguments.agent, .priority = arguments.priority};
  if (!arguments.span.empty()) options.delay = parse_span("--delay", arguments.span);
  CommitResult commit;
  const std::string id =
      session.store(Session::Access::create)
          .transact([&](Transaction& t) { return agent::Tasks(t).create(arguments.kind, payload, options); },
                    session.commit_options(), &commit);
  print(session, {{"id", Value(id)}, {"position", Value(commit.position.value)}});
  return exit_done;
}

/// Waits in pieces, so that Ctrl-C ends it.
std::optional<agent::Claim> claim_or_wait(agent::Tasks tasks, agent::ClaimOptions options) {
  const InterruptGuard interrupt;
  for (std::chrono::milliseconds left = options.wait;; left -= wait_time) {
    options.wait = std::clamp(left, std::chrono::milliseconds(0), wait_time);
    auto claim = tasks.claim(options);
    if (claim || left <= wait_time || interrupt.requested()) return claim;
  }
}

int take(Session& session, const TaskArguments& arguments) {
  agent::ClaimOptions options{.agent = arguments.agent, .kinds = arguments.kinds};
  if (!arguments.span.empty()) options.lease = parse_millis("--lease", arguments.span);
  if (!arguments.wait.empty()) options.wait = parse_millis("--wait", arguments.wait);
  const auto claim = claim_or_wait(agent::Tasks(session.store(Session::Access::change)), options);
  const Display display = session.display();
  const auto rows = make_row_writer(display);
  if (claim) {
    Row row = task_row(claim->task, display.format);
    row.emplace(row.begin() + 1, "token", Value(claim->token));
    rows->write(row);
  }
  rows->finish(one_or_many(claim ? 1 : 0, "task"));
  return exit_done;
}

int list(Session& session, const TaskArguments& arguments) {
  agent::Tasks::Query query{.agent = arguments.agent, .kind = arguments.kind, .limit = arguments.limit};
  if (!arguments.status.empty()) {
    query.status = agent::parse_task_status(arguments.status);
    if (!query.status)
      throw UsageError("--status " + arguments.status + ": it is waiting, running, done, failed or cancelled");
  }
  const Display display = session.display();
  const auto tasks = agent::Tasks(session.store(Session::Access::read)).list(query);
  const auto rows = make_row_writer(display);
  for (const agent::Task& task : tasks) rows->write(task_row(task, display.format));
  rows->finish(one_or_many(tasks.size(), "task"));
  return exit_done;
}

int get(Session& session, const std::string& id) {
  const auto task = agent::Tasks(session.store(Session::Access::read)).get(id);
  if (!task) throw absent("task", id);
  const Display display = session.display();
  Row row = task_row(*task, display.format);
  row.emplace_back("history", history_of(*task));
  print(session, row);
  return exit_done;
}

int fail(Session& session, const TaskArguments& arguments) {
  agent::TaskFailure failure{.retry = !arguments.final};
  if (!arguments.span.empty()) failure.retry_in = parse_millis("--retry-in", arguments.span);
  const agent::TaskStatus status =
      session.store(Session::Access::change)
          .transact([&](Transaction& t) { return agent::Tasks(t).fail(arguments.claim(), arguments.text, failure); },
                    session.commit_options());
  print(session, {{"id", Value(arguments.id)}, {"status", Value(to_string(status))}});
  return exit_done;
}

int done(Session& session, const TaskArguments& arguments) {
  const Value result = arguments.value.empty() ? Value() : parse_value(arguments.value, session.in());
  session.store(Session::Access::change)
      .transact([&](Transaction& t) { agent::Tasks(t).complete(arguments.claim(), result); }, session.commit_options());
  return exit_done;
}

int change_one(Session& session, const std::string& id, const std::function<bool(agent::Tasks&)>& act) {
  const bool there = session.store(Session::Access::change)
                         .transact(
                             [&](Transaction& t) {
                               agent::Tasks tasks(t);
                               return act(tasks);
                             },
                             session.commit_options());
  if (!there) throw absent("unfinished task", id);
  return exit_done;
}

using Arguments = std::shared_ptr<TaskArguments>;

void take_claim(CLI::App& command, const Arguments& arguments) {
  command.add_option("ID", arguments->id, "The task's id")->required()->type_name("");
  command.add_option("TOKEN", arguments->token, "As `task take` printed it")->required()->type_name("");
}

void add_giving(CommandTree& tree, CLI::App& task, const Arguments& arguments) {
  CLI::App& command = tree.add({"create", "KIND [PAYLOAD|@FILE|-]", "Create one, and print its id",
                                "strata task create summarize '{\"page\":\"home\"}' --to ada", ""},
                               {&task, true, true});
  command.add_option("KIND", arguments->kind, "What is to be done")->required()->type_name("");
  command.add_option("PAYLOAD", arguments->value, "JSON, @FILE, or -; none: null")->type_name("");
  command.add_option("--to", arguments->agent, "This agent alone may take it")->type_name("AGENT");
  command.add_option("--priority", arguments->priority, "Higher goes first; 0 when not given")->type_name("N");
  command.add_option("--delay", arguments->span, "Not before so long from now, as 5m")->type_name("SPAN");
  tree.on_run(command, [arguments](Session& session) { return create(session, *arguments); });

  CLI::App& cancel = tree.add({"cancel", "ID [REASON]", "Cancel one, whoever has it", "strata task cancel $ID", ""},
                              {&task, false, true});
  cancel.add_option("ID", arguments->id, "The task's id")->required()->type_name("");
  cancel.add_option("REASON", arguments->text, "Kept with it")->type_name("");
  tree.on_run(cancel, [arguments](Session& session) {
    return change_one(session, arguments->id,
                      [&](agent::Tasks& tasks) { return tasks.cancel(arguments->id, arguments->text); });
  });

  CLI::App& erase =
      tree.add({"delete", "ID", "Remove one, whoever has it", "strata task delete $ID", ""}, {&task, false, true});
  erase.add_option("ID", arguments->id, "The task's id")->required()->type_name("");
  tree.on_run(erase, [arguments](Session& session) {
    return change_one(session, arguments->id, [&](agent::Tasks& tasks) { return tasks.erase(arguments->id); });
  });
}

void add_working(CommandTree& tree, CLI::App& task, const Arguments& arguments) {
  CLI::App& command = tree.add({"take", "", "Take the best one to be had, under a lease; print it with its token",
                                "strata task take --agent ada --kind summarize --wait 1m", ""},
                               {&task, true, false});
  command.add_option("--agent", arguments->agent, "Who takes; tasks for this agent go first")->type_name("NAME");
  command.add_option("--kind", arguments->kinds, "Tasks of this kind; may be given again. Else of any")
      ->type_name("KIND");
  command.add_option("--lease", arguments->span, "For so long it is the taker's; `task progress` renews it; 30s")
      ->type_name("SPAN");
  command.add_option("--wait", arguments->wait, "Wait so long for one")->type_name("SPAN");
  tree.on_run(command, [arguments](Session& session) { return take(session, *arguments); });

  CLI::App& progress = tree.add({"progress", "ID TOKEN FRACTION [MESSAGE]", "Say how far it is; the lease begins anew",
                                 "strata task progress $ID $TOKEN 0.5 'half way'", ""},
                                {&task, false, false});
  take_claim(progress, arguments);
  progress.add_option("FRACTION", arguments->progress, "From 0 to 1")->required()->type_name("");
  progress.add_option("MESSAGE", arguments->text, "What is being done")->type_name("");
  tree.on_run(progress, [arguments](Session& session) {
    agent::Tasks(session.store(Session::Access::change))
        .progress(arguments->claim(), arguments->progress, arguments->text);
    return exit_done;
  });

  CLI::App& finish = tree.add({"done", "ID TOKEN [RESULT|@FILE|-]", "It is done, with this result",
                               "strata task done $ID $TOKEN '{\"words\":12}'", ""},
                              {&task, false, true});
  take_claim(finish, arguments);
  finish.add_option("RESULT", arguments->value, "JSON, @FILE, or -; none: null")->type_name("");
  tree.on_run(finish, [arguments](Session& session) { return done(session, *arguments); });

  CLI::App& failed = tree.add({"fail", "ID TOKEN [ERROR]", "It has failed: it is tried again later, or never",
                               "strata task fail $ID $TOKEN 'no network'", ""},
                              {&task, true, true});
  take_claim(failed, arguments);
  failed.add_option("ERROR", arguments->text, "Why")->type_name("");
  failed.add_option("--retry-in", arguments->span, "Try again after so long; else after the backoff")
      ->type_name("SPAN");
  failed.add_flag("--final", arguments->final, "Never try again");
  tree.on_run(failed, [arguments](Session& session) { return fail(session, *arguments); });

  CLI::App& give_back = tree.add({"return", "ID TOKEN", "Back, as if never taken", "strata task return $ID $TOKEN", ""},
                                 {&task, false, true});
  take_claim(give_back, arguments);
  tree.on_run(give_back, [arguments](Session& session) {
    return change_one(session, arguments->id, [&](agent::Tasks& tasks) {
      tasks.give_back(arguments->claim());
      return true;
    });
  });
}

// ---- saga

Value steps_of(const agent::Saga& saga) {
  std::vector<Value> steps;
  for (const agent::SagaStepState& step : saga.steps) {
    Value one = Value::object({{"name", step.name}, {"status", to_string(step.status)}});
    if (step.result.type() != ValueType::null) one.set("result", step.result);
    if (!step.error.empty()) one.set("error", Value(step.error));
    if (step.time != Time{}) one.set("time", Value(step.time.to_string()));
    steps.push_back(std::move(one));
  }
  return Value::array(steps);
}

Row saga_row(const agent::Saga& saga) {
  std::size_t done = 0;
  for (const agent::SagaStepState& step : saga.steps) done += step.status == agent::SagaStepStatus::done ? 1 : 0;
  Row row = {{"id", Value(saga.id)},       {"kind", Value(saga.kind)},  {"status", Value(to_string(saga.status))},
             {"stuck", Value(saga.stuck)}, {"steps_done", Value(done)}, {"steps", Value(saga.steps.size())}};
  row.emplace_back("error", Value(saga.error));
  row.emplace_back("started", Value(saga.started.to_string()));
  row.emplace_back("updated", Value(saga.updated.to_string()));
  return row;
}

int list_sagas(Session& session, const TaskArguments& arguments) {
  agent::Sagas::Query query{.kind = arguments.kind, .limit = arguments.limit};
  if (!arguments.status.empty()) {
    query.status = agent::parse_saga_status(arguments.status);
    if (!query.status)
      throw UsageError("--status " + arguments.status + ": it is running, compensating, done or compensated");
  }
  const auto sagas = agent::Sagas(session.store(Session::Access::read)).list(query);
  const auto rows = make_row_writer(session.display());
  for (const agent::Saga& saga : sagas) rows->write(saga_row(saga));
  rows->finish(one_or_many(sagas.size(), "saga"));
  return exit_done;
}

int get_saga(Session& session, const std::string& id) {
  const auto saga = agent::Sagas(session.store(Session::Access::read)).get(id);
  if (!saga) throw absent("saga", id);
  Row row = saga_row(*saga);
  row.at(5).value = steps_of(*saga);
  row.emplace_back("input", saga->input);
  print(session, row);
  return exit_done;
}

void add_sagas(CommandTree& tree) {
  CLI::App& saga = tree.add({"saga", "[list|get ...]", "Sagas, and how far they are; programs define and run them",
                             "strata saga list --status running", group});
  saga.require_subcommand(0, 1);
  tree.on_run(saga, [](Session& session) { return list_sagas(session, {}); });
  const auto arguments = std::make_shared<TaskArguments>();
  CLI::App& list_command = tree.add(
      {"list", "", "List them, the oldest first", "strata saga list --status running", ""}, {&saga, true, false});
  list_command.add_option("--status", arguments->status, "running, compensating, done or compensated")
      ->type_name("STATUS");
  list_command.add_option("--kind", arguments->kind, "Those of a kind")->type_name("KIND");
  list_command.add_option("--limit", arguments->limit, "At most so many")->type_name("N");
  tree.on_run(list_command, [arguments](Session& session) { return list_sagas(session, *arguments); });
  CLI::App& get_command =
      tree.add({"get", "ID", "Print one with its steps", "strata saga get $ID", ""}, {&saga, true, false});
  get_command.add_option("ID", arguments->id, "Its id")->required()->type_name("");
  tree.on_run(get_command, [arguments](Session& session) { return get_saga(session, arguments->id); });
}

}  // namespace

void add_task_commands(CommandTree& tree) {
  CLI::App& task = tree.add({"task", "[create|take|progress|done|fail|... ...]",
                             "Work that agents give each other: status, progress, result",
                             "strata task create summarize '{\"page\":\"home\"}'", group});
  task.require_subcommand(0, 1);
  tree.on_run(task, [](Session& session) { return list(session, {}); });
  const auto arguments = std::make_shared<TaskArguments>();
  add_giving(tree, task, arguments);
  add_working(tree, task, arguments);
  CLI::App& get_command =
      tree.add({"get", "ID", "Print one with its history", "strata task get $ID", ""}, {&task, true, false});
  get_command.add_option("ID", arguments->id, "The task's id")->required()->type_name("");
  tree.on_run(get_command, [arguments](Session& session) { return get(session, arguments->id); });
  CLI::App& list_command = tree.add(
      {"list", "", "List them, the oldest first", "strata task list --status running", ""}, {&task, true, false});
  list_command.add_option("--status", arguments->status, "waiting, running, done, failed or cancelled")
      ->type_name("STATUS");
  list_command.add_option("--agent", arguments->agent, "Of this agent: it has it, had it, or is to have it")
      ->type_name("NAME");
  list_command.add_option("--kind", arguments->kind, "Those of a kind")->type_name("KIND");
  list_command.add_option("--limit", arguments->limit, "At most so many")->type_name("N");
  tree.on_run(list_command, [arguments](Session& session) { return list(session, *arguments); });
  add_sagas(tree);
}

}  // namespace strata::cli
