// put, get, delete, find.
#include <algorithm>

#include "cli/arguments.hpp"
#include "cli/command_tree.hpp"
#include "cli/query_arguments.hpp"
#include "cli/text.hpp"

namespace strata::cli {
namespace {

constexpr const char* group = "Records";

struct PutArguments {
  std::string collection;
  std::string key;  // the value, when it stands alone
  std::string value;
  std::uint64_t if_version = 0;
  std::string time_to_live;
};

/// A value such as -5 looks like an option, so what was left over may be part of what was meant.
std::vector<std::string> key_and_value(const PutArguments& arguments, const CLI::App& command) {
  std::vector<std::string> words;
  if (command.count("KEY") != 0) words.push_back(arguments.key);
  if (command.count("VALUE") != 0) words.push_back(arguments.value);
  for (const std::string& word : command.remaining()) {
    const bool number = word.size() > 1 && word[0] == '-' && word[1] >= '0' && word[1] <= '9';
    if (!number) throw CLI::ExtrasError(command.get_name(), {word});
    words.push_back(word);
  }
  return words;
}

std::string absent_record(const std::string& key, const std::string& collection) {
  return "no record " + key + " in collection " + collection;
}

int put(Session& session, const CLI::App& command, const PutArguments& arguments) {
  const std::vector<std::string> words = key_and_value(arguments, command);
  if (words.empty() || words.size() > 2) {
    throw UsageError("put: it takes a collection, a key (or none: one is made), and a value; quote JSON in '...'");
  }
  const Value value = parse_value(words.back(), session.in());
  PutOptions options;
  if (command.count("--if-version") != 0) options.if_version = Version{arguments.if_version};
  if (!arguments.time_to_live.empty()) options.time_to_live = parse_span("--ttl", arguments.time_to_live);

  CommitResult commit;
  const std::string key = session.store(Session::Access::create)
                              .transact(
                                  [&](Transaction& transaction) {
                                    Collection collection = transaction.collection(arguments.collection);
                                    if (words.size() == 1) return collection.add(value, options);
                                    collection.put(words.front(), value, options);
                                    return words.front();
                                  },
                                  session.commit_options(), &commit);
  const auto rows = make_row_writer(session.display());
  rows->write({{"key", Value(key)}, {"version", Value(commit.position.value)}});
  rows->finish();
  return exit_done;
}

struct GetArguments {
  std::string collection;
  std::string key;
  std::string at;
  bool history = false;
};

/// A single record on a terminal: what is known of it, then its value over several lines.
void print_record(const Display& display, const Record& record) {
  if (display.format != Format::table) {
    const auto rows = make_row_writer(display);
    rows->write(record_row(record, display.format, {}));
    rows->finish();
    return;
  }
  Row row = {{"key", Value(record.key)},
             {"version", Value(record.version.value)},
             {"created", Value(record.created.to_string())},
             {"updated", Value(record.updated.to_string())}};
  if (record.expires) row.emplace_back("expires", Value(record.expires->to_string()));
  write_sheet(display, row);
  display.out << record.value.view().to_pretty_json() << '\n';
}

int print_history(Session& session, const Collection& collection, const GetArguments& arguments) {
  const std::vector<RecordVersion> versions = collection.history(arguments.key);
  if (versions.empty()) {
    throw Error(ErrorCode::not_found, absent_record(arguments.key, arguments.collection) +
                                          ", and none in its history: is history on? (strata info " +
                                          arguments.collection + ")");
  }
  const Display display = session.display();
  const auto rows = make_row_writer(display);
  for (const RecordVersion& version : versions) {
    Row row = record_row(version.record, display.format, {});
    if (version.until || display.format == Format::csv) {
      row.emplace_back("until", version.until ? Value(version.until->value) : Value(nullptr));
    }
    if (version.erased || display.format == Format::csv) row.emplace_back("erased", Value(version.erased));
    rows->write(row);
  }
  rows->finish(one_or_many(versions.size(), "version"));
  return exit_done;
}

int get(Session& session, const GetArguments& arguments) {
  if (arguments.history && !arguments.at.empty()) {
    throw UsageError("get: --history shows all versions, --at one of them: give one of the two");
  }
  std::optional<AsOf> at;
  if (!arguments.at.empty()) at = parse_as_of("--at", arguments.at);
  const Collection collection = session.existing_collection(Session::Access::read, arguments.collection);
  if (arguments.history) return print_history(session, collection, arguments);
  const std::optional<Record> record = at ? collection.get(arguments.key, *at) : collection.get(arguments.key);
  if (!record) {
    throw Error(ErrorCode::not_found, absent_record(arguments.key, arguments.collection) +
                                          (at ? " as of " + arguments.at
                                              : "; `strata find " + arguments.collection + "` lists what there is"));
  }
  print_record(session.display(), *record);
  return exit_done;
}

struct DeleteArguments {
  std::string collection;
  std::string key;
  std::uint64_t if_version = 0;
};

int erase(Session& session, const CLI::App& command, const DeleteArguments& arguments) {
  EraseOptions options;
  if (command.count("--if-version") != 0) options.if_version = Version{arguments.if_version};
  session.existing_collection(Session::Access::change, arguments.collection);
  CommitResult commit;
  const bool erased =
      session.store(Session::Access::change)
          .transact([&](Transaction& t) { return t.collection(arguments.collection).erase(arguments.key, options); },
                    session.commit_options(), &commit);
  if (!erased)
    throw Error(ErrorCode::not_found, absent_record(arguments.key, arguments.collection) + ": nothing to delete");
  const auto rows = make_row_writer(session.display());
  rows->write({{"key", Value(arguments.key)}, {"deleted", Value(true)}, {"position", Value(commit.position.value)}});
  rows->finish();
  return exit_done;
}

struct FindArguments {
  std::string collection;
  QueryArguments query;
  std::string cursor;
  bool count = false;
  bool explain = false;
};

void print_plan(const Display& display, const Plan& plan, std::chrono::nanoseconds total) {
  Row row = {{"access", Value(plan.access)},
             {"detail", Value(plan.detail)},
             {"rows_estimated", Value(plan.rows_estimated), human_count(plan.rows_estimated)},
             {"rows_visited", Value(plan.rows_visited), human_count(plan.rows_visited)},
             {"rows_matched", Value(plan.rows_matched), human_count(plan.rows_matched)},
             {"sorted_in_memory", Value(plan.sorted_in_memory)}};
  std::vector<Value> steps;
  std::string steps_text;
  for (const Plan::Step& step : plan.steps) {
    steps.push_back(Value::object({{"name", Value(step.name)}, {"nanoseconds", Value(step.time.count())}}));
    steps_text += (steps_text.empty() ? "" : ", ") + step.name + " " + human_duration(step.time);
  }
  row.emplace_back("steps", Value::array(steps), steps_text.empty() ? "none" : steps_text);
  row.emplace_back("nanoseconds", Value(total.count()), human_duration(total));
  if (display.format == Format::table) row.back().name = "time";
  write_sheet(display, row);
}

/// A page and where the next one begins.
int print_page(Session& session, const Collection& collection, const Query& query, bool cursor_asked) {
  const Display display = session.display();
  const QueryResult result = collection.find(query);
  const auto rows = make_row_writer(display);
  for (const Record& record : result.records) rows->write(record_row(record, display.format, query.fields));
  rows->finish(one_or_many(result.records.size(), "record"));
  if (cursor_asked && display.format == Format::jsonl) {
    display.out << Value::object({{"cursor", Value(result.cursor)}}).to_json() << '\n';
  } else if (!result.cursor.empty()) {
    session.note("there are more: --cursor " + result.cursor);
  }
  return exit_done;
}

int find(Session& session, const CLI::App& command, const FindArguments& arguments) {
  Query query = to_query(arguments.query);
  query.cursor = arguments.cursor;
  const Collection collection = session.existing_collection(Session::Access::read, arguments.collection);
  const Display display = session.display();
  if (arguments.count && !arguments.explain) {
    display.out << collection.count(query) << '\n';
    return exit_done;
  }
  if (arguments.explain) {
    const auto start = std::chrono::steady_clock::now();
    const InterruptGuard interrupt;
    const Plan plan = collection.scan(query, [&](const Record&) { return !interrupt.requested(); });
    if (interrupt.requested()) throw Interrupted("interrupted: the query was not run to its end");
    print_plan(display, plan, std::chrono::steady_clock::now() - start);
    return exit_done;
  }
  const bool cursor_asked = command.count("--cursor") != 0;
  if (cursor_asked || query.limit != 0) return print_page(session, collection, query, cursor_asked);
  const auto rows = make_row_writer(display);
  const InterruptGuard interrupt;
  std::uint64_t records = 0;
  collection.scan(query, [&](const Record& record) {
    rows->write(record_row(record, display.format, query.fields));
    ++records;
    return !interrupt.requested();
  });
  rows->finish(one_or_many(records, "record"));
  if (interrupt.requested()) throw Interrupted("interrupted after " + one_or_many(records, "record"));
  return exit_done;
}

void add_put(CommandTree& tree) {
  CLI::App& command = tree.add({"put", "COLLECTION [KEY] VALUE",
                                "Write a record: a JSON value under a key. Without a key one is made (a UUIDv7)",
                                "strata put notes n1 '{\"text\": \"call Ada\", \"score\": 0.9}'", group},
                               {nullptr, true, true});
  auto arguments = std::make_shared<PutArguments>();
  command.add_option("COLLECTION", arguments->collection, "Made by its first record")->required()->type_name("");
  command.add_option("KEY", arguments->key, "Its name in the collection; left out, one is made")->type_name("");
  command.add_option("VALUE", arguments->value, "JSON, @FILE, or - for standard input")->type_name("");
  command
      .add_option("--if-version", arguments->if_version,
                  "Only if the record has this version now; 0: only if there is none")
      ->type_name("N");
  command.add_option("--ttl", arguments->time_to_live, "Hide the record after this long, as 12h or 7d")
      ->type_name("SPAN");
  command.allow_extras();
  tree.on_run(command, [&command, arguments](Session& session) { return put(session, command, *arguments); });
}

void add_get(CommandTree& tree) {
  CLI::App& command = tree.add({"get", "COLLECTION KEY", "Print a record; exit code 1 when there is none",
                                "strata get notes n1 --history", group});
  auto arguments = std::make_shared<GetArguments>();
  command.add_option("COLLECTION", arguments->collection, "Where it is")->required()->type_name("");
  command.add_option("KEY", arguments->key, "Its key")->required()->type_name("");
  command
      .add_option("--at", arguments->at, "As of a position, a time, or so long ago (needs history: strata info --help)")
      ->type_name("P|TIME");
  command.add_flag("--history", arguments->history, "All versions that are kept, newest first");
  tree.on_run(command, [arguments](Session& session) { return get(session, *arguments); });
}

void add_delete(CommandTree& tree) {
  CLI::App& command = tree.add({"delete", "COLLECTION KEY", "Delete a record; exit code 1 when there is none",
                                "strata delete notes n1 --if-version 7", group},
                               {nullptr, true, true});
  auto arguments = std::make_shared<DeleteArguments>();
  command.add_option("COLLECTION", arguments->collection, "Where it is")->required()->type_name("");
  command.add_option("KEY", arguments->key, "Its key")->required()->type_name("");
  command.add_option("--if-version", arguments->if_version, "Only if the record has this version now")->type_name("N");
  tree.on_run(command, [&command, arguments](Session& session) { return erase(session, command, *arguments); });
}

void add_find(CommandTree& tree) {
  CLI::App& command = tree.add(
      {"find", "COLLECTION", "Print the records that match, in the order of their keys or as --order says",
       "strata find notes --where \"score >= 0.5 and tags contains 'x'\" --order updated:desc --limit 10", group});
  auto arguments = std::make_shared<FindArguments>();
  command.add_option("COLLECTION", arguments->collection, "Where to look")->required()->type_name("");
  add_query_options(command, arguments->query);
  command
      .add_option("--cursor", arguments->cursor,
                  "Go on behind a page; '' begins. JSON Lines then end in a line with the next cursor")
      ->type_name("X");
  command.add_flag("--count", arguments->count, "Print the number of records alone");
  command.add_flag("--explain", arguments->explain, "Run it, and print how it was answered instead of the records");
  tree.on_run(command, [&command, arguments](Session& session) { return find(session, command, *arguments); });
}

}  // namespace

void add_record_commands(CommandTree& tree) {
  add_put(tree);
  add_get(tree);
  add_delete(tree);
  add_find(tree);
}

}  // namespace strata::cli
