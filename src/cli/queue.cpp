// queue: put, take, done, fail, ... and what there is.
#include "strata/queue.hpp"

#include <algorithm>
#include <functional>
#include <memory>

#include "cli/arguments.hpp"
#include "cli/command_tree.hpp"
#include "cli/help.hpp"
#include "cli/system.hpp"
#include "cli/text.hpp"
#include "ingest/line_source.hpp"
#include "strata/error.hpp"

namespace strata::cli {
namespace {

constexpr const char* group = "Streams and queues";
// A wait is renewed this often, to look whether Ctrl-C was pressed.
constexpr std::chrono::milliseconds wait_time{500};

std::chrono::milliseconds parse_millis(std::string_view option, const std::string& text) {
  return std::chrono::ceil<std::chrono::milliseconds>(parse_span(option, text));
}

std::string_view state_name(ItemState state) {
  switch (state) {
    case ItemState::waiting:
      return "waiting";
    case ItemState::leased:
      return "leased";
    case ItemState::dead:
      return "dead";
  }
  return "unknown";
}

/// A program gets what is set; a table has the same columns for all.
Row item_row(const QueueItem& item, Format format) {
  const bool columns = format != Format::jsonl;
  Row row = {{"id", Value(item.id)}, {"state", Value(state_name(item.state))}, {"payload", item.payload}};
  row.emplace_back("attempts", Value(item.attempts));
  if (item.priority != 0 || columns) row.emplace_back("priority", Value(item.priority));
  row.emplace_back("due", Value(item.due.to_string()));
  const auto text = [&](const char* name, const std::string& content) {
    if (!content.empty() || format == Format::csv) row.emplace_back(name, Value(content));
  };
  text("order_key", item.order_key);
  text("dedup", item.deduplicate);
  text("every", item.repeat ? human_span(*item.repeat) : "");
  text("error", item.error);
  text("consumer", item.consumer);
  text("until", item.until ? item.until->to_string() : "");
  text("created", item.created.micros != 0 ? item.created.to_string() : "");
  return row;
}

Error absent_item(const std::string& id, const std::string& queue) {
  return {ErrorCode::not_found,
          "no item " + id + " in queue " + queue + "; `strata queue list " + queue + "` lists what there is"};
}

void print(Session& session, const Row& row) {
  const auto rows = make_row_writer(session.display());
  rows->write(row);
  rows->finish();
}

// ---- put

struct PutArguments {
  std::string queue;
  std::string payload;
  std::int64_t priority = 0;
  std::string delay;
  std::string at;
  std::string every;
  EnqueueOptions options;
};

std::vector<Value> read_payloads() {
  ingest::LineSource lines("-");
  std::vector<Value> payloads;
  std::string_view line;
  for (std::size_t number = 1; lines.next(line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    try {
      payloads.push_back(Value::from_json(line));
    } catch (const Error& error) {
      throw Error(error.code(), lines.name() + ":" + std::to_string(number) + ": " + error.what());
    }
    if (payloads.size() > transaction_changes_max) {
      throw Error(ErrorCode::limit_exceeded, "more than " + human_count(transaction_changes_max) +
                                                 " payloads for one transaction: put them in parts");
    }
  }
  return payloads;
}

int put(Session& session, const PutArguments& arguments) {
  EnqueueOptions options = arguments.options;
  options.priority = arguments.priority;
  if (!arguments.delay.empty()) options.delay = parse_span("--delay", arguments.delay);
  if (!arguments.at.empty()) options.at = parse_time("--at", arguments.at);
  if (!arguments.every.empty()) options.repeat = parse_span("--every", arguments.every);
  std::vector<Value> payloads;
  if (arguments.payload == "-") {
    payloads = read_payloads();
  } else {
    payloads.push_back(arguments.payload.empty() ? Value() : parse_value(arguments.payload, session.in()));
  }
  CommitResult commit;
  const std::vector<std::string> ids =
      session.store(Session::Access::create)
          .transact([&](Transaction& t) { return t.queue(arguments.queue).put_many(payloads, options); },
                    session.commit_options(), &commit);
  const auto rows = make_row_writer(session.display());
  for (const std::string& id : ids) rows->write({{"id", Value(id)}, {"position", Value(commit.position.value)}});
  rows->finish(one_or_many(ids.size(), "item"));
  return exit_done;
}

void add_put(CommandTree& tree, CLI::App& parent) {
  CLI::App& command = tree.add(
      {"put", "QUEUE [PAYLOAD|@FILE|-]", "Put an item, or one for each line of standard input (-), all or none",
       "strata queue put mail '{\"to\":\"a@example.org\"}' --delay 5m", "Commands"},
      {&parent, true, true});
  auto arguments = std::make_shared<PutArguments>();
  command.add_option("QUEUE", arguments->queue, "Where to put it")->required()->type_name("");
  command.add_option("PAYLOAD", arguments->payload, "JSON, @FILE, or - for JSON Lines; none: null")->type_name("");
  command.add_option("--priority", arguments->priority, "Higher goes first; 0 when not given")->type_name("N");
  CLI::Option* delay = command.add_option("--delay", arguments->delay, "Not before so long from now, as 5m");
  delay->type_name("SPAN");
  command.add_option("--at", arguments->at, "Not before this moment, as 2030-01-01T09:00:00Z")
      ->type_name("TIME")
      ->excludes(delay);
  command
      .add_option("--dedup", arguments->options.deduplicate,
                  "While an item with this key is there, another is not put: its id is printed")
      ->type_name("KEY");
  command
      .add_option("--order-key", arguments->options.order_key,
                  "Items with the same key are taken one after the other, in the order in which they were put")
      ->type_name("KEY");
  command.add_option("--every", arguments->every, "When it is done it is put again, due so long after it was due")
      ->type_name("SPAN");
  tree.on_run(command, [arguments](Session& session) { return put(session, *arguments); });
}

// ---- take

struct TakeArguments {
  std::string queue;
  std::uint64_t limit = 1;
  std::string lease;
  std::string wait;
  std::string consumer;
};

/// Waits in pieces, so that Ctrl-C ends it.
std::vector<Lease> take_or_wait(Queue& queue, TakeOptions options) {
  const InterruptGuard interrupt;
  for (std::chrono::milliseconds left = options.wait;; left -= wait_time) {
    options.wait = std::clamp(left, std::chrono::milliseconds(0), wait_time);
    std::vector<Lease> leases = queue.take(options);
    if (!leases.empty() || left <= wait_time || interrupt.requested()) return leases;
  }
}

int take(Session& session, const TakeArguments& arguments) {
  TakeOptions options;
  options.limit = arguments.limit;
  options.consumer = arguments.consumer;
  if (!arguments.lease.empty()) options.lease = parse_millis("--lease", arguments.lease);
  if (!arguments.wait.empty()) options.wait = parse_millis("--wait", arguments.wait);
  Queue queue = session.store(Session::Access::change).queue(arguments.queue);
  const std::vector<Lease> leases = take_or_wait(queue, options);
  const Display display = session.display();
  const auto rows = make_row_writer(display);
  for (const Lease& lease : leases) {
    Row row = item_row(lease.item, display.format);
    row.insert(row.begin() + 1, {"token", Value(lease.token)});
    rows->write(row);
  }
  rows->finish(one_or_many(leases.size(), "item"));
  return exit_done;
}

void add_take(CommandTree& tree, CLI::App& parent) {
  CLI::App& command = tree.add({"take", "QUEUE",
                                "Take items under a lease: nobody else gets them until it ends. Prints each with the "
                                "token that done, fail, extend and return ask for",
                                "strata queue take mail --limit 10 --lease 30s --wait 10s", "Commands"},
                               {&parent, true, false});
  auto arguments = std::make_shared<TakeArguments>();
  command.add_option("QUEUE", arguments->queue, "Where to take from")->required()->type_name("");
  command.add_option("--limit", arguments->limit, "At most so many, 1 to 1,000; 1 when not given")->type_name("N");
  command.add_option("--lease", arguments->lease, "How long, as 30s; else as `queue set` says")->type_name("SPAN");
  command.add_option("--wait", arguments->wait, "Wait so long for the first, as 10s")->type_name("SPAN");
  command.add_option("--consumer", arguments->consumer, "Who takes; shown to others")->type_name("NAME");
  tree.on_run(command, [arguments](Session& session) { return take(session, *arguments); });
}

// ---- done, fail, extend, return

struct LeaseArguments {
  std::string queue;
  std::string id;
  std::string token;
  std::string error;
  std::string time;
  bool dead = false;

  Lease lease() const {
    Lease lease;
    lease.item.id = id;
    lease.token = token;
    return lease;
  }
};

/// Runs `act` with the lease in a transaction, and prints what was done to which item.
template <class Act>
int with_lease(Session& session, const LeaseArguments& arguments, const char* word, const Act& act) {
  session.store(Session::Access::change)
      .transact(
          [&](Transaction& transaction) {
            Queue queue = transaction.queue(arguments.queue);
            act(queue, arguments.lease());
          },
          session.commit_options());
  print(session, {{"id", Value(arguments.id)}, {word, Value(true)}});
  return exit_done;
}

CLI::App& add_lease_command(CommandTree& tree, CLI::App& parent, const CommandText& text,
                            const std::shared_ptr<LeaseArguments>& arguments) {
  CLI::App& command = tree.add(text, {&parent, true, true});
  command.add_option("QUEUE", arguments->queue, "Where it was taken from")->required()->type_name("");
  command.add_option("ID", arguments->id, "The item")->required()->type_name("");
  command.add_option("TOKEN", arguments->token, "What take printed with it")->required()->type_name("");
  return command;
}

void add_done(CommandTree& tree, CLI::App& parent) {
  auto arguments = std::make_shared<LeaseArguments>();
  CLI::App& command = add_lease_command(
      tree, parent,
      {"done", "QUEUE ID TOKEN", "The work is done: the item goes", "strata queue done mail $ID $TOKEN", "Commands"},
      arguments);
  tree.on_run(command, [arguments](Session& session) {
    return with_lease(session, *arguments, "done", [](Queue& queue, const Lease& lease) { queue.done(lease); });
  });
}

void add_return(CommandTree& tree, CLI::App& parent) {
  auto arguments = std::make_shared<LeaseArguments>();
  CLI::App& command = add_lease_command(tree, parent,
                                        {"return", "QUEUE ID TOKEN", "Give an item back as if it had never been taken",
                                         "strata queue return mail $ID $TOKEN", "Commands"},
                                        arguments);
  tree.on_run(command, [arguments](Session& session) {
    return with_lease(session, *arguments, "returned",
                      [](Queue& queue, const Lease& lease) { queue.give_back(lease); });
  });
}

void add_extend(CommandTree& tree, CLI::App& parent) {
  auto arguments = std::make_shared<LeaseArguments>();
  CLI::App& command = add_lease_command(tree, parent,
                                        {"extend", "QUEUE ID TOKEN", "Let the lease go on from now",
                                         "strata queue extend mail $ID $TOKEN --lease 30s", "Commands"},
                                        arguments);
  command.add_option("--lease", arguments->time, "How long, as 30s; else as `queue set` says")->type_name("SPAN");
  tree.on_run(command, [arguments](Session& session) {
    std::optional<std::chrono::milliseconds> time;
    if (!arguments->time.empty()) time = parse_millis("--lease", arguments->time);
    return with_lease(session, *arguments, "extended", [&](Queue& queue, const Lease& lease) {
      queue.extend(lease, time ? *time : queue.options().lease);
    });
  });
}

void add_fail(CommandTree& tree, CLI::App& parent) {
  auto arguments = std::make_shared<LeaseArguments>();
  CLI::App& command = add_lease_command(
      tree, parent,
      {"fail", "QUEUE ID TOKEN", "It did not work: the item is tried again later, or is dead when that was too often",
       "strata queue fail mail $ID $TOKEN --error 'no route to host' --retry-in 10s", "Commands"},
      arguments);
  command.add_option("--error", arguments->error, "Why; kept with the item")->type_name("TEXT");
  CLI::Option* retry = command.add_option("--retry-in", arguments->time, "Else as `queue set` says");
  retry->type_name("SPAN");
  command.add_flag("--dead", arguments->dead, "Never try again")->excludes(retry);
  tree.on_run(command, [arguments](Session& session) {
    FailOptions options;
    options.error = arguments->error;
    options.dead = arguments->dead;
    if (!arguments->time.empty()) options.retry_in = parse_millis("--retry-in", arguments->time);
    return with_lease(session, *arguments, "failed",
                      [&](Queue& queue, const Lease& lease) { queue.fail(lease, options); });
  });
}

// ---- list, get, delete, revive

int list_queues(Session& session) {
  Store& store = session.store(Session::Access::read);
  const auto rows = make_row_writer(session.display());
  std::uint64_t queues = 0;
  for (const std::string& name : store.queues()) {
    const QueueStatistics counts = store.queue(name).statistics();
    Row row = {{"queue", Value(name)},
               {"ready", Value(counts.ready), human_count(counts.ready)},
               {"delayed", Value(counts.delayed), human_count(counts.delayed)},
               {"leased", Value(counts.leased), human_count(counts.leased)},
               {"dead", Value(counts.dead), human_count(counts.dead)}};
    row.emplace_back("oldest_us", counts.oldest ? Value(counts.oldest->count()) : Value(nullptr),
                     counts.oldest ? human_duration(*counts.oldest) : "none");
    rows->write(row);
    ++queues;
  }
  rows->finish(queues == 0 ? "no queues: strata queue put QUEUE PAYLOAD" : one_or_many(queues, "queue"));
  return exit_done;
}

struct ListArguments {
  std::string queue;
  std::string state;
  std::uint64_t limit = 100;
};

int list(Session& session, const ListArguments& arguments) {
  if (arguments.queue.empty()) {
    if (!arguments.state.empty()) throw UsageError("queue list: --state says which items of a queue: name one");
    return list_queues(session);
  }
  std::optional<ItemState> state;
  for (const ItemState one : {ItemState::waiting, ItemState::leased, ItemState::dead}) {
    if (arguments.state == state_name(one)) state = one;
  }
  const Display display = session.display();
  const auto rows = make_row_writer(display);
  const auto items = session.store(Session::Access::read).queue(arguments.queue).list(state, arguments.limit);
  for (const QueueItem& item : items) rows->write(item_row(item, display.format));
  rows->finish(one_or_many(items.size(), "item"));
  return exit_done;
}

void add_list(CommandTree& tree, CLI::App& parent) {
  CLI::App& command = tree.add({"list", "[QUEUE]",
                                "The queues with counts and the age of their oldest item, or the items of one in the "
                                "order in which they would be taken",
                                "strata queue list mail --state dead", "Commands"},
                               {&parent, true, false});
  auto arguments = std::make_shared<ListArguments>();
  command.add_option("QUEUE", arguments->queue, "The items of this one")->type_name("");
  command.add_option("--state", arguments->state, "Only these")
      ->check(one_of({"waiting", "leased", "dead"}))
      ->type_name("waiting|leased|dead");
  command.add_option("--limit", arguments->limit, "At most so many; 100 when not given, 0: all")->type_name("N");
  tree.on_run(command, [arguments](Session& session) { return list(session, *arguments); });
}

struct ItemArguments {
  std::string queue;
  std::string id;
};

using ItemAction = std::function<int(Session&, const ItemArguments&)>;

void add_item_command(CommandTree& tree, const CommandText& text, const CommandTree::Kind& kind,
                      const ItemAction& action) {
  CLI::App& command = tree.add(text, kind);
  auto arguments = std::make_shared<ItemArguments>();
  command.add_option("QUEUE", arguments->queue, "Where it is")->required()->type_name("");
  command.add_option("ID", arguments->id, "The item")->required()->type_name("");
  tree.on_run(command, [arguments, action](Session& session) { return action(session, *arguments); });
}

int get(Session& session, const ItemArguments& arguments) {
  const auto item = session.store(Session::Access::read).queue(arguments.queue).get(arguments.id);
  if (!item) throw absent_item(arguments.id, arguments.queue);
  write_sheet(session.display(), item_row(*item, session.display().format));
  return exit_done;
}

int erase(Session& session, const ItemArguments& arguments) {
  const bool erased = session.store(Session::Access::change)
                          .transact([&](Transaction& t) { return t.queue(arguments.queue).erase(arguments.id); },
                                    session.commit_options());
  if (!erased) throw absent_item(arguments.id, arguments.queue);
  print(session, {{"id", Value(arguments.id)}, {"deleted", Value(true)}});
  return exit_done;
}

int revive(Session& session, const ItemArguments& arguments) {
  const bool revived = session.store(Session::Access::change)
                           .transact([&](Transaction& t) { return t.queue(arguments.queue).revive(arguments.id); },
                                     session.commit_options());
  if (!revived) {
    throw Error(ErrorCode::not_found, "no dead item " + arguments.id + " in queue " + arguments.queue +
                                          "; `strata queue list " + arguments.queue + " --state dead` lists them");
  }
  print(session, {{"id", Value(arguments.id)}, {"revived", Value(true)}});
  return exit_done;
}

// ---- set

struct SetArguments {
  std::string queue;
  std::string lease;
  std::uint64_t attempts = 0;
  std::string backoff;
  std::string backoff_max;
};

int set(Session& session, const SetArguments& arguments) {
  const auto change = [&](Queue queue) {
    QueueOptions options = queue.options();
    if (!arguments.lease.empty()) options.lease = parse_millis("--lease", arguments.lease);
    if (arguments.attempts != 0) options.attempts_max = arguments.attempts;
    if (!arguments.backoff.empty()) options.backoff = parse_millis("--backoff", arguments.backoff);
    if (!arguments.backoff_max.empty()) options.backoff_max = parse_millis("--backoff-max", arguments.backoff_max);
    queue.set_options(options);
    return options;
  };
  const QueueOptions options =
      session.store(Session::Access::create)
          .transact([&](Transaction& t) { return change(t.queue(arguments.queue)); }, session.commit_options());
  write_sheet(session.display(),
              {{"queue", Value(arguments.queue)},
               {"lease_ms", Value(options.lease.count()), human_span(options.lease)},
               {"attempts_max", Value(options.attempts_max), human_count(options.attempts_max)},
               {"backoff_ms", Value(options.backoff.count()), human_span(options.backoff)},
               {"backoff_max_ms", Value(options.backoff_max.count()), human_span(options.backoff_max)}});
  return exit_done;
}

void add_set(CommandTree& tree, CLI::App& parent) {
  CLI::App& command =
      tree.add({"set", "QUEUE", "A queue's own settings, kept in the store; prints them as they are then",
                "strata queue set mail --lease 1m --attempts 10 --backoff 5s", "Commands"},
               {&parent, true, true});
  auto arguments = std::make_shared<SetArguments>();
  command.add_option("QUEUE", arguments->queue, "Whose")->required()->type_name("");
  command.add_option("--lease", arguments->lease, "How long a lease lasts")->type_name("SPAN");
  command.add_option("--attempts", arguments->attempts, "Taken so often without being done, an item is dead")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  command.add_option("--backoff", arguments->backoff, "Until the next attempt after a failure; doubled each time")
      ->type_name("SPAN");
  command.add_option("--backoff-max", arguments->backoff_max, "But never longer than this")->type_name("SPAN");
  tree.on_run(command, [arguments](Session& session) { return set(session, *arguments); });
}

}  // namespace

void add_queue_commands(CommandTree& tree) {
  CLI::App& command = tree.add({"queue", "[put|take|done|fail|... ...]",
                                "Durable work items, each taken by one consumer at a time; alone: list the queues",
                                "strata queue put mail '{\"to\":\"a@example.org\"}'", group});
  command.require_subcommand(0, 1);
  tree.on_run(command, [](Session& session) { return list_queues(session); });
  add_put(tree, command);
  add_take(tree, command);
  add_done(tree, command);
  add_fail(tree, command);
  add_extend(tree, command);
  add_return(tree, command);
  add_list(tree, command);
  add_item_command(tree, {"get", "QUEUE ID", "Print an item", "strata queue get mail $ID", "Commands"},
                   {&command, true, false}, get);
  add_item_command(tree,
                   {"delete", "QUEUE ID", "Remove an item, whoever has it", "strata queue delete mail $ID", "Commands"},
                   {&command, true, true}, erase);
  add_item_command(tree,
                   {"revive", "QUEUE ID", "Let a dead item be tried again, its attempts forgotten",
                    "strata queue revive mail $ID", "Commands"},
                   {&command, true, true}, revive);
  add_set(tree, command);
}

}  // namespace strata::cli
