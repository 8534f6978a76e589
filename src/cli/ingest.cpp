// ingest: folders into the store, and kept so. ask: passages for a question.
#include <algorithm>

#include "cli/arguments.hpp"
#include "cli/command_tree.hpp"
#include "cli/help.hpp"
#include "cli/matching_lines.hpp"
#include "cli/text.hpp"
#include "ingest/folder_ingest.hpp"
#include "ingest/ingest_root.hpp"
#include "ingest/passages.hpp"
#include "ingest/system.hpp"
#include "strata/search.hpp"

namespace strata::cli {
namespace {

constexpr const char* group = "Files";

// ---- ingest

// A wait is renewed this often, to look whether Ctrl-C was pressed.
constexpr std::chrono::milliseconds watch_poll{500};
// Changes come in flocks: an editor writes, renames, removes.
constexpr std::chrono::milliseconds watch_calm{200};
constexpr int calms_max = 25;

struct IngestArguments {
  ingest::IngestOptions options;
  std::optional<std::string> name;
  std::string size_max;
  std::string embedder = "lexical";
  bool no_ignore = false;
  bool no_symbols = false;
  bool watch = false;
  bool forget = false;
  bool list = false;
};

std::uint64_t parse_bytes(const std::string& option, const std::string& text) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const std::string unit = text.substr(digits);
  const int shift = unit.empty() || unit == "B"    ? 0
                    : unit == "K" || unit == "KiB" ? 10
                    : unit == "M" || unit == "MiB" ? 20
                                                   : -1;
  if (digits == 0 || digits > 9 || shift < 0) {
    throw UsageError(option + ": `" + single_line(text) + "` is no size: write 500K, or 4M");
  }
  return std::stoull(text.substr(0, digits)) << shift;
}

ingest::IngestOptions ingest_options(Session& session, const IngestArguments& arguments) {
  ingest::IngestOptions options = arguments.options;
  options.name = arguments.name;
  if (!arguments.size_max.empty()) {
    options.passage_bytes_max = parse_bytes("--max-size", arguments.size_max);
    if (options.passage_bytes_max > ingest::large_file_bytes)
      throw UsageError("--max-size: at most 16M of a file are cut into passages; all of it is stored in any case");
  }
  options.walk.ignore_files = !arguments.no_ignore;
  options.lexical = arguments.embedder == "lexical";
  options.symbols = !arguments.no_symbols;
  options.durability = session.choice.durability;
  if (options.dry_run && arguments.watch) throw UsageError("ingest: --dry-run looks once; leave out --watch");
  return options;
}

std::string skipped_text(const ingest::IngestReport& report) {
  std::string text;
  for (const auto& [reason, count] : report.skipped) {
    text += (text.empty() ? "" : ", ") + human_count(count) + " " + reason;
  }
  return text.empty() ? " " : text;
}

void print_ingest(Session& session, const ingest::IngestReport& report) {
  for (const ingest::IngestNote& note : report.notes) {
    session.error() << single_line(note.path) << ": " << single_line(note.reason) << '\n';
  }
  if (report.notes_total > report.notes.size()) {
    session.error() << "and " << one_or_many(report.notes_total - report.notes.size(), "more note") << '\n';
  }
  session.error() << std::flush;
  std::vector<std::pair<std::string, Value>> skipped;
  for (const auto& [reason, count] : report.skipped) skipped.emplace_back(reason, Value(count));
  const double seconds = report.elapsed.count();
  const double rate = seconds > 0 ? static_cast<double>(report.bytes) / seconds / 1e6 : 0;
  char rate_text[32];
  std::snprintf(rate_text, sizeof rate_text, "%.1f MB/s", rate);
  write_sheet(session.display(),
              {{"files", Value(report.files), human_count(report.files)},
               {"added", Value(report.added), human_count(report.added)},
               {"changed", Value(report.changed), human_count(report.changed)},
               {"unchanged", Value(report.unchanged), human_count(report.unchanged)},
               {"removed", Value(report.removed), human_count(report.removed)},
               {"passages", Value(report.passages), human_count(report.passages)},
               {"edges", Value(report.edges), human_count(report.edges)},
               {"skipped", Value::object(skipped), skipped_text(report)},
               {"bytes", Value(report.bytes), human_bytes(report.bytes)},
               {"seconds", Value(seconds),
                human_duration(std::chrono::duration_cast<std::chrono::nanoseconds>(report.elapsed))},
               {"megabytes_per_second", Value(rate), rate_text}});
  session.out() << std::flush;
}

/// Shows a run's bar, and asks it to stop when Ctrl-C was pressed.
ingest::IngestReport run_ingest(Session& session, Store& store, ingest::IngestOptions options, bool forget = false) {
  const auto bar = session.progress_bar();
  options.progress = [&bar, forget](const ingest::IngestProgress& progress) {
    bar->set_detail(single_line(progress.file));
    return bar->advance(forget ? "forgetting" : "reading", progress.files_done, progress.files_total);
  };
  const bool writes = !options.dry_run;
  ingest::IngestReport report =
      forget ? ingest::FolderIngest::forget(store, options) : ingest::FolderIngest(store, std::move(options)).run();
  Collection passages = store.collection(ingest::passages_collection);
  if (writes && !report.cancelled && passages.exists()) passages.build_search(bar.get());
  bar->finish();
  return report;
}

void expect_finished(const ingest::IngestReport& report) {
  if (report.cancelled) throw Interrupted("interrupted: what was read is in; the same command goes on with the rest");
}

/// Runs whenever something has changed, until Ctrl-C.
int watch_folders(Session& session, Store& store, ingest::IngestOptions options) {
  const InterruptGuard interrupt;
  options.progress = [&interrupt](const ingest::IngestProgress&) { return !interrupt.requested(); };
  ingest::FolderIngest folder_ingest(store, std::move(options));
  ingest::FolderWatch watch;
  bool first = true;
  while (!interrupt.requested()) {
    const ingest::IngestReport report = folder_ingest.run();
    // A folder that came while the run went on is watched from now on; what came into it before is seen by one more
    // run.
    for (const std::string& folder : folder_ingest.folders()) watch.add(folder);
    const bool anything = report.added + report.changed + report.removed != 0;
    if (first || anything || report.notes_total != 0) print_ingest(session, report);
    if (first) session.note("watching " + one_or_many(folder_ingest.folders().size(), "folder") + "; Ctrl-C ends");
    const bool settled = !first && !anything;
    first = false;
    if (!settled) continue;
    while (!interrupt.requested() && !watch.wait(watch_poll)) {
    }
    for (int calms = 0; calms < calms_max && !interrupt.requested() && watch.wait(watch_calm); ++calms) {
    }
  }
  return exit_done;
}

int forget_roots(Session& session, const IngestArguments& arguments) {
  if (arguments.watch) throw UsageError("ingest: --forget and --watch are two wishes; leave one out");
  const ingest::IngestOptions options = ingest_options(session, arguments);
  Store& store = session.store(options.dry_run ? Session::Access::read : Session::Access::change);
  const ingest::IngestReport report = run_ingest(session, store, options, true);
  if (report.cancelled)
    throw Interrupted("interrupted: part of it is forgotten; the same command goes on with the rest");
  write_sheet(session.display(),
              {{"removed", Value(report.removed), human_count(report.removed)},
               {"passages", Value(report.passages), human_count(report.passages)},
               {"edges", Value(report.edges), human_count(report.edges)},
               {"seconds", Value(report.elapsed.count()),
                human_duration(std::chrono::duration_cast<std::chrono::nanoseconds>(report.elapsed))}});
  return exit_done;
}

int list_roots(Session& session) {
  Store& store = session.store(Session::Access::read);
  const auto rows = make_row_writer(session.display());
  const std::vector<ingest::RootDescription> roots = ingest::describe_roots(store);
  for (const ingest::RootDescription& root : roots) {
    const std::string updated = root.root.updated.to_string();
    rows->write({{"path", Value(ingest::valid_text(root.root.path))},
                 {"name", Value(root.root.name)},
                 {"files", Value(root.files), human_count(root.files)},
                 {"bytes", Value(root.bytes), human_bytes(root.bytes)},
                 {"updated", Value(updated)},
                 {"finished", Value(!root.root.tree.empty())}});
  }
  rows->finish(one_or_many(roots.size(), "root"));
  return exit_done;
}

int ingest_paths(Session& session, const IngestArguments& arguments) {
  if (arguments.list && !arguments.options.paths.empty())
    throw UsageError("ingest: --list shows all that was taken in; leave out PATH");
  if (arguments.list) return list_roots(session);
  if (arguments.options.paths.empty())
    throw UsageError("ingest: what? Give it folders or files, as in strata ingest .");
  if (arguments.forget) return forget_roots(session, arguments);
  ingest::IngestOptions options = ingest_options(session, arguments);
  if (options.dry_run) {
    std::optional<Store> none;
    Store* store = nullptr;
    try {
      store = &session.store(Session::Access::read);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found) throw;
      OpenOptions empty;
      empty.background = false;
      store = &none.emplace(Store::open("memory:", empty));
    }
    const ingest::IngestReport report = run_ingest(session, *store, std::move(options));
    print_ingest(session, report);
    expect_finished(report);
    return exit_done;
  }
  for (const std::string& path : options.paths) {  // before a store is made
    if (!ingest::file_status(path)) throw Error(ErrorCode::not_found, "no file or folder " + path);
  }
  Store& store = session.store(Session::Access::create);
  if (arguments.watch) return watch_folders(session, store, std::move(options));
  const ingest::IngestReport report = run_ingest(session, store, std::move(options));
  print_ingest(session, report);
  expect_finished(report);
  return exit_done;
}

