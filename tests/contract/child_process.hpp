// Other processes for tests: the test program itself, started again to play a role. Such a program is linked with
// role_main.cpp instead of GoogleTest's main.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace strata::engine {

/// What a child has of its parent: lines both ways.
class ParentLine {
 public:
  void say(const std::string& line);
  /// The parent's next line; empty when the parent is gone.
  std::string hear();
};

using RoleArguments = std::vector<std::string>;
/// Returns the exit code. An exception ends the child with code 3 and its message on stderr.
using Role = int (*)(const RoleArguments& arguments, ParentLine& parent);

/// Makes a role known: `const bool made = register_role("writer", play_writer);` at namespace scope.
bool register_role(const std::string& name, Role role);
/// Returns the exit code.
int play_role(const std::string& name, const RoleArguments& arguments);

class ChildProcess {
 public:
  ChildProcess(const std::string& role, const RoleArguments& arguments);
  /// Kills and reaps it.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  int id() const { return id_; }
  void say(const std::string& line);
  /// The child's next line; empty when it has ended.
  std::string hear();
  void send_signal(int number);
  /// Waits for the stop that a signal has brought about.
  void wait_until_stopped();
  /// The exit code, or the negative number of the signal that ended it.
  int wait();

 private:
  int id_ = -1;
  int to_child_ = -1;
  int from_child_ = -1;
  std::string unread_;
};

/// Runs `act` in a forked child and returns its exit code: 0 when `act` returns true.
int run_in_fork(bool (*act)(void* context), void* context);

}  // namespace strata::engine
