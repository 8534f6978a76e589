// The commands: what each is called and takes, and what runs it. One error line and one exit code come out of a run.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/session.hpp"

namespace strata::cli {

/// Exit codes.
inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_wrong_usage = 2;

struct CommandText {
  std::string name;
  std::string arguments;  ///< As the usage line shows them: `COLLECTION [KEY] VALUE`.
  std::string description;
  std::string example;  ///< A command line to copy.
  std::string group;    ///< Under which the commands are listed.
};

class CommandTree {
 public:
  using Action = std::function<int(Session&)>;

  /// All commands.
  explicit CommandTree(Session& session);
  CommandTree(const CommandTree&) = delete;
  CommandTree& operator=(const CommandTree&) = delete;

  /// Parses, runs, reports. The arguments without the program's name.
  int run(const std::vector<std::string>& arguments);

  /// Adds a command, or a command of a command. `rows`: it answers in rows, so that --format applies.
  struct Kind {
    CLI::App* parent = nullptr;
    bool rows = true;
    bool writes = false;  ///< It commits, so that --durability applies.
  };
  CLI::App& add(const CommandText& text, const Kind& kind);
  CLI::App& add(const CommandText& text) { return add(text, Kind{nullptr, true, false}); }
  /// What runs the command. Commands without an action need one of their own commands.
  void on_run(CLI::App& command, Action action) { actions_[&command] = std::move(action); }

  CLI::App& root() { return root_; }
  /// Names of the commands, as listed.
  std::vector<std::string> names() const;

 private:
  int run_parsed();
  int report_misuse(const CLI::ParseError& error);
  void add_shared_options(CLI::App& command, const Kind& kind);
  CLI::App& chosen_command();
  int fail(int exit_code, const std::string& message);

  Session& session_;
  CLI::App root_;
  std::map<const CLI::App*, Action> actions_;
  std::map<const CLI::App*, std::string> usages_;
  std::string format_;
  std::string durability_;
};

/// `index create`, and `strata index create`.
std::string short_name(const CLI::App& command);
std::string full_name(const CLI::App& command);

// The command groups; each in a file of its name.
void add_record_commands(CommandTree& tree);       // put get delete find
void add_declaration_commands(CommandTree& tree);  // info index
void add_search_commands(CommandTree& tree);       // search vector text
void add_vector_embed(CommandTree& tree, CLI::App& vector);
void add_stream_commands(CommandTree& tree);    // append read streams
void add_transfer_commands(CommandTree& tree);  // import export dump load
void add_ingest_commands(CommandTree& tree);    // ingest ask
void add_copy_command(CommandTree& tree);
void add_apply_command(CommandTree& tree);
void add_log_command(CommandTree& tree);
void add_queue_commands(CommandTree& tree);  // queue
void add_queue_work(CommandTree& tree, CLI::App& queue);
void add_graph_commands(CommandTree& tree);  // link unlink neighbors path impact graph
void add_query_command(CommandTree& tree);
void add_document_commands(CommandTree& tree);  // doc
void add_watch_commands(CommandTree& tree);     // watch consumers
void add_agent_commands(CommandTree& tree);     // setting session agent
void add_task_commands(CommandTree& tree);      // task saga
void add_upkeep_commands(CommandTree& tree);    // verify stats compact
void add_bench_command(CommandTree& tree);
void add_tour_command(CommandTree& tree);
void add_shell_command(CommandTree& tree);
void add_completion_command(CommandTree& tree);

}  // namespace strata::cli