void add_ingest(CommandTree& tree) {
  CLI::App& command =
      tree.add({"ingest", "[PATH...]",
                "Take in folders of text and code, and what has changed in them since: files become documents and "
                "passages that `strata ask` finds, links and imports become edges. Heeds .gitignore. A run that was "
                "stopped goes on when it is run again",
                "strata ingest . && strata ask \"where are sockets closed\"", group},
               {nullptr, true, true});
  auto arguments = std::make_shared<IngestArguments>();
  ingest::IngestOptions& options = arguments->options;
  command.add_option("PATH", options.paths, "Folders or files")->type_name("");
  command
      .add_option("--name", arguments->name,
                  "What the keys of these files begin with; else nothing for the first "
                  "folder, and the folder's name for others")
      ->type_name("NAME");
  command.add_option("--include", options.walk.include, "Only files like this (*.md); may be given again")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  command.add_option("--exclude", options.walk.exclude, "No files or folders like this; may be given again")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  command.add_option("--max-size", arguments->size_max, "Of a larger file, only so much is cut into passages (4M)")
      ->type_name("SIZE");
  command.add_flag("--no-ignore", arguments->no_ignore, "Do not heed .gitignore and .ignore");
  command.add_flag("--hidden", options.walk.hidden, "Names that begin with a dot, too");
  command
      .add_option("--embedder", arguments->embedder,
                  "Who makes vectors of passages: lexical, here, from words; none: `strata vector` sets one up")
      ->check(one_of({"lexical", "none"}))
      ->type_name("lexical|none");
  command.add_flag("--no-symbols", arguments->no_symbols, "Do not ask universal-ctags what files define");
  command.add_flag("--dry-run", options.dry_run, "Say what would be done");
  command.add_flag("--watch", arguments->watch, "Go on, and take in changes as they come, until Ctrl-C");
  command.add_flag("--list", arguments->list, "Show the folders that were taken in");
  command.add_flag("--forget", arguments->forget,
                   "Take them out again, with all that came of them; PATH need not exist any more");
  command.add_option("--jobs", options.jobs, "Threads; else as many as there are cores, from 2 to 8")->type_name("N");
  tree.on_run(command, [arguments](Session& session) { return ingest_paths(session, *arguments); });
}

