// info, and index create|list|drop: what a store and its collections are declared to be.
#include <algorithm>

#include "cli/arguments.hpp"
#include "cli/command_tree.hpp"
#include "cli/help.hpp"
#include "cli/text.hpp"

namespace strata::cli {
namespace {

constexpr const char* group = "Declarations";

// ---- info

struct InfoArguments {
  std::string collection;
  std::string history;
  std::string keep;
  std::string keep_versions;
  std::string time_to_live;
};

int describe_store(Session& session) {
  const StoreDescription description = session.store(Session::Access::read).describe();
  const std::vector<std::string> names = session.visible_collections(Session::Access::read);
  std::vector<Value> collections(names.begin(), names.end());
  Row row = {{"url", Value(description.url)},
             {"directory", Value(description.directory)},
             {"id", Value(description.id.to_string())},
             {"engine", Value(description.engine.name)},
             {"engine_version", Value(description.engine.version)},
             {"many_processes", Value(description.engine.many_processes)},
             {"format", Value(description.format)},
             {"position", Value(description.position.value), human_count(description.position.value)},
             {"time", Value(description.time.to_string())},
             {"digest", Value(description.digest)},
             {"chain", Value(description.chain)},
             {"log_base", Value(description.log_base.value), human_count(description.log_base.value)},
             {"epoch", Value(description.epoch)},
             {"collections", Value::array(collections), names.empty() ? "none yet" : join(names, ", ")}};
  write_sheet(session.display(), row);
  return exit_done;
}

std::string field_names(const IndexOptions& index) {
  std::vector<std::string> names;
  for (const IndexField& field : index.fields) {
    const bool own_time = field.path == "created" || field.path == "updated";
    names.push_back(field.path + (field.time && !own_time ? ":time" : ""));
  }
  return join(names, ",");
}

Row index_row(const std::string& collection, const IndexDescription& index) {
  std::vector<Value> fields;
  for (const IndexField& field : index.options.fields) {
    fields.push_back(Value::object({{"path", Value(field.path)}, {"time", Value(field.time)}}));
  }
  return {{"collection", Value(collection)},
          {"name", Value(index.options.name)},
          {"fields", Value::array(fields), field_names(index.options)},
          {"unique", Value(index.options.unique), index.options.unique ? "unique" : " "},
          {"ready", Value(index.ready), index.ready ? "ready" : "building"},
          {"entries", Value(index.entries), human_count(index.entries)}};
}

int describe_collection(Session& session, const Collection& collection) {
  const CollectionOptions options = collection.options();
  const std::uint64_t records = collection.count();
  std::vector<Value> indexes;
  std::vector<std::string> index_names;
  for (const IndexDescription& index : collection.indexes()) {
    indexes.push_back(to_object(index_row(collection.name(), index)));
    index_names.push_back(index.options.name + (index.options.unique ? " (unique)" : ""));
  }
  const auto span = [](const std::optional<std::chrono::microseconds>& time, const char* none) {
    return Cell("", time ? Value(human_span(*time)) : Value(nullptr), time ? human_span(*time) : none);
  };
  const auto named = [](std::string name, Cell cell) {
    cell.name = std::move(name);
    return cell;
  };
  const auto& keep_count = options.history.keep_count;
  Row row = {{"collection", Value(collection.name())},
             {"records", Value(records), human_count(records)},
             {"history", Value(options.history.enabled), options.history.enabled ? "on" : "off"},
             named("keep", span(options.history.keep_for, "any age")),
             {"keep_versions", keep_count ? Value(*keep_count) : Value(nullptr),
              keep_count ? human_count(*keep_count) + " for each key" : "any number"},
             named("ttl", span(options.time_to_live, "off")),
             {"indexes", Value::array(indexes), index_names.empty() ? "none" : join(index_names, ", ")}};
  if (!options.history.enabled) {
    std::erase_if(row, [](const Cell& cell) { return cell.name == "keep" || cell.name == "keep_versions"; });
  }
  write_sheet(session.display(), row);
  return exit_done;
}

std::optional<std::uint64_t> parse_count(std::string_view option, const std::string& text) {
  if (text == "off") return std::nullopt;
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string::npos ||
      std::stoull(text) == 0) {
    throw UsageError(std::string(option) + ": " + single_line(text) + " is no number of versions: write 10, or off");
  }
  return std::stoull(text);
}

std::optional<std::chrono::microseconds> parse_span_or_off(std::string_view option, const std::string& text) {
  if (text == "off") return std::nullopt;
  return parse_span(option, text);
}

/// Changes what was asked for and leaves the rest as it is.
int change_collection(Session& session, const InfoArguments& arguments) {
  std::optional<std::chrono::microseconds> keep;
  std::optional<std::uint64_t> keep_versions;
  std::optional<std::chrono::microseconds> time_to_live;
  if (!arguments.keep.empty()) keep = parse_span_or_off("--keep", arguments.keep);
  if (!arguments.keep_versions.empty()) keep_versions = parse_count("--keep-versions", arguments.keep_versions);
  if (!arguments.time_to_live.empty()) time_to_live = parse_span_or_off("--ttl", arguments.time_to_live);

  Collection collection = session.store(Session::Access::create).collection(arguments.collection);
  CollectionOptions options = collection.options();
  if (!arguments.history.empty()) options.history.enabled = arguments.history == "on";
  if (!arguments.keep.empty()) options.history.keep_for = keep;
  if (!arguments.keep_versions.empty()) options.history.keep_count = keep_versions;
  if (!arguments.time_to_live.empty()) options.time_to_live = time_to_live;
  if (!options.history.enabled && (keep || keep_versions)) {
    throw UsageError("info: --keep and --keep-versions say how much history to keep: add --history on");
  }
  collection.set_options(options);
  return describe_collection(session, collection);
}

void add_info(CommandTree& tree) {
  CLI::App& command = tree.add({"info", "[COLLECTION]",
                                "Describe the store, or a collection. With options: change what the collection keeps",
                                "strata info notes --history on --keep 30d", group});
  auto arguments = std::make_shared<InfoArguments>();
  CLI::Option* name = command.add_option("COLLECTION", arguments->collection, "Describe this one")->type_name("");
  const auto setting = [&](const char* option, std::string& text, const char* description) {
    return command.add_option(option, text, description)->needs(name)->group("Settings of the collection");
  };
  setting("--history", arguments->history, "Keep versions that are replaced or deleted, for --at and --history")
      ->check(one_of({"on", "off"}))
      ->type_name("on|off");
  setting("--keep", arguments->keep, "How long a replaced version is kept, as 30d")->type_name("SPAN|off");
  setting("--keep-versions", arguments->keep_versions, "How many versions of a key are kept")->type_name("N|off");
  setting("--ttl", arguments->time_to_live, "Hide records so long after they were written")->type_name("SPAN|off");
  tree.on_run(command, [arguments](Session& session) {
    if (arguments->collection.empty()) return describe_store(session);
    const bool changes = !arguments->history.empty() || !arguments->keep.empty() || !arguments->keep_versions.empty() ||
                         !arguments->time_to_live.empty();
    if (changes) return change_collection(session, *arguments);
    return describe_collection(session, session.existing_collection(Session::Access::read, arguments->collection));
  });
}

// ---- index

int list_indexes(Session& session, const std::string& only) {
  std::vector<std::string> names;
  if (only.empty()) {
    names = session.visible_collections(Session::Access::read);
  } else {
    names = {session.existing_collection(Session::Access::read, only).name()};
  }
  const auto rows = make_row_writer(session.display());
  std::uint64_t indexes = 0;
  for (const std::string& name : names) {
    for (const IndexDescription& index : session.store(Session::Access::read).collection(name).indexes()) {
      rows->write(index_row(name, index));
      ++indexes;
    }
  }
  rows->finish(indexes == 0 ? "no indexes: strata index create COLLECTION FIELD" : one_or_many(indexes, "index"));
  return exit_done;
}

struct CreateArguments {
  std::string collection;
  std::string fields;
  std::string name;
  bool unique = false;
  bool time = false;
};

int create_index(Session& session, const CreateArguments& arguments) {
  IndexOptions options;
  options.name = arguments.name;
  options.unique = arguments.unique;
  for (const std::string& part : split_list(arguments.fields)) {
    const bool marked = part.ends_with(":time");
    options.fields.push_back({marked ? part.substr(0, part.size() - std::string_view(":time").size()) : part, marked});
  }
  if (options.fields.empty()) throw UsageError("index create: no field named: write kind, or kind,created");
  if (arguments.time) options.fields.back().time = true;

  Collection collection = session.store(Session::Access::create).collection(arguments.collection);
  const auto progress = session.progress_bar();
  collection.create_index(options, progress.get());
  progress->finish();
  const std::vector<IndexDescription> indexes = collection.indexes();
  const auto same = [&](const IndexDescription& index) {
    if (!options.name.empty()) return index.options.name == options.name;
    return std::equal(index.options.fields.begin(), index.options.fields.end(), options.fields.begin(),
                      options.fields.end(), [](const IndexField& a, const IndexField& b) { return a.path == b.path; });
  };
  const auto made = std::find_if(indexes.begin(), indexes.end(), same);
  if (made == indexes.end() && progress->interrupted()) {
    throw Interrupted("interrupted: no index was made; the same command begins again");
  }
  if (made == indexes.end()) {
    throw Error(ErrorCode::internal, "the index on " + arguments.fields + " of " + arguments.collection +
                                         " is not there after its making: was it dropped meanwhile?");
  }
  if (!made->ready && progress->interrupted()) {
    throw Interrupted("interrupted: index " + made->options.name + " of " + arguments.collection +
                      " is not built yet; the same command goes on");
  }
  const auto rows = make_row_writer(session.display());
  rows->write(index_row(arguments.collection, *made));
  rows->finish();
  return exit_done;
}

int drop_index(Session& session, const std::string& collection_name, const std::string& name) {
  Collection collection = session.existing_collection(Session::Access::change, collection_name);
  if (!collection.drop_index(name)) {
    std::vector<std::string> names;
    for (const IndexDescription& index : collection.indexes()) names.push_back(index.options.name);
    const auto near = nearest(name, names);
    throw Error(ErrorCode::not_found, "no index " + name + " on collection " + collection_name + ": " +
                                          (near            ? "did you mean " + *near + "?"
                                           : names.empty() ? std::string("it has none")
                                                           : "it has " + join(names, " and ")));
  }
  const auto rows = make_row_writer(session.display());
  rows->write({{"collection", Value(collection_name)}, {"name", Value(name)}, {"dropped", Value(true)}});
  rows->finish();
  return exit_done;
}

void add_index(CommandTree& tree) {
  CLI::App& command =
      tree.add({"index", "[create|list|drop ...]",
                "Indexes over fields of a collection, so that find need not read all of it; alone: list them",
                "strata index create notes kind,created", group});
  command.require_subcommand(0, 1);
  tree.on_run(command, [](Session& session) { return list_indexes(session, ""); });

  CLI::App& create = tree.add(
      {"create", "COLLECTION FIELD[,FIELD...]", "Declare an index and build it while others go on reading and writing",
       "strata index create notes email --unique", "Commands"},
      {&command, true, false});
  auto arguments = std::make_shared<CreateArguments>();
  create.add_option("COLLECTION", arguments->collection, "Of these records")->required()->type_name("");
  create
      .add_option("FIELDS", arguments->fields,
                  "Paths (kind, author.name), joined by commas; created and updated are the record's own times; "
                  "FIELD:time for one that holds times")
      ->required()
      ->type_name("");
  create.add_flag("--unique", arguments->unique, "No two records may share these values");
  create.add_flag("--time", arguments->time, "The last field holds times: ISO 8601 text, or microseconds");
  create.add_option("--name", arguments->name, "Else the fields, joined by commas")->type_name("NAME");
  tree.on_run(create, [arguments](Session& session) { return create_index(session, *arguments); });

  CLI::App& list = tree.add({"list", "[COLLECTION]", "List the indexes", "strata index list notes", "Commands"},
                            {&command, true, false});
  auto listed = std::make_shared<std::string>();
  list.add_option("COLLECTION", *listed, "Of this collection alone")->type_name("");
  tree.on_run(list, [listed](Session& session) { return list_indexes(session, *listed); });

  CLI::App& drop = tree.add({"drop", "COLLECTION NAME", "Drop an index; records stay as they are",
                             "strata index drop notes kind,created", "Commands"},
                            {&command, true, false});
  auto dropped = std::make_shared<std::pair<std::string, std::string>>();
  drop.add_option("COLLECTION", dropped->first, "Whose index")->required()->type_name("");
  drop.add_option("NAME", dropped->second, "As index list prints it")->required()->type_name("");
  tree.on_run(drop, [dropped](Session& session) { return drop_index(session, dropped->first, dropped->second); });
}

}  // namespace

void add_declaration_commands(CommandTree& tree) {
  add_info(tree);
  add_index(tree);
}

}  // namespace strata::cli
