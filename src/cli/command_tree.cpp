#include "cli/command_tree.hpp"

#include <filesystem>
#include <new>

#include "cli/help.hpp"
#include "cli/text.hpp"
#include "strata/error.hpp"

namespace strata::cli {
namespace {

std::string version_text() {
  return std::string("strata ") + STRATA_VERSION + " (engines: " + join(built_in_engines(), ", ") + ")";
}

/// What CLI11 says, but for a word that is no number.
std::string reason_of(const CLI::ParseError& error) {
  std::string reason = error.what();
  constexpr std::string_view conversion = "Could not convert: ";
  const std::size_t equals = reason.find(" = ");
  if (!reason.starts_with(conversion) || equals == std::string::npos) return reason;
  const std::string option = reason.substr(conversion.size(), equals - conversion.size());
  return option + ": " + reason.substr(equals + 3) + " is not a number that it takes";
}

/// Errors are one line, whatever went into their message.
std::string error_line(const std::string& message) { return "strata: " + single_line(message) + "\n"; }

}  // namespace

std::string short_name(const CLI::App& command) {
  // CLI11 has no const way to the parent.
  CLI::App* parent = const_cast<CLI::App&>(command).get_parent();
  if (parent == nullptr) return {};
  const std::string before = short_name(*parent);
  return before.empty() ? command.get_name() : before + " " + command.get_name();
}

std::string full_name(const CLI::App& command) {
  const std::string name = short_name(command);
  return name.empty() ? "strata" : "strata " + name;
}

CommandTree::CommandTree(Session& session)
    : session_(session), root_("Strata: an embedded, local-first database. One directory, many processes.", "strata") {
  root_.formatter(std::make_shared<HelpFormatter>(usages_, session.terminal().width));
  root_.set_help_flag("-h,--help", "Say what it does and how");
  root_.set_version_flag("--version", STRATA_VERSION, "Print the version and the engines built in");
  root_.require_subcommand(1);
  usages_[&root_] = "strata [-s STORE] COMMAND ...";
  root_.footer(
      "Example:\n"
      "  strata put notes n1 '{\"text\": \"hello\", \"score\": 0.9}'\n"
      "  strata find notes --where 'score >= 0.5'\n\n"
      "`strata COMMAND --help` explains a command. Exit codes: 0 done, 1 failed, 2 wrong usage.");
  add_shared_options(root_, Kind{nullptr, true, false});

  add_record_commands(*this);
  add_declaration_commands(*this);
  add_search_commands(*this);
  add_query_command(*this);
  add_stream_commands(*this);
  add_transfer_commands(*this);
  add_ingest_commands(*this);
  add_copy_command(*this);
  add_apply_command(*this);
  add_log_command(*this);
  add_queue_commands(*this);
  add_graph_commands(*this);
  add_document_commands(*this);
  add_watch_commands(*this);
  add_agent_commands(*this);
  add_task_commands(*this);
  add_upkeep_commands(*this);
  add_bench_command(*this);
  add_tour_command(*this);
  add_shell_command(*this);
  add_completion_command(*this);
}

void CommandTree::add_shared_options(CLI::App& command, const Kind& kind) {
  command
      .add_option("-s,--store", session_.choice.location,
                  "Path or URL of the store; else $STRATA_STORE, else ./strata-data")
      ->type_name("STORE")
      ->group("Everywhere");
  if (kind.rows) {
    command.add_option("--format", format_, "How to answer; else a table on a terminal, JSON Lines otherwise")
        ->check(one_of({"table", "jsonl", "csv", "md"}))
        ->type_name("table|jsonl|csv|md")
        ->group("Everywhere");
  }
  if (kind.writes) {
    command
        .add_option("--durability", durability_,
                    "sync (default): a commit outlives a power failure; relaxed: it outlives the process")
        ->check(one_of({"sync", "relaxed"}))
        ->type_name("sync|relaxed");
  }
}

CLI::App& CommandTree::add(const CommandText& text, const Kind& kind) {
  CLI::App& parent = kind.parent == nullptr ? root_ : *kind.parent;
  CLI::App& command = *parent.add_subcommand(text.name, text.description);
  command.group(text.group.empty() ? "Commands" : text.group);
  command.footer("Example:\n  " + text.example);
  usages_[&command] = full_name(command) + (text.arguments.empty() ? "" : " " + text.arguments) + " [OPTIONS]";
  add_shared_options(command, kind);
  return command;
}

std::vector<std::string> CommandTree::names() const {
  std::vector<std::string> names;
  for (const CLI::App* command : root_.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

int CommandTree::run(const std::vector<std::string>& arguments) {
  try {
    root_.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    return run_parsed();
  } catch (const CLI::CallForHelp&) {
    session_.out() << root_.help() << std::flush;
    return exit_done;
  } catch (const CLI::CallForVersion&) {
    session_.out() << version_text() << '\n' << std::flush;
    return exit_done;
  } catch (const CLI::ParseError& error) {
    return report_misuse(error);
  } catch (const UsageError& error) {
    return fail(exit_wrong_usage, error.what());
  } catch (const Interrupted& interrupted) {
    return fail(exit_failed, interrupted.what());
  } catch (const Error& error) {
    return fail(exit_failed, std::string(error.what()) + " (" + std::string(to_string(error.code())) + ")");
  } catch (const std::bad_alloc&) {
    return fail(exit_failed, "out of memory: ask for less at a time (--limit, --batch)");
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(exit_failed, error.what());
  }
}

int CommandTree::run_parsed() {
  CLI::App& command = chosen_command();
  if (!format_.empty()) session_.choice.format = parse_format(format_);
  if (!durability_.empty())
    session_.choice.durability = durability_ == "relaxed" ? Durability::relaxed : Durability::sync;
  session_.command = short_name(command);
  const auto action = actions_.find(&command);
  if (action == actions_.end()) {
    throw UsageError(short_name(command) + ": which of its commands? `" + full_name(command) + " --help` lists them");
  }
  const int exit_code = action->second(session_);
  session_.out() << std::flush;
  return exit_code;
}

CLI::App& CommandTree::chosen_command() {
  CLI::App* command = &root_;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().back();
  return *command;
}

int CommandTree::report_misuse(const CLI::ParseError& error) {
  CLI::App& command = chosen_command();
  const std::string prefix = &command == &root_ ? "" : short_name(command) + ": ";
  const std::string hint = "`" + full_name(command) + " --help` explains";
  const std::vector<std::string> unknown = command.remaining();
  if (unknown.empty()) {
    if (&command == &root_ && error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError)) {
      return fail(exit_wrong_usage, "no command given: `strata --help` lists them");
    }
    return fail(exit_wrong_usage, prefix + reason_of(error) + "; " + hint);
  }
  const std::string& word = unknown.front();
  std::vector<std::string> candidates;
  std::string kind = "argument";
  if (word.starts_with('-')) {
    kind = "option";
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& name : option->get_lnames()) candidates.push_back("--" + name);
    }
  } else if (!command.get_subcommands({}).empty()) {
    kind = "command";
    for (const CLI::App* other : command.get_subcommands({})) candidates.push_back(other->get_name());
  }
  std::string message = prefix + "unknown " + kind + " " + without_secrets(word) + ": ";
  if (const auto near = nearest(word.substr(0, word.find('=')), candidates)) message += "did you mean " + *near + "? ";
  return fail(exit_wrong_usage, message + hint);
}

int CommandTree::fail(int exit_code, const std::string& message) {
  // What was answered before the failure comes first, also where both go to one place; unless that was the failure.
  if (session_.out().good()) session_.out() << std::flush;
  session_.error() << error_line(message) << std::flush;
  return exit_code;
}

}  // namespace strata::cli