// ---- ask

struct AskArguments {
  std::string words;
  std::string inside;
  std::string language;
  std::uint64_t limit = 10;
  std::size_t context = 0;
  std::size_t lines = 3;
  std::string format;
  bool explain = false;
};

/// The least text that is greater than every text with this prefix; empty when there is none.
std::string after_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

/// Words as they are typed, so that no character of a question is taken for an operator.
std::string plain_words(const std::string& question) {
  std::string words;
  for (const std::string& word : query_words(question)) words += (words.empty() ? "" : " ") + word;
  return words;
}

Search ask_search(const Collection& passages, const AskArguments& arguments) {
  Search search;
  search.text = TextMatch{"", plain_words(arguments.words), 1};
  for (const VectorDescription& vector : passages.vectors()) {
    if (vector.options.embedder != "lexical") continue;
    Near near;
    near.field = vector.options.field;
    near.words = arguments.words;
    near.weight = 0.5;
    search.near.push_back(std::move(near));
    break;
  }
  if (!arguments.inside.empty()) {
    std::string prefix = arguments.inside;
    while (prefix.starts_with("./")) prefix.erase(0, 2);
    // `docs` means that folder, or that file; not `docs-old`.
    while (prefix.ends_with('/')) prefix.pop_back();
    search.where = "(file = :file or (file >= :from and file < :to))";
    search.parameters.emplace("file", Value(prefix));
    search.parameters.emplace("from", Value(prefix + "/"));
    search.parameters.emplace("to", Value(after_prefix(prefix + "/")));
  }
  if (!arguments.language.empty()) {
    search.where += std::string(search.where.empty() ? "" : " and ") + "language = :language";
    search.parameters.emplace("language", Value(arguments.language));
  }
  search.limit = arguments.limit;
  return search;
}

