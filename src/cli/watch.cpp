// watch: changes as they are committed, as JSON Lines; consumers: who keeps a place.
#include <algorithm>

#include "cli/arguments.hpp"
#include "cli/command_tree.hpp"
#include "cli/text.hpp"

namespace strata::cli {
namespace {

constexpr const char* group = "Streams and queues";
// A wait is renewed this often, to look whether Ctrl-C was pressed.
constexpr std::chrono::milliseconds wait_time{500};

struct WatchArguments {
  std::vector<std::string> collections;
  std::vector<std::string> streams;
  std::vector<std::string> queues;
  bool edges = false;
  std::vector<std::string> types;
  std::vector<std::string> parameters;
  std::string key_prefix;
  std::string where;
  std::string vector;
  std::string near;
  std::string like;
  std::string field;
  std::optional<double> similarity_min;
  std::string text;
  std::string text_field;
  std::string consumer;
  std::string from;
  std::string timeout;
  std::uint64_t limit = 0;
  bool state = false;
  bool every_version = false;
  bool restart_on_gap = false;
};

void choose_start(const WatchArguments& arguments, SubscriptionOptions& options) {
  if (arguments.state && !arguments.from.empty()) {
    throw UsageError("watch: --state begins with what is there, --from with a position: give one of the two");
  }
  if (arguments.state) options.start = Start::state;
  if (arguments.from.empty() || arguments.from == "now") return;
  if (arguments.from == "log") {
    options.start = Start::log;
    return;
  }
  if (arguments.from.find_first_not_of("0123456789") != std::string::npos || arguments.from.size() > 19) {
    throw UsageError("watch: --from takes a position (a number), `log` (as far back as can be) or `now`; not `" +
                     arguments.from + "`");
  }
  options.after = Position{std::stoull(arguments.from)};
}

std::optional<Near> near_condition(const WatchArguments& arguments, std::istream& in) {
  const int targets =
      (arguments.vector.empty() ? 0 : 1) + (arguments.near.empty() ? 0 : 1) + (arguments.like.empty() ? 0 : 1);
  if (targets > 1) throw UsageError("watch: --vector, --near and --like each say near what: give one of them");
  if (targets == 0) {
    if (arguments.field.empty() && !arguments.similarity_min) return std::nullopt;
    throw UsageError("watch: --field and --min-similarity go with --vector, --near or --like: give one of them");
  }
  if (!arguments.similarity_min) throw UsageError("watch: how near? Say it with --min-similarity");
  Near near;
  if (!arguments.vector.empty()) near = parse_near(arguments.vector, in);
  near.words = arguments.near;
  near.like = arguments.like;
  if (near.field.empty()) near.field = arguments.field;
  near.similarity = arguments.similarity_min;
  return near;
}

std::optional<TextMatch> text_condition(const WatchArguments& arguments) {
  if (!arguments.text.empty()) return TextMatch{arguments.text_field, arguments.text};
  if (!arguments.text_field.empty()) throw UsageError("watch: --text-field goes with --text WORDS");
  return std::nullopt;
}

SubscriptionOptions subscription_options(const WatchArguments& arguments, std::istream& in) {
  SubscriptionOptions options;
  const bool named =
      !arguments.collections.empty() || !arguments.streams.empty() || !arguments.queues.empty() || arguments.edges;
  options.everything = !named;
  options.consumer = arguments.consumer;
  if (arguments.collections.empty() && (!arguments.key_prefix.empty() || arguments.every_version)) {
    throw UsageError("watch: --key-prefix and --every-version say which records of a collection: name one");
  }
  if (arguments.collections.empty() && arguments.streams.empty() && !arguments.edges && !arguments.where.empty()) {
    throw UsageError("watch: --where says which records, events or edges: name a collection, a --stream, or --edges");
  }
  const Parameters parameters = parse_parameters(arguments.parameters);
  const std::optional<Near> near = near_condition(arguments, in);
  const std::optional<TextMatch> text = text_condition(arguments);
  if (arguments.collections.empty() && (near || text)) {
    throw UsageError("watch: --vector, --near, --like and --text say which records of a collection: name one");
  }
  for (const std::string& name : arguments.collections) {
    options.collections.push_back(
        {name, arguments.key_prefix, arguments.where, parameters, arguments.every_version, near, text});
  }
  for (const std::string& text : arguments.streams) {
    StreamWatch watch;
    watch.exact = !text.ends_with('*');
    watch.prefix = watch.exact ? text : text.substr(0, text.size() - 1);
    watch.types = arguments.types;
    if (arguments.collections.empty()) {
      watch.where = arguments.where;
      watch.parameters = parameters;
    }
    options.streams.push_back(std::move(watch));
  }
  if (arguments.edges) {
    EdgeWatch watch;
    watch.types = arguments.types;
    if (arguments.collections.empty() && arguments.streams.empty()) {
      watch.where = arguments.where;
      watch.parameters = parameters;
    }
    options.edges.push_back(std::move(watch));
  }
  if (!arguments.types.empty() && arguments.streams.empty() && !arguments.edges) {
    throw UsageError("watch: --type says which events of streams, or edges: name --stream ('*' for all) or --edges");
  }
  for (const std::string& name : arguments.queues) options.queues.push_back({name});
  choose_start(arguments, options);
  return options;
}

std::string_view operation_name(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::put:
      return "put";
    case Change::Kind::erase:
      return "delete";
    case Change::Kind::left:
      return "left";
    case Change::Kind::drop:
      return "drop";
    case Change::Kind::event:
      return "event";
    case Change::Kind::item:
      return "item";
    case Change::Kind::item_gone:
      return "item_gone";
    case Change::Kind::state_end:
      return "state_end";
  }
  return "unknown";
}

void add_event(Row& row, const Event& event) {
  row.emplace_back("stream", Value(event.stream));
  row.emplace_back("stream_version", Value(event.version));
  row.emplace_back("type", Value(event.type));
  row.emplace_back("data", event.data);
  if (event.metadata.type() != ValueType::null) row.emplace_back("metadata", event.metadata);
  if (!event.id.empty()) row.emplace_back("id", Value(event.id));
  if (!event.correlation.empty()) row.emplace_back("correlation", Value(event.correlation));
  if (!event.causation.empty()) row.emplace_back("causation", Value(event.causation));
  row.emplace_back("time", Value(event.time.to_string()));
}

Row edge_row(const Change& change) {
  const bool gone = change.kind == Change::Kind::erase;
  const bool there = change.kind == Change::Kind::put;
  Row row = {{"op", Value(there  ? "link"
                          : gone ? "unlink"
                                 : "left")},
             {"from", Value(change.edge->from)},
             {"type", Value(change.edge->type)},
             {"to", Value(change.edge->to)}};
  if (there) row.emplace_back("value", change.edge->value);
  if (change.version.value != 0) row.emplace_back("version", Value(change.version.value));
  row.emplace_back("position", Value(change.position.value));
  if (change.batch_end) row.emplace_back("batch_end", Value(true));
  return row;
}

Row change_row(const Change& change) {
  if (change.edge) return edge_row(change);
  Row row = {{"op", Value(operation_name(change.kind))}};
  switch (change.kind) {
    case Change::Kind::event:
      add_event(row, *change.event);
      break;
    case Change::Kind::item:
    case Change::Kind::item_gone:
      row.emplace_back("queue", Value(change.source));
      row.emplace_back("id", Value(change.key));
      if (!change.item) break;
      row.emplace_back("payload", change.item->payload);
      row.emplace_back("state", Value(change.item->state == ItemState::dead ? "dead" : "waiting"));
      break;
    case Change::Kind::state_end:
      break;
    default:
      row.emplace_back("collection", Value(change.source));
      if (!change.key.empty()) row.emplace_back("key", Value(change.key));
      if (change.record) row.emplace_back("value", change.record->value);
      if (change.similarity) row.emplace_back("similarity", Value(*change.similarity));
      if (change.version.value != 0) row.emplace_back("version", Value(change.version.value));
  }
  row.emplace_back("position", Value(change.position.value));
  if (change.batch_end) row.emplace_back("batch_end", Value(true));
  return row;
}

/// Prints until the limit, the timeout or Ctrl-C. What was printed and flushed is what a consumer's place covers.
class ChangePrinter {
 public:
  ChangePrinter(Session& session, Subscription& subscription, const WatchArguments& arguments)
      : session_(session),
        subscription_(subscription),
        limit_(arguments.limit),
        durable_(!arguments.consumer.empty()),
        restart_on_gap_(arguments.restart_on_gap) {
    if (!arguments.timeout.empty()) patience_ = parse_span("--timeout", arguments.timeout);
  }

