// import, export, dump, load: data in and out.
#include <filesystem>
#include <fstream>

#include "cli/command_tree.hpp"
#include "cli/dump_tree.hpp"
#include "cli/help.hpp"
#include "cli/output_file.hpp"
#include "cli/query_arguments.hpp"
#include "cli/text.hpp"
#include "ingest/exporter.hpp"
#include "ingest/importer.hpp"
#include "ingest/line_source.hpp"
#include "strata/dump.hpp"

namespace strata::cli {
namespace {

constexpr const char* group = "Data in and out";

// ---- import

struct ImportArguments {
  ingest::ImportOptions options;
  std::string format = "auto";
  std::string on_error = "stop";
  std::string csv_types = "infer";
  std::string delimiter;
  std::vector<std::string> links;
  bool restart = false;
};

/// `Depends:depends` or `author:wrote_by:people`.
ingest::ImportLink parse_link(const std::string& text, const std::string& collection) {
  const std::size_t first = text.find(':');
  const std::size_t second = first == std::string::npos ? first : text.find(':', first + 1);
  ingest::ImportLink link{text.substr(0, first), {}, collection};
  if (first != std::string::npos) link.type = text.substr(first + 1, second - first - 1);
  if (second != std::string::npos) link.collection = text.substr(second + 1);
  if (link.field.empty() || link.type.empty() || link.collection.empty())
    throw UsageError("--link: write FIELD:TYPE or FIELD:TYPE:COLLECTION, as in --link Depends:depends");
  return link;
}

ingest::ImportOptions import_options(const ImportArguments& arguments) {
  ingest::ImportOptions options = arguments.options;
  options.reader.format = ingest::parse_format(arguments.format).value_or(ingest::Format::auto_detect);
  options.reader.csv_types = arguments.csv_types == "strings" ? ingest::CsvTypes::strings : ingest::CsvTypes::infer;
  if (arguments.delimiter == "\\t" || arguments.delimiter == "tab") {
    options.reader.csv_delimiter = '\t';
  } else if (arguments.delimiter.size() == 1) {
    options.reader.csv_delimiter = arguments.delimiter.front();
  } else if (!arguments.delimiter.empty()) {
    throw UsageError("--delimiter: " + single_line(arguments.delimiter) + " is not one character (or tab)");
  }
  options.skip_bad_lines = arguments.on_error == "skip";
  options.resume = !arguments.restart;
  for (const std::string& link : arguments.links) options.links.push_back(parse_link(link, options.collection));
  if (options.batch_records == 0) throw UsageError("--batch: a batch of 0 records imports nothing: write --batch 1000");
  return options;
}

void print_import(Session& session, const std::string& collection, const ingest::ImportReport& report) {
  for (const std::string& reason : report.bad_line_reasons)
    session.error() << "skipped: " << single_line(reason) << '\n';
  if (report.bad_lines > report.bad_line_reasons.size()) {
    session.error() << "skipped: " << one_or_many(report.bad_lines - report.bad_line_reasons.size(), "more bad line")
                    << '\n';
  }
  session.error() << std::flush;
  if (report.file_changed) session.note("the file has changed since an earlier import of it stopped: begun anew");
  const double seconds = report.elapsed.count();
  const auto rate = static_cast<std::uint64_t>(seconds > 0 ? static_cast<double>(report.records) / seconds : 0);
  Row row = {{"collection", Value(collection)},
             {"format", Value(ingest::to_string(report.format))},
             {"records", Value(report.records), human_count(report.records)},
             {"batches", Value(report.batches), human_count(report.batches)},
             {"bad_lines", Value(report.bad_lines), human_count(report.bad_lines)}};
  if (report.resumed_after != 0) row.emplace_back("resumed_after", Value(report.resumed_after));
  if (report.superseded != 0) row.emplace_back("superseded", Value(report.superseded), human_count(report.superseded));
  row.emplace_back("position", Value(report.position.value));
  row.emplace_back("seconds", Value(seconds),
                   human_duration(std::chrono::duration_cast<std::chrono::nanoseconds>(report.elapsed)));
  row.emplace_back("records_per_second", Value(rate), human_count(rate));
  write_sheet(session.display(), row);
}

int import_file(Session& session, const ImportArguments& arguments) {
  ingest::ImportOptions options = import_options(arguments);
  Store& store = session.store(Session::Access::create);
  const auto bar = session.progress_bar(ProgressBar::Unit::bytes);
  options.progress = [&](const ingest::ImportProgress& progress) {
    bar->set_detail(one_or_many(progress.records, "record") + ", " +
                    human_count(static_cast<std::uint64_t>(progress.records_per_second)) + "/s");
    return bar->advance("import", progress.bytes_done, progress.bytes_total);
  };
  const ingest::ImportReport report = ingest::import_records(store, options);
  // Searches would see everything anyway; but nobody should have to wait for the first of them.
  if (!report.cancelled) store.collection(options.collection).build_search(bar.get());
  bar->finish();
  print_import(session, options.collection, report);
  if (report.cancelled) {
    throw Interrupted("interrupted after " + one_or_many(report.resumed_after + report.records, "record") +
                      (options.path == "-" ? ": standard input cannot be resumed; import from a file to be able to"
                                           : ": the same command goes on from there, --restart begins anew"));
  }
  return exit_done;
}

void add_import(CommandTree& tree) {
  // Its --format is that of the file.
  CLI::App& command =
      tree.add({"import", "COLLECTION FILE|-",
                "Bring in the records of a file, in batches that are each atomic. gzip, zstd and lz4 are "
                "unpacked. An import that was stopped goes on when it is run again",
                "strata import packages Packages.gz --newest Version --link Depends:depends", group},
               {nullptr, false, true});
  auto arguments = std::make_shared<ImportArguments>();
  ingest::ImportOptions& options = arguments->options;
  command.add_option("COLLECTION", options.collection, "Where the records go")->required()->type_name("");
  command
      .add_option("FILE", options.path,
                  "JSON Lines, CSV with a header, deb822, or vectors (.npy, .fvecs); - for standard input")
      ->required()
      ->type_name("");
  command
      .add_option("--key", options.key_field, "The field that is the key; else what the file says, else one is made")
      ->type_name("FIELD");
  command.add_option("--format", arguments->format, "Of the file; auto goes by its name and first line")
      ->check(one_of({"auto", "jsonl", "csv", "deb822", "npy", "fvecs"}))
      ->type_name("auto|jsonl|csv|deb822|npy|fvecs");
  command
      .add_option("--into", options.reader.vector_field,
                  "Of npy and fvecs: the field that takes the vectors (embedding); keys are their numbers")
      ->type_name("FIELD");
  command
      .add_option("--on-error", arguments->on_error, "A bad line stops the import, or is skipped, counted and listed")
      ->check(one_of({"stop", "skip"}))
      ->type_name("stop|skip");
  command.add_option("--batch", options.batch_records, "Records in a transaction (1000)")->type_name("N");
  command
      .add_option("--newest", options.newest_by,
                  "Of records with one key, keep that with the highest value of this field")
      ->type_name("FIELD");
  command
      .add_option("--link", arguments->links,
                  "An edge of the type to each record that the field names: a list, or text such as `a (>= 1), b | c`; "
                  "in the same commit, kept up by later imports. COLLECTION: of those named, else the same")
      ->type_name("FIELD:TYPE[:COLLECTION]")
      ->allow_extra_args(false);
  command.add_option("--csv-types", arguments->csv_types, "Numbers and booleans as such (infer), or all as strings")
      ->check(one_of({"infer", "strings"}))
      ->type_name("infer|strings");
  command.add_option("--delimiter", arguments->delimiter, "Between CSV fields; else a comma, in .tsv files a tab")
      ->type_name("C");
  command.add_flag("--restart", arguments->restart, "Begin anew where an earlier import of the file had stopped");
  tree.on_run(command, [arguments](Session& session) { return import_file(session, *arguments); });
}

// ---- export

struct ExportArguments {
  std::string collection;
  std::string format;
  std::string path;
  QueryArguments query;
};

/// Output that is a terminal shows the data itself; a bar would be in its way.
std::unique_ptr<ProgressBar> bar_beside(Session& session, bool data_on_standard_output) {
  const bool visible =
      session.terminal().error_is_terminal && !(data_on_standard_output && session.terminal().out_is_terminal);
  return std::make_unique<ProgressBar>(
      session.error(), ProgressBar::Options{visible, session.terminal().width, ProgressBar::Unit::things});
}

int export_collection(Session& session, const ExportArguments& arguments) {
  const Query query = to_query(arguments.query);
  session.existing_collection(Session::Access::read, arguments.collection);
  const bool to_standard_output = arguments.path.empty() || arguments.path == "-";
  const bool csv = arguments.format == "csv" || (arguments.format.empty() && arguments.path.ends_with(".csv"));
  const auto bar = bar_beside(session, to_standard_output);
  const ingest::ExportOptions options{arguments.collection, query,
                                      csv ? ingest::ExportFormat::csv : ingest::ExportFormat::jsonl, bar.get()};
  const Store& store = session.store(Session::Access::read);
  std::optional<OutputFile> file;
  if (!to_standard_output) file.emplace(arguments.path);
  const std::uint64_t records = ingest::export_records(store, options, file ? file->stream() : session.out());
  bar->finish();
  if (bar->interrupted()) throw Interrupted("interrupted: the export is not whole; run the same command again");
  if (file) {
    file->commit();
    session.note(one_or_many(records, "record") + " in " + arguments.path);
  }
  return exit_done;
}

void add_export(CommandTree& tree) {
  CLI::App& command = tree.add({"export", "COLLECTION", "Write records as JSON Lines or CSV, all at one position",
                                "strata export notes --where \"score >= 0.5\" --format csv -o notes.csv", group},
                               {nullptr, false, false});
  auto arguments = std::make_shared<ExportArguments>();
  command.add_option("COLLECTION", arguments->collection, "Whose records")->required()->type_name("");
  command.add_option("-o,--output", arguments->path, "Into this file, else to standard output")->type_name("FILE");
  command.add_option("--format", arguments->format, "jsonl, unless the file is named *.csv")
      ->check(one_of({"jsonl", "csv"}))
      ->type_name("jsonl|csv");
  add_query_options(command, arguments->query);
  tree.on_run(command, [arguments](Session& session) { return export_collection(session, *arguments); });
}

// ---- dump and load

struct DumpArguments {
  std::string path;
  std::string tree;
};

int dump_store(Session& session, const DumpArguments& arguments) {
  const Store& store = session.store(Session::Access::read);
  const bool to_standard_output = arguments.tree.empty() && (arguments.path.empty() || arguments.path == "-");
  const auto bar = bar_beside(session, to_standard_output);
  std::optional<DumpTreeWriter> tree;
  std::optional<OutputFile> file;
  if (!arguments.tree.empty()) {
    tree.emplace(arguments.tree);
  } else if (!to_standard_output) {
    file.emplace(arguments.path);
  }
  std::ostream& out = file ? file->stream() : session.out();
  dump(
      store,
      [&](std::string_view line) {
        if (tree) {
          tree->write(line);
        } else {
          out << line << '\n';
        }
      },
      bar.get());
  bar->finish();
  if (bar->interrupted())
    throw Interrupted("interrupted: the dump is not whole, and load refuses it; run the same command again");
  if (file) file->commit();
  return exit_done;
}

void add_dump(CommandTree& tree) {
  CLI::App& command =
      tree.add({"dump", "", "Write the whole store, as of one position, as JSON Lines that other programs can read",
                "strata dump -o backup.jsonl", group},
               {nullptr, false, false});
  auto arguments = std::make_shared<DumpArguments>();
  CLI::Option* path =
      command.add_option("-o,--output", arguments->path, "Into this file, else to standard output")->type_name("FILE");
  command.add_option("--tree", arguments->tree, "As a tree of JSON files, one for each record, in this new directory")
      ->type_name("DIR")
      ->excludes(path);
  tree.on_run(command, [arguments](Session& session) { return dump_store(session, *arguments); });
}

int load_store(Session& session, const std::string& path) {
  std::function<bool(std::string&)> source;
  if (path != "-" && std::filesystem::is_directory(path)) {
    source = [tree = std::make_shared<DumpTreeReader>(path)](std::string& line) { return tree->next(line); };
  } else {
    source = [lines = std::make_shared<ingest::LineSource>(path)](std::string& line) {
      std::string_view view;
      if (!lines->next(view)) return false;
      line.assign(view.ends_with('\r') ? view.substr(0, view.size() - 1) : view);
      return true;
    };
  }
  Store& store = session.store(Session::Access::create);
  const auto bar = session.progress_bar();
  const LoadReport report = load(store, source, bar.get());
  bar->finish();
  if (bar->interrupted()) {
    throw Interrupted("interrupted after " + one_or_many(report.records, "record") +
                      ": the same command goes on with the rest");
  }
  write_sheet(session.display(), {{"collections", Value(report.collections), human_count(report.collections)},
                                  {"records", Value(report.records), human_count(report.records)},
                                  {"digest_compared", Value(report.digest_compared),
                                   report.digest_compared ? "yes, and equal" : "no: the store was not empty before"}});
  return exit_done;
}

void add_load(CommandTree& tree) {
  CLI::App& command =
      tree.add({"load", "FILE|DIR|-",
                "Read what dump wrote. Into an empty store: an equal one, digest compared; else records are "
                "put over what is there. A load that was stopped goes on when it is run again",
                "strata -s sqlite:copy load backup.jsonl", group},
               {nullptr, true, true});
  auto path = std::make_shared<std::string>();
  command.add_option("FILE", *path, "A dump (also compressed), the directory of a --tree, or - for standard input")
      ->required()
      ->type_name("");
  tree.on_run(command, [path](Session& session) { return load_store(session, *path); });
}

}  // namespace

void add_transfer_commands(CommandTree& tree) {
  add_import(tree);
  add_export(tree);
  add_dump(tree);
  add_load(tree);
}

}  // namespace strata::cli