void print_people(Session& session, const std::vector<Hit>& hits, const AskArguments& arguments, bool colour) {
  const std::vector<std::string> words = query_words(arguments.words);
  for (const Hit& hit : hits) {
    const ValueView value = hit.record.value;
    const std::int64_t first = value["first_line"].int_or(1);
    session.out() << bold(single_line(value["file"].string_or("")) + ":" + std::to_string(first) + "-" +
                              std::to_string(value["last_line"].int_or(first)),
                          colour)
                  << "  " << single_line(value["title"].string_or("")) << '\n';
    std::size_t before = 0;
    for (const MatchingLine& line :
         best_lines(value["text"].string_or(""), words, arguments.lines, arguments.context)) {
      if (before != 0 && line.number != before + 1) session.out() << faint("   ...", colour) << '\n';
      before = line.number;
      const std::string number = std::to_string(static_cast<std::size_t>(first) + line.number - 1);
      session.out() << faint(std::string(number.size() < 6 ? 6 - number.size() : 0, ' ') + number, colour)
                    << (line.matches ? ": " : "- ") << highlighted(line.text, words, colour) << '\n';
    }
    session.out() << '\n';
  }
}

void print_grep(Session& session, const std::vector<Hit>& hits, const AskArguments& arguments, bool colour) {
  const std::vector<std::string> words = query_words(arguments.words);
  for (const Hit& hit : hits) {
    const ValueView value = hit.record.value;
    const auto first = static_cast<std::size_t>(value["first_line"].int_or(1));
    for (const MatchingLine& line :
         best_lines(value["text"].string_or(""), words, arguments.lines, arguments.context)) {
      const char mark = line.matches ? ':' : '-';
      session.out() << single_line(value["file"].string_or("")) << mark << first + line.number - 1 << mark
                    << highlighted(line.text, words, colour) << '\n';
    }
  }
}

void print_rows(Session& session, const std::vector<Hit>& hits, const AskArguments& arguments, Format format) {
  const std::vector<std::string> words = query_words(arguments.words);
  Display display = session.display();
  display.format = format;
  const auto rows = make_row_writer(display);
  for (const Hit& hit : hits) {
    const ValueView value = hit.record.value;
    const std::int64_t first = value["first_line"].int_or(1);
    std::vector<Value> lines;
    for (const MatchingLine& line :
         best_lines(value["text"].string_or(""), words, arguments.lines, arguments.context)) {
      lines.push_back(Value::object(
          {{"line", Value(static_cast<std::size_t>(first) + line.number - 1)}, {"text", Value(line.text)}}));
    }
    rows->write({{"path", Value(value["file"].string_or(""))},
                 {"first_line", Value(first)},
                 {"last_line", Value(value["last_line"].int_or(first))},
                 {"title", Value(value["title"].string_or(""))},
                 {"language", Value(value["language"].string_or(""))},
                 {"score", Value(hit.score)},
                 {"lines", Value::array(lines)},
                 {"key", Value(hit.record.key)}});
  }
  rows->finish();
}

