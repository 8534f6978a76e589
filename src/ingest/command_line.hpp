// Commands as a person types them at a shell: shown, run as they stand, and their answers kept.
#pragma once

#include <chrono>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace strata::ingest {

/// The answer of a command.
struct Answer {
  std::vector<std::string> lines;
  std::chrono::duration<double> elapsed{};
};

/// Shows a tour on a terminal (or in a file) of 100 columns and runs its commands with `sh`, where `strata` means the
/// program at `binary` and $STRATA_STORE the store. Tables are asked for where a person would get them.
class CommandLine {
 public:
  struct Options {
    std::string binary;
    std::string store;
    std::string scratch;  ///< An existing directory for scripts and answers; commands run in it.
    bool colour = false;
  };
  CommandLine(Options options, std::ostream& out) : options_(std::move(options)), out_(out) {}

  void heading(std::string_view text);
  void remark(std::string_view text);
  /// Shows the lines of a command, and of an answer.
  void show_command(std::string_view command);
  void show_answer(const std::vector<std::string>& lines);
  /// Runs a script. Error `io`, with the command's own last line of complaint, when its exit code is not 0.
  Answer run(const std::string& script);
  /// All three: what is typed is what is run.
  Answer type(const std::string& command);

  const Options& options() const { return options_; }

 private:
  std::string painted(std::string_view text, std::string_view code) const;

  Options options_;
  std::ostream& out_;
};

/// In single quotes, for a shell.
std::string shell_quoted(std::string_view text);

}  // namespace strata::ingest
