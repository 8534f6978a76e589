// The shell: the same commands, one after another, in one process on one open store.
#pragma once

#include <string>
#include <vector>

#include "cli/session.hpp"

namespace strata::cli {

class Shell {
 public:
  explicit Shell(Session& session);
  ~Shell();
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  /// Runs until .quit or the end of input. From a terminal always 0; else 1 when any line failed.
  int run();

 private:
  enum class Next { go_on, quit };
  Next run_line(const std::string& line);
  Next run_dot_command(const std::vector<std::string>& words);
  void run_command(const std::vector<std::string>& words);
  void open(const std::string& location);
  void set_mode(const std::string& mode);
  void fail(const std::string& message);
  std::vector<std::string> complete(const std::string& line);

  Session& session_;
  Session::Choice choice_;  ///< What holds for each line unless the line says otherwise.
  bool failed_ = false;
};

}  // namespace strata::cli