void print_plan(Session& session, const SearchResult& result) {
  const auto rows = make_row_writer(session.display());
  for (const SearchPlan::Leg& leg : result.plan.legs) {
    rows->write({{"leg", Value(leg.name)},
                 {"access", Value(leg.access)},
                 {"rows_visited", Value(leg.rows_visited), human_count(leg.rows_visited)},
                 {"rows_matched", Value(leg.rows_matched), human_count(leg.rows_matched)},
                 {"nanoseconds", Value(leg.time.count()), human_duration(leg.time)},
                 {"detail", Value(leg.detail)}});
  }
  rows->finish(result.plan.method + ": " + one_or_many(result.hits.size(), "passage") + " in " +
               human_duration(result.plan.time));
}

int ask(Session& session, const AskArguments& arguments) {
  if (query_words(arguments.words).empty())
    throw UsageError("ask: what for? Give it words, as in strata ask \"close sockets\"");
  Store& store = session.store(Session::Access::read);
  const Collection passages = store.collection(ingest::passages_collection);
  if (!passages.exists() || passages.texts().empty()) {
    throw Error(ErrorCode::not_found, "nothing was ingested into " + without_secrets(session.location()) +
                                          ": strata ingest PATH takes in a folder");
  }
  const SearchResult result = passages.search(ask_search(passages, arguments));
  if (arguments.explain) {
    print_plan(session, result);
    return exit_done;
  }
  const std::string usual = session.terminal().out_is_terminal ? "text" : "jsonl";
  const std::string format = arguments.format.empty() ? usual : arguments.format;
  const bool colour = session.display().colour;
  if (format == "text") {
    print_people(session, result.hits, arguments, colour);
  } else if (format == "grep") {
    print_grep(session, result.hits, arguments, colour);
  } else {
    print_rows(session, result.hits, arguments, parse_format(format).value_or(Format::jsonl));
  }
  if (result.hits.empty()) session.note("no passage has any of these words");
  return exit_done;
}

void add_ask(CommandTree& tree) {
  // Its --format has more words than others.
  CLI::App& command = tree.add({"ask", "WORDS",
                                "Passages of what was ingested that have these words or words like them, the best "
                                "first, with file and lines",
                                "strata ask \"how are locks released\" --in src", group},
                               {nullptr, false, false});
  auto arguments = std::make_shared<AskArguments>();
  command.add_option("WORDS", arguments->words, "What to look for, in any words")->required()->type_name("");
  command.add_option("--in", arguments->inside, "Only in this folder or file, as the answers name it")
      ->type_name("PATH");
  command.add_option("--language", arguments->language, "Only in files of this language: markdown, cpp, python, ...")
      ->type_name("NAME");
  command.add_option("-k,--limit", arguments->limit, "At most so many passages (10)")->type_name("N");
  command.add_option("--lines", arguments->lines, "At most so many matching lines of each (3)")->type_name("N");
  command.add_option("--context", arguments->context, "And so many lines around each (0)")->type_name("N");
  command
      .add_option("--format", arguments->format,
                  "How to answer; else text on a terminal, JSON Lines otherwise. grep: path:line:text")
      ->check(one_of({"text", "grep", "jsonl", "table", "csv", "md"}))
      ->type_name("text|grep|jsonl|table|csv|md");
  command.add_flag("--explain", arguments->explain, "Print how it was answered instead");
  tree.on_run(command, [arguments](Session& session) { return ask(session, *arguments); });
}

}  // namespace

void add_ingest_commands(CommandTree& tree) {
  add_ingest(tree);
  add_ask(tree);
}

}  // namespace strata::cli
