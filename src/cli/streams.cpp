// append, read, streams.
#include <algorithm>
#include <utility>

#include "cli/arguments.hpp"
#include "cli/command_tree.hpp"
#include "cli/event_line.hpp"
#include "cli/text.hpp"
#include "ingest/line_source.hpp"

namespace strata::cli {
namespace {

constexpr const char* group = "Streams";

struct AppendArguments {
  std::string stream;
  std::string type;
  std::string data;
  std::string metadata;
  std::string id;
  std::string correlation;
  std::string causation;
  std::string expect;
};

Expected expectation(const std::string& text) {
  if (text.empty()) return Expected::any();
  if (const auto expected = parse_expected(text)) return *expected;
  throw UsageError("append: --expect takes a version, none or exists, not " + text);
}

std::vector<NewEvent> events_from_lines() {
  std::vector<NewEvent> events;
  ingest::LineSource lines("-");
  std::string_view line;
  std::uint64_t number = 0;
  while (lines.next(line)) {
    const std::string place = lines.name() + ":" + std::to_string(++number);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (events.size() == transaction_changes_max) {
      throw Error(ErrorCode::limit_exceeded, place + ": more than transaction_changes_max (" +
                                                 human_count(transaction_changes_max) +
                                                 ") events for one transaction: append in parts");
    }
    try {
      events.push_back(parse_event(Value::from_json(line), place, "data"));
    } catch (const Error& error) {
      const std::string_view what = error.what();
      throw Error(error.code(), what.starts_with(place) ? std::string(what) : place + ": " + std::string(what));
    }
  }
  return events;
}

std::vector<NewEvent> events_to_append(Session& session, const CLI::App& command, const AppendArguments& arguments) {
  if (arguments.type == "-") {
    for (const char* option : {"DATA", "--id", "--metadata", "--correlation", "--causation"}) {
      if (command.count(option) != 0)
        throw UsageError("append: with - each line says all of its event; leave out " + std::string(option));
    }
    return events_from_lines();
  }
  NewEvent event;
  event.type = arguments.type;
  if (command.count("DATA") != 0) event.data = parse_value(arguments.data, session.in());
  if (command.count("--metadata") != 0) event.metadata = parse_value(arguments.metadata, session.in());
  event.id = arguments.id;
  event.correlation = arguments.correlation;
  event.causation = arguments.causation;
  return {std::move(event)};
}

int append(Session& session, const CLI::App& command, const AppendArguments& arguments) {
  const Expected expected = expectation(arguments.expect);
  const std::vector<NewEvent> events = events_to_append(session, command, arguments);
  Store& store = session.store(Session::Access::create);
  CommitResult commit;
  AppendResult result = store.transact(
      [&](Transaction& transaction) { return transaction.stream(arguments.stream).append(events, expected); },
      session.commit_options(), &commit);
  if (commit.position != Position{}) {
    result.position = commit.position;
    store.stream(arguments.stream).scan({.after = Position{commit.position.value - 1}}, [&](const Event& event) {
      if (event.position != commit.position) return false;
      if (result.first == 0) result.first = event.version;
      result.last = event.version;
      return true;
    });
  }
  const auto rows = make_row_writer(session.display());
  rows->write({{"stream", Value(arguments.stream)},
               {"first", Value(result.first)},
               {"last", Value(result.last)},
               {"position", Value(result.position.value)},
               {"repeated", Value(result.repeated)}});
  rows->finish();
  return exit_done;
}

struct ReadArguments {
  std::string stream;
  std::uint64_t from = 0;
  std::uint64_t after = 0;
  std::string since;
  std::string until;
  std::vector<std::string> types;
  std::string prefix;
  bool backward = false;
  std::uint64_t limit = 0;
};

int read(Session& session, const CLI::App& command, const ReadArguments& arguments) {
  const bool one = command.count("STREAM") != 0;
  if (one && !arguments.prefix.empty())
    throw UsageError("read: --prefix chooses among all streams; leave out " + arguments.stream);
  EventQuery query;
  query.from = arguments.from;
  if (command.count("--after") != 0) query.after = Position{arguments.after};
  if (!arguments.since.empty()) query.since = parse_time("--since", arguments.since);
  if (!arguments.until.empty()) query.until = parse_time("--until", arguments.until);
  query.types = arguments.types;
  query.prefix = arguments.prefix;
  query.backward = arguments.backward;
  query.limit = arguments.limit;

  Store& store = session.store(Session::Access::read);
  if (one && !store.stream(arguments.stream).describe()) {
    throw Error(ErrorCode::not_found, "no stream " + arguments.stream + "; `strata streams` lists those there are");
  }
  const Display display = session.display();
  const auto rows = make_row_writer(display);
  const InterruptGuard interrupt;
  std::uint64_t events = 0;
  const auto print = [&](const Event& event) {
    rows->write(event_row(event, display.format));
    ++events;
    return !interrupt.requested();
  };
  if (one) {
    store.stream(arguments.stream).scan(query, print);
  } else {
    store.streams().scan(query, print);
  }
  rows->finish(one_or_many(events, "event"));
  if (interrupt.requested()) throw Interrupted("interrupted after " + one_or_many(events, "event"));
  return exit_done;
}

Row description_row(const StreamDescription& stream, Format format) {
  const bool csv = format == Format::csv;
  Row row = {{"stream", Value(stream.name)},
             {"version", Value(stream.version), human_count(stream.version)},
             {"first", Value(stream.first), human_count(stream.first)}};
  const StreamOptions& options = stream.options;
  if (options.keep_for || csv)
    row.emplace_back("keep", options.keep_for ? Value(human_span(*options.keep_for)) : Value());
  if (options.keep_count || csv)
    row.emplace_back("keep_count", options.keep_count ? Value(*options.keep_count) : Value());
  if (stream.tombstone || csv) row.emplace_back("tombstone", Value(stream.tombstone));
  return row;
}

int list(Session& session, const std::string& prefix) {
  const Display display = session.display();
  const auto rows = make_row_writer(display);
  const std::vector<StreamDescription> streams = session.store(Session::Access::read).streams().list(prefix);
  for (const StreamDescription& stream : streams) rows->write(description_row(stream, display.format));
  rows->finish(one_or_many(streams.size(), "stream"));
  return exit_done;
}

struct SetArguments {
  std::string stream;
  std::string keep;
  std::string keep_count;
};

int set(Session& session, const SetArguments& arguments) {
  if (arguments.keep.empty() && arguments.keep_count.empty())
    throw UsageError("streams set: say what is kept: --keep SPAN|off, --keep-count N|off");
  Store& store = session.store(Session::Access::create);
  const StreamDescription description = store.transact(
      [&](Transaction& transaction) {
        Stream stream = transaction.stream(arguments.stream);
        StreamDescription found = stream.describe().value_or(StreamDescription{.name = arguments.stream});
        StreamOptions& options = found.options;
        if (arguments.keep == "off") {
          options.keep_for.reset();
        } else if (!arguments.keep.empty()) {
          options.keep_for = parse_span("--keep", arguments.keep);
        }
        if (arguments.keep_count == "off") {
          options.keep_count.reset();
        } else if (!arguments.keep_count.empty()) {
          const auto count = parse_expected(arguments.keep_count);
          if (!count || count->kind() != Expected::Kind::exactly)
            throw UsageError("streams set: --keep-count takes a number or off, not " + arguments.keep_count);
          options.keep_count = count->version();
        }
        stream.set_options(options);
        return found;
      },
      session.commit_options());
  const auto rows = make_row_writer(session.display());
  rows->write(description_row(description, session.display().format));
  rows->finish();
  return exit_done;
}

/// `not_found` when there never was such a stream.
Stream existing(Session& session, const std::string& name) {
  Stream stream = session.store(Session::Access::change).stream(name);
  if (stream.describe()) return stream;
  throw Error(ErrorCode::not_found, "no stream " + name + "; `strata streams` lists those there are");
}

int truncate(Session& session, const std::string& name, std::uint64_t before) {
  const std::uint64_t erased = existing(session, name).truncate(before);
  const auto rows = make_row_writer(session.display());
  rows->write({{"stream", Value(name)}, {"erased", Value(erased), human_count(erased)}});
  rows->finish();
  return exit_done;
}

int erase(Session& session, const std::string& name, bool tombstone) {
  const bool erased = existing(session, name).erase(tombstone);
  const auto rows = make_row_writer(session.display());
  rows->write({{"stream", Value(name)}, {"deleted", Value(erased)}, {"tombstone", Value(tombstone)}});
  rows->finish();
  return exit_done;
}

struct SnapshotArguments {
  std::string stream;
  std::uint64_t version = 0;
  std::string state;
};

int snapshot(Session& session, const CLI::App& command, const SnapshotArguments& arguments) {
  if (command.count("--version") != command.count("STATE"))
    throw UsageError("streams snapshot: give --version N and STATE to keep one, neither to print the one kept");
  if (command.count("STATE") != 0)
    existing(session, arguments.stream).save_snapshot(arguments.version, parse_value(arguments.state, session.in()));
  const auto kept = session.store(Session::Access::read).stream(arguments.stream).snapshot();
  if (!kept) throw Error(ErrorCode::not_found, "no snapshot is kept of stream " + arguments.stream);
  const auto rows = make_row_writer(session.display());
  rows->write({{"stream", Value(arguments.stream)},
               {"version", Value(kept->version)},
               {"time", Value(kept->time.to_string())},
               {"state", kept->state}});
  rows->finish();
  return exit_done;
}

void add_append(CommandTree& tree) {
  CLI::App& command = tree.add(
      {"append", "STREAM TYPE [DATA] | STREAM -",
       "Append an event to a stream. With - for the type: those on standard input, in one transaction, each a line "
       "{\"type\":T,\"data\":V,\"metadata\":V,\"id\":I,\"correlation\":C,\"causation\":C}",
       "strata append order-17 paid '{\"sum\": 12}' --expect 1 --id payment-99", group},
      {nullptr, true, true});
  auto arguments = std::make_shared<AppendArguments>();
  command.add_option("STREAM", arguments->stream, "Begun by its first event")->required()->type_name("");
  command.add_option("TYPE", arguments->type, "What happened; - reads events from standard input")
      ->required()
      ->type_name("");
  command.add_option("DATA", arguments->data, "JSON, @FILE, or - for standard input")->type_name("");
  command.add_option("--id", arguments->id, "The event's own id: appended again, it is not written again")
      ->type_name("ID");
  command
      .add_option("--expect", arguments->expect,
                  "Only if the stream has this version now, has no event yet (none), or has one (exists)")
      ->type_name("N|none|exists");
  command.add_option("--metadata", arguments->metadata, "Whatever else is kept with it")->type_name("JSON");
  command.add_option("--correlation", arguments->correlation, "Id of the conversation that it belongs to")
      ->type_name("ID");
  command.add_option("--causation", arguments->causation, "Id of what brought it about")->type_name("ID");
  tree.on_run(command, [&command, arguments](Session& session) { return append(session, command, *arguments); });
}

void add_read(CommandTree& tree) {
  CLI::App& command =
      tree.add({"read", "[STREAM]", "Print the events of a stream, or of all streams in their common order",
                "strata read order-17 --from 2", group});
  auto arguments = std::make_shared<ReadArguments>();
  command.add_option("STREAM", arguments->stream, "Whose events; left out: of all")->type_name("");
  command.add_option("--from", arguments->from, "Begin with this version; of all streams: this number")->type_name("N");
  command.add_option("--after", arguments->after, "Only events of commits after this position")->type_name("POSITION");
  command.add_option("--since", arguments->since, "Only events at or after this time, or so long ago (7d)")
      ->type_name("TIME");
  command.add_option("--until", arguments->until, "Only events before this time, or so long ago")->type_name("TIME");
  command.add_option("--type", arguments->types, "Only events of this type; may be given again")
      ->type_name("TYPE")
      ->allow_extra_args(false);
  command.add_option("--prefix", arguments->prefix, "Only streams whose name begins so")->type_name("TEXT");
  command.add_flag("--backward", arguments->backward, "From the newest down");
  command.add_option("--limit", arguments->limit, "At most so many events")->type_name("N");
  tree.on_run(command, [&command, arguments](Session& session) { return read(session, command, *arguments); });
}

void add_changes_of_streams(CommandTree& tree, CLI::App& command) {
  CLI::App& set_command =
      tree.add({"set", "STREAM", "Choose what upkeep keeps of a stream; its newest event always stays",
                "strata streams set order-17 --keep 30d --keep-count 1000", "Commands"},
               {&command, true, true});
  auto settings = std::make_shared<SetArguments>();
  set_command.add_option("STREAM", settings->stream, "Which one")->required()->type_name("");
  set_command.add_option("--keep", settings->keep, "Events are kept this long, as 7d")->type_name("SPAN|off");
  set_command.add_option("--keep-count", settings->keep_count, "So many events are kept")->type_name("N|off");
  tree.on_run(set_command, [settings](Session& session) { return set(session, *settings); });

  CLI::App& truncate_command = tree.add({"truncate", "STREAM --before N", "Erase the events before a version",
                                         "strata streams truncate order-17 --before 100", "Commands"},
                                        {&command, true, false});
  auto cut = std::make_shared<std::pair<std::string, std::uint64_t>>();
  truncate_command.add_option("STREAM", cut->first, "Which one")->required()->type_name("");
  truncate_command.add_option("--before", cut->second, "The first version to keep")->required()->type_name("N");
  tree.on_run(truncate_command, [cut](Session& session) { return truncate(session, cut->first, cut->second); });

  CLI::App& delete_command = tree.add(
      {"delete", "STREAM", "Erase all events of a stream and its snapshot; later ones go on with the next version",
       "strata streams delete order-17 --tombstone", "Commands"},
      {&command, true, false});
  auto gone = std::make_shared<std::pair<std::string, bool>>();
  delete_command.add_option("STREAM", gone->first, "Which one")->required()->type_name("");
  delete_command.add_flag("--tombstone", gone->second, "For good: nothing can be appended any more");
  tree.on_run(delete_command, [gone](Session& session) { return erase(session, gone->first, gone->second); });
}

void add_streams(CommandTree& tree) {
  CLI::App& command = tree.add({"streams", "[PREFIX] | set|truncate|delete|snapshot ...",
                                "List the streams: version of the last event, and of the oldest that is there",
                                "strata streams order-", group});
  command.require_subcommand(0, 1);
  auto prefix = std::make_shared<std::string>();
  command.add_option("PREFIX", *prefix, "Those whose name begins so")->type_name("");
  tree.on_run(command, [prefix](Session& session) { return list(session, *prefix); });
  add_changes_of_streams(tree, command);

  CLI::App& snapshot_command =
      tree.add({"snapshot", "STREAM [--version N STATE]",
                "Print the aggregate's state that is kept, or keep one as of a version, so that a reader need not "
                "begin at the first event",
                "strata streams snapshot order-17 --version 20 '{\"sum\": 12}'", "Commands"},
               {&command, true, false});
  auto kept = std::make_shared<SnapshotArguments>();
  snapshot_command.add_option("STREAM", kept->stream, "Whose")->required()->type_name("");
  snapshot_command.add_option("STATE", kept->state, "JSON, @FILE, or - for standard input")->type_name("");
  snapshot_command.add_option("--version", kept->version, "The last version that the state contains")->type_name("N");
  tree.on_run(snapshot_command,
              [&snapshot_command, kept](Session& session) { return snapshot(session, snapshot_command, *kept); });
}

}  // namespace

void add_stream_commands(CommandTree& tree) {
  add_append(tree);
  add_read(tree);
  add_streams(tree);
}

}  // namespace strata::cli
