// vector create|list|drop|build (embed: embed.cpp), text create|list|drop, and search.
#include "strata/search.hpp"

#include <cmath>

#include "cli/arguments.hpp"
#include "cli/command_tree.hpp"
#include "cli/help.hpp"
#include "cli/text.hpp"

namespace strata::cli {
namespace {

constexpr const char* group = "Search";

// ---- vector

Row vector_row(const std::string& collection, const VectorDescription& vector) {
  return {{"collection", Value(collection)},
          {"field", Value(vector.options.field)},
          {"dimension", Value(vector.options.dimension)},
          {"metric", Value(to_string(vector.options.metric))},
          {"type", Value(to_string(vector.options.type))},
          {"index", Value(to_string(vector.options.index))},
          {"in_use", Value(to_string(vector.in_use))},
          {"vectors", Value(vector.vectors), human_count(vector.vectors)},
          {"unindexed", Value(vector.unindexed), human_count(vector.unindexed)},
          {"segments", Value(vector.segments)},
          {"embedder", Value(vector.options.embedder), vector.options.embedder.empty() ? " " : vector.options.embedder},
          {"bytes", Value(vector.file_bytes), human_bytes(vector.file_bytes)}};
}

std::vector<std::string> chosen_collections(Session& session, const std::string& only) {
  if (only.empty()) return session.visible_collections(Session::Access::read);
  return {session.existing_collection(Session::Access::read, only).name()};
}

int list_vectors(Session& session, const std::string& only) {
  const auto rows = make_row_writer(session.display());
  std::uint64_t fields = 0;
  for (const std::string& name : chosen_collections(session, only)) {
    for (const VectorDescription& vector : session.store(Session::Access::read).collection(name).vectors()) {
      rows->write(vector_row(name, vector));
      ++fields;
    }
  }
  rows->finish(fields == 0 ? "no vector fields: strata vector create COLLECTION FIELD --dim N"
                           : one_or_many(fields, "vector field"));
  return exit_done;
}

struct VectorArguments {
  std::string collection;
  VectorOptions options;
  std::string metric = "cosine";
  std::string index = "auto";
  std::string type = "f32";
  std::string sources;
};

int create_vector(Session& session, const VectorArguments& arguments) {
  VectorOptions options = arguments.options;
  options.metric = parse_metric(arguments.metric).value_or(Metric::cosine);
  options.index = parse_vector_index(arguments.index).value_or(VectorIndex::automatic);
  options.type = parse_element_type(arguments.type).value_or(ElementType::f32);
  options.sources = split_list(arguments.sources);
  Collection collection = session.store(Session::Access::create).collection(arguments.collection);
  const auto progress = session.progress_bar();
  collection.create_vector(options, progress.get());
  progress->finish();
  if (progress->interrupted()) {
    throw Interrupted("interrupted: vector field " + options.field + " of " + arguments.collection +
                      " is declared, but not all was moved and indexed; the same command goes on");
  }
  const auto rows = make_row_writer(session.display());
  for (const VectorDescription& vector : collection.vectors()) {
    if (vector.options.field == options.field) rows->write(vector_row(arguments.collection, vector));
  }
  rows->finish();
  return exit_done;
}

[[noreturn]] void fail_absent(const std::string& what, const std::string& name, const std::string& collection,
                              const std::vector<std::string>& names) {
  const auto near = nearest(name, names);
  throw Error(ErrorCode::not_found, "no " + what + " " + name + " on collection " + collection + ": " +
                                        (near            ? "did you mean " + *near + "?"
                                         : names.empty() ? std::string("it has none")
                                                         : "it has " + join(names, " and ")));
}

void print_dropped(Session& session, const std::string& collection, const std::string& name) {
  const auto rows = make_row_writer(session.display());
  rows->write({{"collection", Value(collection)}, {"name", Value(name)}, {"dropped", Value(true)}});
  rows->finish();
}

int drop_vector(Session& session, const std::string& collection_name, const std::string& field) {
  Collection collection = session.existing_collection(Session::Access::change, collection_name);
  if (!collection.drop_vector(field)) {
    std::vector<std::string> names;
    for (const VectorDescription& vector : collection.vectors()) names.push_back(vector.options.field);
    fail_absent("vector field", field, collection_name, names);
  }
  print_dropped(session, collection_name, field);
  return exit_done;
}

struct ReplaceArguments {
  std::string collection;
  std::string field;
  std::string by;
};

int replace_vector(Session& session, const ReplaceArguments& arguments) {
  Collection collection = session.existing_collection(Session::Access::change, arguments.collection);
  std::vector<std::string> names;
  for (const VectorDescription& vector : collection.vectors()) names.push_back(vector.options.field);
  for (const std::string& field : {arguments.field, arguments.by}) {
    if (std::find(names.begin(), names.end(), field) == names.end())
      fail_absent("vector field", field, arguments.collection, names);
  }
  collection.replace_vector(arguments.field, arguments.by);
  return list_vectors(session, arguments.collection);
}

int build(Session& session, const std::string& collection_name) {
  Collection collection = session.existing_collection(Session::Access::change, collection_name);
  const auto progress = session.progress_bar();
  const bool done = collection.build_search(progress.get());
  progress->finish();
  if (!done) throw Interrupted("interrupted: searches go on without what is not built; the same command goes on");
  return list_vectors(session, collection_name);
}

void add_vector_create(CommandTree& tree, CLI::App& parent) {
  CLI::App& command =
      tree.add({"create", "COLLECTION FIELD --dim N",
                "Declare a vector field: arrays of numbers at FIELD are stored apart from the records, and searched. "
                "Vectors in records that are there are taken over",
                "strata vector create notes embedding --dim 384", "Commands"},
               {&parent, true, false});
  auto arguments = std::make_shared<VectorArguments>();
  VectorOptions& options = arguments->options;
  command.add_option("COLLECTION", arguments->collection, "Of these records")->required()->type_name("");
  command.add_option("FIELD", options.field, "A member of the value: embedding, or a.b")->required()->type_name("");
  command.add_option("--dim", options.dimension, "Elements of a vector")->required()->type_name("N");
  command.add_option("--metric", arguments->metric, "How alikeness is measured")
      ->check(one_of({"cosine", "inner_product", "l2"}))
      ->type_name("cosine|inner_product|l2");
  command.add_option("--index", arguments->index, "flat is exact; auto is flat while that is fast, and hnsw beyond")
      ->check(one_of({"auto", "flat", "hnsw", "ivf"}))
      ->type_name("auto|flat|hnsw|ivf");
  command.add_option("--type", arguments->type, "How an element is stored")
      ->check(one_of({"f32", "f16", "i8"}))
      ->type_name("f32|f16|i8");
  command.add_option("--m", options.connections, "hnsw: edges of a vector (16)")->type_name("M");
  command.add_option("--ef", options.ef_construction, "hnsw: candidates while it is built (200)")->type_name("N");
  command
      .add_option("--embed", options.embedder,
                  "lexical: make the vectors from text here, by its words and their parts; it knows no meanings")
      ->check(one_of({"lexical"}))
      ->type_name("lexical");
  command.add_option("--from", arguments->sources, "With --embed: the fields of the text")->type_name("F,...");
  tree.on_run(command, [arguments](Session& session) { return create_vector(session, *arguments); });
}

void add_vector(CommandTree& tree) {
  CLI::App& command = tree.add({"vector", "[create|embed|list|replace|drop|build ...]",
                                "Vector fields of a collection, for search by likeness; alone: list them",
                                "strata vector create notes embedding --dim 384", group});
  command.require_subcommand(0, 1);
  tree.on_run(command, [](Session& session) { return list_vectors(session, ""); });
  add_vector_create(tree, command);
  add_vector_embed(tree, command);

  CLI::App& list = tree.add({"list", "[COLLECTION]", "List the vector fields", "strata vector list notes", "Commands"},
                            {&command, true, false});
  auto listed = std::make_shared<std::string>();
  list.add_option("COLLECTION", *listed, "Of this collection alone")->type_name("");
  tree.on_run(list, [listed](Session& session) { return list_vectors(session, *listed); });

  CLI::App& drop = tree.add({"drop", "COLLECTION FIELD", "Drop a vector field with its vectors",
                             "strata vector drop notes embedding", "Commands"},
                            {&command, true, false});
  auto dropped = std::make_shared<std::pair<std::string, std::string>>();
  drop.add_option("COLLECTION", dropped->first, "Whose field")->required()->type_name("");
  drop.add_option("FIELD", dropped->second, "As vector list prints it")->required()->type_name("");
  tree.on_run(drop, [dropped](Session& session) { return drop_vector(session, dropped->first, dropped->second); });

  CLI::App& replace = tree.add({"replace", "COLLECTION FIELD BY",
                                "For another model or dimension: FIELD becomes what field BY is, with its vectors and "
                                "its index, in one commit; BY "
                                "is no more. Declare and fill BY first, while searches of FIELD go on",
                                "strata vector replace notes embedding embedding_v2", "Commands"},
                               {&command, true, false});
  auto replaced = std::make_shared<ReplaceArguments>();
  replace.add_option("COLLECTION", replaced->collection, "Whose fields")->required()->type_name("");
  replace.add_option("FIELD", replaced->field, "What goes, and whose name stays")->required()->type_name("");
  replace.add_option("BY", replaced->by, "What takes its place")->required()->type_name("");
  tree.on_run(replace, [replaced](Session& session) { return replace_vector(session, *replaced); });

  CLI::App& built = tree.add(
      {"build", "COLLECTION", "Index now what is not indexed yet. Processes that search for long do it by themselves",
       "strata vector build notes", "Commands"},
      {&command, true, false});
  auto chosen = std::make_shared<std::string>();
  built.add_option("COLLECTION", *chosen, "Whose vectors and text")->required()->type_name("");
  tree.on_run(built, [chosen](Session& session) { return build(session, *chosen); });
}

// ---- text

Row text_row(const std::string& collection, const TextDescription& text) {
  std::vector<Value> fields(text.options.fields.begin(), text.options.fields.end());
  return {{"collection", Value(collection)},
          {"name", Value(text.options.name)},
          {"fields", Value::array(fields), join(text.options.fields, ",")},
          {"stemming", Value(text.options.stemming), text.options.stemming ? "stemming" : " "},
          {"records", Value(text.records), human_count(text.records)},
          {"bytes", Value(text.file_bytes), human_bytes(text.file_bytes)}};
}

int list_texts(Session& session, const std::string& only) {
  const auto rows = make_row_writer(session.display());
  std::uint64_t fields = 0;
  for (const std::string& name : chosen_collections(session, only)) {
    for (const TextDescription& text : session.store(Session::Access::read).collection(name).texts()) {
      rows->write(text_row(name, text));
      ++fields;
    }
  }
  rows->finish(fields == 0 ? "no text fields: strata text create COLLECTION FIELD" : one_or_many(fields, "text field"));
  return exit_done;
}

struct TextArguments {
  std::string collection;
  std::string fields;
  TextOptions options;
};

int create_text(Session& session, const TextArguments& arguments) {
  TextOptions options = arguments.options;
  options.fields = split_list(arguments.fields);
  Collection collection = session.store(Session::Access::create).collection(arguments.collection);
  const auto progress = session.progress_bar();
  collection.create_text(options, progress.get());
  progress->finish();
  if (progress->interrupted())
    throw Interrupted("interrupted: the text field is declared; the first search indexes what is left");
  const auto rows = make_row_writer(session.display());
  for (const TextDescription& text : collection.texts()) {
    if (text.options.fields == options.fields) rows->write(text_row(arguments.collection, text));
  }
  rows->finish();
  return exit_done;
}

int drop_text(Session& session, const std::string& collection_name, const std::string& name) {
  Collection collection = session.existing_collection(Session::Access::change, collection_name);
  if (!collection.drop_text(name)) {
    std::vector<std::string> names;
    for (const TextDescription& text : collection.texts()) names.push_back(text.options.name);
    fail_absent("text field", name, collection_name, names);
  }
  print_dropped(session, collection_name, name);
  return exit_done;
}

void add_text(CommandTree& tree) {
  CLI::App& command =
      tree.add({"text", "[create|list|drop ...]", "Text fields of a collection, for search by words; alone: list them",
                "strata text create notes title,body", group});
  command.require_subcommand(0, 1);
  tree.on_run(command, [](Session& session) { return list_texts(session, ""); });

  CLI::App& create = tree.add({"create", "COLLECTION FIELD[,FIELD...]", "Declare a text field, and index its words",
                               "strata text create notes title,body --stemming", "Commands"},
                              {&command, true, false});
  auto arguments = std::make_shared<TextArguments>();
  create.add_option("COLLECTION", arguments->collection, "Of these records")->required()->type_name("");
  create.add_option("FIELDS", arguments->fields, "Paths (title, author.name), joined by commas")
      ->required()
      ->type_name("");
  create.add_flag("--stemming", arguments->options.stemming, "Words that differ by an English ending are one");
  create.add_option("--name", arguments->options.name, "Else the fields, joined by commas")->type_name("NAME");
  tree.on_run(create, [arguments](Session& session) { return create_text(session, *arguments); });

  CLI::App& list = tree.add({"list", "[COLLECTION]", "List the text fields", "strata text list notes", "Commands"},
                            {&command, true, false});
  auto listed = std::make_shared<std::string>();
  list.add_option("COLLECTION", *listed, "Of this collection alone")->type_name("");
  tree.on_run(list, [listed](Session& session) { return list_texts(session, *listed); });

  CLI::App& drop = tree.add({"drop", "COLLECTION NAME", "Drop a text field; records stay as they are",
                             "strata text drop notes title,body", "Commands"},
                            {&command, true, false});
  auto dropped = std::make_shared<std::pair<std::string, std::string>>();
  drop.add_option("COLLECTION", dropped->first, "Whose field")->required()->type_name("");
  drop.add_option("NAME", dropped->second, "As text list prints it")->required()->type_name("");
  tree.on_run(drop, [dropped](Session& session) { return drop_text(session, dropped->first, dropped->second); });
}

// ---- search

struct SearchArguments {
  std::string collection;
  std::vector<std::string> vectors;
  std::vector<std::string> like;
  std::string near;
  std::string field;
  std::string text;
  std::string text_field;
  std::string where;
  std::vector<std::string> parameters;
  std::string within;
  std::vector<std::string> types;
  std::string since;
  std::string until;
  std::uint64_t limit = 10;
  double similarity_min = 0;
  std::uint64_t effort = 0;
  std::string fusion = "rank";
  std::string fields;
  double text_weight = 1;
  bool exact = false;
  bool snippets = false;
  bool explain = false;
};

/// `NODE:HOPS`; a node alone is one hop.
Within parse_within(const std::string& text) {
  Within within;
  const std::size_t colon = text.rfind(':');
  const std::string hops = colon == std::string::npos ? std::string() : text.substr(colon + 1);
  const bool counted = !hops.empty() && hops.size() < 10 && hops.find_first_not_of("0123456789") == std::string::npos;
  within.node = counted ? text.substr(0, colon) : text;
  if (counted) within.hops = std::stoul(hops);
  return within;
}

Search to_search(const SearchArguments& arguments, const CLI::App& command, std::istream& in) {
  Search search;
  for (const std::string& vector : arguments.vectors) search.near.push_back(parse_near(vector, in));
  for (const std::string& key : arguments.like) {
    Near near;
    near.like = key;
    search.near.push_back(std::move(near));
  }
  if (command.count("--near") != 0) {
    Near near;
    near.words = arguments.near;
    search.near.push_back(std::move(near));
  }
  for (Near& near : search.near) {
    if (near.field.empty()) near.field = arguments.field;
    if (command.count("--min-similarity") != 0) near.similarity = arguments.similarity_min;
  }
  if (command.count("--text") != 0)
    search.text = TextMatch{arguments.text_field, arguments.text, arguments.text_weight};
  if (search.near.empty() && !search.text)
    throw UsageError("search: what for? Give --text WORDS, --vector '[...]', --like KEY, or --near WORDS");
  search.where = arguments.where;
  search.parameters = parse_parameters(arguments.parameters);
  if (!arguments.within.empty()) {
    search.within = parse_within(arguments.within);
    search.within->types = arguments.types;
  } else if (!arguments.types.empty()) {
    throw UsageError("search: --type says which edges --within follows: give that too");
  }
  if (!arguments.since.empty()) search.since = parse_time("--since", arguments.since);
  if (!arguments.until.empty()) search.until = parse_time("--until", arguments.until);
  search.limit = arguments.limit;
  search.fusion = arguments.fusion == "weighted" ? Fusion::weighted : Fusion::reciprocal_rank;
  search.fields = split_list(arguments.fields);
  search.effort = arguments.effort;
  search.exact = arguments.exact;
  search.snippets = arguments.snippets;
  return search;
}

Row hit_row(const Hit& hit, const Search& search, const Display& display) {
  Row row = record_row(hit.record, display.format, search.fields);
  const auto number = [](double score) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4f", score);
    return std::string(text);
  };
  Row scores;
  const bool one_vector = search.near.size() == 1 && !search.text;
  if (one_vector) {
    scores.emplace_back("similarity", Value(hit.score), number(hit.score));
  } else {
    scores.emplace_back("score", Value(hit.score), number(hit.score));
    if (search.near.size() == 1 && search.text) {
      const double similarity = hit.similarities[0];
      const bool known = !std::isnan(similarity);
      scores.emplace_back("similarity", known ? Value(similarity) : Value(nullptr), known ? number(similarity) : " ");
    }
  }
  if (hit.ranks.size() > 1) {
    std::vector<Value> ranks(hit.ranks.begin(), hit.ranks.end());
    scores.emplace_back("ranks", Value::array(ranks));
  }
  if (search.snippets) scores.emplace_back("snippet", Value(hit.snippet));
  const auto place = display.format == Format::table || display.format == Format::md ? row.begin() + 1 : row.end();
  row.insert(place, scores.begin(), scores.end());
  return row;
}

void print_plan(Session& session, const SearchResult& result) {
  const auto rows = make_row_writer(session.display());
  for (const SearchPlan::Leg& leg : result.plan.legs) {
    rows->write({{"leg", Value(leg.name)},
                 {"access", Value(leg.access)},
                 {"rows_estimated", Value(leg.rows_estimated), human_count(leg.rows_estimated)},
                 {"rows_visited", Value(leg.rows_visited), human_count(leg.rows_visited)},
                 {"rows_matched", Value(leg.rows_matched), human_count(leg.rows_matched)},
                 {"indexed", Value(leg.indexed.value)},
                 {"nanoseconds", Value(leg.time.count()), human_duration(leg.time)},
                 {"detail", Value(leg.detail)}});
  }
  rows->finish(result.plan.method + ": " + one_or_many(result.hits.size(), "hit") + " at position " +
               std::to_string(result.position.value) + " in " + human_duration(result.plan.time) +
               (result.complete ? "" : "; not complete: " + result.incomplete_because));
}

int search(Session& session, const CLI::App& command, const SearchArguments& arguments) {
  const Search search = to_search(arguments, command, session.in());
  const Collection collection = session.existing_collection(Session::Access::read, arguments.collection);
  const SearchResult result = collection.search(search);
  if (arguments.explain) {
    print_plan(session, result);
    return exit_done;
  }
  const Display display = session.display();
  const auto rows = make_row_writer(display);
  for (const Hit& hit : result.hits) rows->write(hit_row(hit, search, display));
  rows->finish(one_or_many(result.hits.size(), "hit"));
  if (!result.complete) session.error() << "not complete: " << single_line(result.incomplete_because) << std::endl;
  return exit_done;
}

void add_search(CommandTree& tree) {
  CLI::App& command = tree.add(
      {"search", "COLLECTION", "Print the records that are most alike, or that words find, or both; the best first",
       "strata search notes --text 'dark mode' --like n1 --where \"kind = 'todo'\" -k 5", group});
  auto arguments = std::make_shared<SearchArguments>();
  command.add_option("COLLECTION", arguments->collection, "Where to look")->required()->type_name("");
  command.add_option("--text", arguments->text, "Words, \"a phrase\", prefix*, +must, -not")->type_name("WORDS");
  command.add_option("--vector", arguments->vectors, "Near this vector, of that field; may be given again")
      ->type_name("[FIELD=]JSON|@FILE")
      ->allow_extra_args(false);
  command.add_option("--like", arguments->like, "Near the vector of this record; may be given again")
      ->type_name("KEY")
      ->allow_extra_args(false);
  command.add_option("--near", arguments->near, "Near these words, where the field has an embedder")
      ->type_name("WORDS");
  command.add_option("--field", arguments->field, "The vector field, where there are several")->type_name("FIELD");
  command.add_option("--text-field", arguments->text_field, "The text field, where there are several")
      ->type_name("NAME");
  command.add_option("--where", arguments->where, "Only records that match this filter (strata find --help)")
      ->type_name("FILTER");
  command
      .add_option("--within", arguments->within,
                  "Only records that edges connect with a node, over so many at most; 1 when not given, 0: any number")
      ->type_name("NODE[:HOPS]");
  command.add_option("--type", arguments->types, "With --within, over edges of this type; may be given again")
      ->type_name("TYPE")
      ->allow_extra_args(false);
  command.add_option("--param", arguments->parameters, "Value of a parameter of the filter; may be given again")
      ->type_name("NAME=JSON")
      ->allow_extra_args(false);
  command.add_option("--since", arguments->since, "Updated at or after this time, or so long ago (7d)")
      ->type_name("TIME");
  command.add_option("--until", arguments->until, "Updated before this time, or so long ago")->type_name("TIME");
  command.add_option("-k,--limit", arguments->limit, "At most so many hits (10)")->type_name("N");
  command.add_option("--min-similarity", arguments->similarity_min, "At least so alike")->type_name("X");
  command.add_option("--fusion", arguments->fusion, "How ranks of several legs become one")
      ->check(one_of({"rank", "weighted"}))
      ->type_name("rank|weighted");
  command.add_option("--text-weight", arguments->text_weight, "Of the words, beside 1 for each vector (1)")
      ->type_name("W");
  command.add_option("--fields", arguments->fields, "Only these fields of each value")->type_name("F,...");
  command.add_option("--effort", arguments->effort, "Candidates of an index to look at; more find more")
      ->type_name("N");
  command.add_flag("--exact", arguments->exact, "Compare with every vector");
  command.add_flag("--snippets", arguments->snippets, "Show the text where it matches");
  command.add_flag("--explain", arguments->explain, "Run it, and print how it was answered instead of the hits");
  tree.on_run(command, [&command, arguments](Session& session) { return search(session, command, *arguments); });
}

}  // namespace

void add_search_commands(CommandTree& tree) {
  add_search(tree);
  add_vector(tree);
  add_text(tree);
}

}  // namespace strata::cli
