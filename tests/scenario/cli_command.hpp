// Runs the strata command as a person would, in a directory of its own.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "strata/value.hpp"

namespace strata::scenario {

struct Outcome {
  int exit_code = -1;  ///< 128 + signal when one ended it.
  std::string out;
  std::string error;
  std::vector<std::string> lines() const;  ///< Of `out`.
  std::vector<Value> values() const;       ///< Of `out`, as JSON Lines.
};

/// A command that is still running; its standard output is a pipe to us. Killed when destroyed.
class RunningCommand {
 public:
  RunningCommand(pid_t process, int output) : process_(process), output_(output) {}
  ~RunningCommand();
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;

  /// The next line of its output; empty at the end.
  std::string next_line();
  /// Reads on until the output holds the text. False at the end of the output, or after half a minute.
  bool wait_for(const std::string& text);
  /// Types at its terminal.
  void type(const std::string& text);
  void close_output();
  void interrupt();
  /// Its exit code.
  int wait();
  const std::string& seen() const { return seen_; }

 private:
  bool read_more();

  pid_t process_;
  int output_;
  std::string seen_;
  std::size_t given_ = 0;
};

class CommandScenario : public testing::Test {
 protected:
  CommandScenario();
  ~CommandScenario() override;

  /// Runs to its end. The store is $STRATA_STORE, `directory() / "store"`, unless the arguments name another.
  Outcome run(const std::vector<std::string>& arguments, const std::string& input = {});
  /// Likewise, and expects exit code 0 and nothing on standard error.
  Outcome done(const std::vector<std::string>& arguments, const std::string& input = {});
  /// Likewise, and expects this exit code and one line on standard error that holds `words`.
  Outcome fails(int exit_code, const std::string& words, const std::vector<std::string>& arguments,
                const std::string& input = {});
  /// A line for the shell, with `strata` in it.
  Outcome run_line(const std::string& line);
  RunningCommand start(const std::vector<std::string>& arguments);
  RunningCommand start_at_terminal(const std::vector<std::string>& arguments);

  const std::filesystem::path& directory() const { return directory_; }
  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  void write(const std::string& name, const std::string& text);
  std::string read(const std::string& name) const;

 private:
  pid_t spawn(const std::vector<std::string>& arguments, int input, int output, int error);

  std::filesystem::path directory_;
};

}  // namespace strata::scenario
