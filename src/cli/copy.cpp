// copy: a whole store into another one.
#include "strata/copy.hpp"

#include <chrono>

#include "cli/command_tree.hpp"
#include "cli/text.hpp"

namespace strata::cli {
namespace {

struct CopyArguments {
  std::string from;
  std::string to;
};

Store open_source(const std::string& location) {
  OpenOptions options;
  options.create = false;
  options.read_only = true;
  options.background = false;
  try {
    return Store::open(location, options);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
    throw Error(ErrorCode::not_found,
                "no store at " + without_secrets(location) + ": FROM is the path or URL of the store to copy");
  }
}

Store open_target(const std::string& location, const std::string& command) {
  OpenOptions options;
  options.continue_copy = true;
  options.background = false;
  options.origin = "strata " + command;
  return Store::open(location, options);
}

void print_copy(Session& session, const CopyReport& report, std::chrono::nanoseconds elapsed) {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  write_sheet(session.display(), {{"position", Value(report.position.value), human_count(report.position.value)},
                                  {"digest", Value(report.digest)},
                                  {"collections", Value(report.collections), human_count(report.collections)},
                                  {"records", Value(report.records), human_count(report.records)},
                                  {"history_rows", Value(report.history_rows), human_count(report.history_rows)},
                                  {"index_entries", Value(report.index_entries), human_count(report.index_entries)},
                                  {"resumed", Value(report.resumed), report.resumed ? "yes" : "no"},
                                  {"refills", Value(report.refills), human_count(report.refills)},
                                  {"seconds", Value(seconds), human_duration(elapsed)}});
}

int copy_store(Session& session, const CopyArguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  const Store from = open_source(arguments.from);
  Store to = open_target(arguments.to, session.command);
  const auto bar = session.progress_bar();
  CopyReport report;
  try {
    report = copy(from, to, {}, bar.get());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::busy || !bar->interrupted()) throw;
    bar->finish();
    throw Interrupted("interrupted: TO holds an unfinished copy; the same command goes on with it");
  }
  bar->finish();
  to.close();
  print_copy(session, report, std::chrono::steady_clock::now() - start);
  return exit_done;
}

}  // namespace

void add_copy_command(CommandTree& tree) {
  CLI::App& command =
      tree.add({"copy", "FROM TO",
                "Copy a whole store, history too, into a new one on any engine, while others go on writing. "
                "What was copied is read back and its digest compared. A copy that was stopped goes on when it is run "
                "again; until it is done, nothing else can use TO",
                "strata copy ./strata-data sqlite:elsewhere", "Data in and out"},
               {nullptr, true, false});
  auto arguments = std::make_shared<CopyArguments>();
  command.add_option("FROM", arguments->from, "Path or URL of the store to copy; -s plays no part here")
      ->required()
      ->type_name("");
  command.add_option("TO", arguments->to, "Path or URL of the new store")->required()->type_name("");
  tree.on_run(command, [arguments](Session& session) { return copy_store(session, *arguments); });
}

}  // namespace strata::cli
