// This program in another role, with pipes to its standard input and output.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/run.hpp"
#include "tests/postgres/program.hpp"

namespace strata::bench {

using outside::Program;

/// This program in another role (roles.hpp), ready when it says so.
class RoleProcess {
 public:
  RoleProcess(std::string role, const std::vector<std::string>& arguments);
  /// Tells it to begin.
  void go(double seconds) { program_.send("go " + std::to_string(seconds)); }
  /// What it measured since.
  Run result();
  /// What it says next.
  std::string receive() { return program_.receive(); }
  Program& program() { return program_; }
  /// What stood behind the word `ready`.
  const std::string& greeting() const { return greeting_; }

 private:
  Program program_;
  std::string greeting_;
};

/// The other end, for a role: says that it is ready.
void say_ready(std::string_view greeting = {});
void say(std::string_view line);
/// Waits for go(); the seconds, or nothing when the parent wants no more.
std::optional<double> await_go();
void say_result(const Run& run);

}  // namespace strata::bench
