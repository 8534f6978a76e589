#include "bench/process.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <stdexcept>

namespace strata::bench {
namespace {

std::vector<std::string> role_arguments(std::string role, const std::vector<std::string>& arguments) {
  std::vector<std::string> all{std::filesystem::read_symlink("/proc/self/exe").string(), "--role", std::move(role)};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

}  // namespace

RoleProcess::RoleProcess(std::string role, const std::vector<std::string>& arguments)
    : program_({.arguments = role_arguments(std::move(role), arguments), .user = {}, .output_file = {}}) {
  constexpr std::string_view ready = "ready";
  const std::string line = program_.receive();
  if (!line.starts_with(ready)) throw std::runtime_error("a process of this bench said: " + line);
  greeting_ = line.substr(std::min(line.size(), ready.size() + 1));
}

Run RoleProcess::result() {
  Run run;
  std::uint64_t count = 0;
  program_.receive(&run.seconds, sizeof run.seconds);
  program_.receive(&run.operations, sizeof run.operations);
  program_.receive(&run.counts.commits, sizeof run.counts.commits);
  program_.receive(&run.counts.syncs, sizeof run.counts.syncs);
  program_.receive(&count, sizeof count);
  std::vector<Measurement::Nanoseconds> times(count);
  program_.receive(times.data(), count * sizeof times[0]);
  run.times.add(times);
  return run;
}

void say_ready(std::string_view greeting) { say("ready " + std::string(greeting)); }

void say(std::string_view line) { std::cout << line << '\n' << std::flush; }

std::optional<double> await_go() {
  std::string word;
  double seconds = 0;
  if (!(std::cin >> word >> seconds)) return std::nullopt;
  return seconds;
}

void say_result(const Run& run) {
  const auto write = [](const auto& part) { std::cout.write(reinterpret_cast<const char*>(&part), sizeof part); };
  const std::vector<Measurement::Nanoseconds>& times = run.times.all();
  write(run.seconds);
  write(run.operations);
  write(run.counts.commits);
  write(run.counts.syncs);
  write(std::uint64_t{times.size()});
  std::cout.write(reinterpret_cast<const char*>(times.data()),
                  static_cast<std::streamsize>(times.size() * sizeof times[0]));
  std::cout.flush();
}

}  // namespace strata::bench
