#include "cli/shell.hpp"

#include <algorithm>

#include "cli/command_tree.hpp"
#include "cli/completion.hpp"
#include "cli/line_editor.hpp"
#include "cli/text.hpp"
#include "cli/words.hpp"

namespace strata::cli {
namespace {

const std::vector<std::string>& dot_commands() {
  static const std::vector<std::string> commands = {".help", ".mode", ".open", ".quit"};
  return commands;
}

constexpr const char* help_text =
    "The commands are those of the command line, without `strata`:\n"
    "  put notes n1 {\"text\": \"hello\", \"score\": 0.9}\n"
    "  find notes --where \"score >= 0.5\"\n"
    "Words with blanks stand in quotes; JSON in brackets needs none. `COMMAND --help` explains a command.\n"
    "  .help                       this\n"
    "  .mode table|jsonl|csv|md    how answers look; .mode alone: as usual\n"
    "  .open STORE                 work on another store\n"
    "  .quit                       end (also Ctrl-D)\n";

}  // namespace

Shell::Shell(Session& session) : session_(session), choice_(session.choice) {
  choice_.location = session.location();
  session_.keep_open(true);
}

Shell::~Shell() { session_.keep_open(false); }

int Shell::run() {
  const bool by_hand = session_.terminal().in_is_terminal && session_.terminal().out_is_terminal;
  if (!by_hand) {
    for (std::string line; std::getline(session_.in(), line);) {
      if (run_line(line) == Next::quit) break;
    }
    return failed_ ? exit_failed : exit_done;
  }
  session_.out() << "strata " << STRATA_VERSION << " on " << without_secrets(choice_.location)
                 << "; .help explains, .quit ends\n"
                 << std::flush;
  LineEditor editor(default_history_path(), [this](const std::string& line) { return complete(line); });
  while (const auto line = editor.read()) {
    if (run_line(*line) == Next::quit) return exit_done;
  }
  session_.out() << '\n';
  return exit_done;
}

Shell::Next Shell::run_line(const std::string& line) {
  try {
    const std::vector<std::string> words = split_words(line);
    if (words.empty() || words.front().starts_with('#')) return Next::go_on;
    if (words.front().starts_with('.')) return run_dot_command(words);
    run_command(words);
  } catch (const UsageError& error) {
    fail(error.what());
  } catch (const Error& error) {
    fail(error.what());
  }
  return Next::go_on;
}

Shell::Next Shell::run_dot_command(const std::vector<std::string>& words) {
  const std::string& name = words.front();
  if (name == ".quit" || name == ".exit") return Next::quit;
  if (name == ".help") {
    session_.out() << help_text << "Commands: " << join(CommandTree(session_).names(), " ") << '\n' << std::flush;
  } else if (name == ".mode") {
    set_mode(words.size() > 1 ? words[1] : "");
  } else if (name == ".open") {
    if (words.size() != 2) throw UsageError(".open takes one store: .open ./other-data");
    open(words[1]);
  } else {
    const auto near = nearest(name, dot_commands());
    throw UsageError("unknown command " + name + ": " + (near ? "did you mean " + *near + "?" : ".help lists them"));
  }
  return Next::go_on;
}

void Shell::set_mode(const std::string& mode) {
  const auto format = parse_format(mode);
  if (!format && !mode.empty()) throw UsageError(".mode: " + mode + " is none of table, jsonl, csv, md");
  choice_.format = format;
}

void Shell::open(const std::string& location) {
  choice_.location = location;
  session_.choice = choice_;
  session_.close_store();
  try {
    session_.store(Session::Access::read);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
    session_.note("nothing at " + location + " yet: the first put or import makes it");
  }
}

void Shell::run_command(const std::vector<std::string>& words) {
  session_.choice = choice_;
  CommandTree tree(session_);
  if (words.front() == "shell") throw UsageError("this is the shell already: .open STORE works on another store");
  const bool named = words.front() == "strata";  // as pasted from elsewhere
  if (tree.run(named ? std::vector<std::string>(words.begin() + 1, words.end()) : words) != exit_done) failed_ = true;
}

void Shell::fail(const std::string& message) {
  failed_ = true;
  session_.out() << std::flush;
  session_.error() << "strata: " << single_line(message) << '\n' << std::flush;
}

std::vector<std::string> Shell::complete(const std::string& line) {
  const std::size_t blank = line.find_last_of(" \t");
  const std::string partial = blank == std::string::npos ? line : line.substr(blank + 1);
  std::vector<std::string> words;
  try {
    words = split_words(blank == std::string::npos ? std::string_view() : std::string_view(line).substr(0, blank));
  } catch (const UsageError&) {
    return {};  // within a quote there is nothing to complete
  }
  if (words.empty() && partial.starts_with('.')) {
    std::vector<std::string> candidates = dot_commands();
    std::erase_if(candidates, [&](const std::string& word) { return !word.starts_with(partial); });
    return candidates;
  }
  session_.choice = choice_;
  CommandTree tree(session_);
  return next_words(tree.root(), words, partial, [this]() -> std::vector<std::string> {
    try {
      return session_.visible_collections(Session::Access::read);
    } catch (const Error&) {
      return {};  // no store yet, so there is nothing to offer; the command itself will say why
    }
  });
}

void add_shell_command(CommandTree& tree) {
  CLI::App& command =
      tree.add({"shell", "", "Type commands one after another, with history and completion, on one open store",
                "printf 'put notes n1 {\"a\":1}\\nfind notes\\n' | strata shell", "Explore"});
  tree.on_run(command, [](Session& session) { return Shell(session).run(); });
}

}  // namespace strata::cli