  void run() {
    const InterruptGuard interrupt;
    auto quiet_since = std::chrono::steady_clock::now();
    while (!interrupt.requested() && (limit_ == 0 || printed_ < limit_)) {
      if (print_next()) {
        quiet_since = std::chrono::steady_clock::now();
      } else if (patience_ && std::chrono::steady_clock::now() - quiet_since >= *patience_) {
        break;
      }
    }
    keep_place();
  }

 private:
  bool print_next() {
    try {
      const auto change = subscription_.next(patience_ ? std::min(wait_time, patience_in_ms()) : wait_time);
      if (!change) {
        keep_place();
        return false;
      }
      session_.out() << to_object(change_row(*change)).to_json() << '\n';
      ++printed_;
      unsaved_ = true;
      if (change->batch_end) keep_place();
      return true;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::gap || !restart_on_gap_) throw;
      session_.error() << "strata: " << error.what() << "; restarting\n";
      subscription_.restart();
      return true;
    }
  }

  std::chrono::milliseconds patience_in_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(*patience_);
  }

  void keep_place() {
    session_.out() << std::flush;
    if (durable_ && (unsaved_ || subscription_.point() != saved_)) {
      subscription_.save();
      saved_ = subscription_.point();
    }
    unsaved_ = false;
  }

  Session& session_;
  Subscription& subscription_;
  std::uint64_t limit_;
  std::uint64_t printed_ = 0;
  bool durable_;
  bool restart_on_gap_;
  bool unsaved_ = false;
  ResumePoint saved_{};
  std::optional<std::chrono::microseconds> patience_;
};

