// Another program, run with its standard input given and its standard output taken.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace strata::ingest {

/// Where its standard error goes: where ours does, or nowhere.
enum class Complaints { shown, dropped };

struct SubprocessResult {
  int exit_code = 0;  ///< 128 and the signal's number when a signal ended it; 127 when there is no such program.
  std::string output;
};

/// Runs `words` (the program, looked for in $PATH, and its arguments) until it ends.
/// `meanwhile` is called every `every`; what it throws ends the program (SIGTERM) and passes through. `io` when the
/// system refuses, `limit_exceeded` beyond 64 MiB of output.
SubprocessResult run_subprocess(const std::vector<std::string>& words, const std::string& input,
                                std::chrono::milliseconds every, const std::function<void()>& meanwhile,
                                Complaints complaints = Complaints::shown);

}  // namespace strata::ingest