int watch(Session& session, const WatchArguments& arguments) {
  const SubscriptionOptions options = subscription_options(arguments, session.in());
  const auto access = arguments.consumer.empty() ? Session::Access::read : Session::Access::change;
  Subscription subscription = session.store(access).subscribe(options);
  ChangePrinter(session, subscription, arguments).run();
  return exit_done;
}

int list_consumers(Session& session) {
  const auto rows = make_row_writer(session.display());
  const std::vector<ConsumerDescription> consumers = session.store(Session::Access::read).consumers();
  for (const ConsumerDescription& one : consumers) {
    rows->write({{"consumer", Value(one.name)},
                 {"position", Value(one.point.position.value)},
                 {"lag", Value(one.lag)},
                 {"gap", Value(one.gap)},
                 {"saved", Value(one.saved.to_string())}});
  }
  rows->finish(one_or_many(consumers.size(), "consumer"));
  return exit_done;
}

int forget_consumer(Session& session, const std::string& name) {
  if (!session.store(Session::Access::change).forget_consumer(name)) {
    throw Error(ErrorCode::not_found, "no consumer " + name + "; `strata consumers` lists those there are");
  }
  return exit_done;
}

}  // namespace

void add_watch_commands(CommandTree& tree) {
  CLI::App& command =
      tree.add({"watch", "[COLLECTION...]",
                "Print what changes as it is committed, as JSON Lines; everything when nothing is named",
                "strata watch notes --where \"kind = 'todo'\" --consumer indexer", group},
               {.rows = false});
  auto arguments = std::make_shared<WatchArguments>();
  command.add_option("COLLECTION", arguments->collections, "Changes of these collections");
  command.add_option("--stream", arguments->streams, "Events of this stream; `order-*`: of all that begin so")
      ->type_name("STREAM");
  command.add_option("--queue", arguments->queues, "Items of this queue: put, changed, gone")->type_name("QUEUE");
  command.add_flag("--edges", arguments->edges, "Edges of the graph: linked, unlinked");
  command.add_option("--type", arguments->types, "Events, or edges, of this type alone")->type_name("TYPE");
  command.add_option("--where", arguments->where, "Records (without a collection: events) that match; others `left`")
      ->type_name("E");
  command.add_option("--param", arguments->parameters, "A value for :NAME in --where")->type_name("NAME=JSON");
  command.add_option("--key-prefix", arguments->key_prefix, "Records whose key begins so")->type_name("TEXT");
  command.add_option("--vector", arguments->vector, "Records near this vector, of that field")
      ->type_name("[FIELD=]JSON|@FILE");
  command.add_option("--near", arguments->near, "Records near these words, where the field has an embedder")
      ->type_name("WORDS");
  command.add_option("--like", arguments->like, "Records near the vector that this one has now")->type_name("KEY");
  command.add_option("--field", arguments->field, "The vector field, where there are several")->type_name("FIELD");
  command.add_option("--min-similarity", arguments->similarity_min, "At least so alike; needed with these")
      ->type_name("X");
  command.add_option("--text", arguments->text, "Records with words, \"a phrase\", prefix*, +must, -not")
      ->type_name("WORDS");
  command.add_option("--text-field", arguments->text_field, "The text field, where there are several")
      ->type_name("NAME");
  command.add_flag("--every-version", arguments->every_version, "Each version that history keeps, not the last alone");
  command.add_option("--consumer", arguments->consumer, "Keep the place under this name, and go on from there")
      ->type_name("NAME");
  command.add_option("--from", arguments->from, "Begin after a position, with the `log`, or `now` (the default)")
      ->type_name("P");
  command.add_flag("--state", arguments->state, "Begin with what is there");
  command.add_flag("--restart-on-gap", arguments->restart_on_gap,
                   "When the log no longer reaches back: begin again with what is there");
  command.add_option("--limit", arguments->limit, "End after so many lines")->type_name("N");
  command.add_option("--timeout", arguments->timeout, "End when nothing came for so long (10s)")->type_name("SPAN");
  tree.on_run(command, [arguments](Session& session) { return watch(session, *arguments); });

  CLI::App& consumers =
      tree.add({"consumers", "", "List those who keep a place (`watch --consumer`), and how far behind",
                "strata consumers", group});
  consumers.require_subcommand(0, 1);
  tree.on_run(consumers, [](Session& session) { return list_consumers(session); });
  CLI::App& forget = tree.add({"forget", "NAME", "Forget a consumer's place", "strata consumers forget indexer", ""},
                              {.parent = &consumers, .rows = false, .writes = true});
  auto name = std::make_shared<std::string>();
  forget.add_option("NAME", *name, "The consumer's name")->required();
  tree.on_run(forget, [name](Session& session) { return forget_consumer(session, *name); });
}

}  // namespace strata::cli
