#include "bench/report.hpp"

#include <sys/utsname.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <stdexcept>
#include <thread>

namespace strata::bench {
namespace {

constexpr std::size_t work_width = 36;
constexpr std::size_t who_width = 16;
constexpr std::size_t number_width = 11;

std::string left(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text + " ";
}

std::string right(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text + " ";
}

/// What stands behind `name :` in a file of /proc.
std::string proc_field(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    const std::size_t colon = line.find(':');
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    if (colon != std::string::npos && begin != std::string::npos) return line.substr(begin);
  }
  return "unknown";
}

std::string now() {
  const std::time_t time = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%MZ", &parts);
  return text;
}

double load_average() {
  double load = 0;
  return ::getloadavg(&load, 1) == 1 ? load : 0;
}

}  // namespace

std::string decimal(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

std::string grouped(double number) {
  std::string digits = decimal(number, 0);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string times(double ratio) { return "x " + decimal(ratio, ratio < 10 ? 2 : 0); }

std::string milliseconds_or_less(std::chrono::nanoseconds time) {
  const auto nanoseconds = static_cast<double>(time.count());
  const double size = std::abs(nanoseconds);
  if (size >= 1e6) return decimal(nanoseconds / 1e6, 2) + " ms";
  if (size >= 1e4) return decimal(nanoseconds / 1e3, 0) + " us";
  if (size >= 1e3) return decimal(nanoseconds / 1e3, 2) + " us";
  return decimal(nanoseconds, 0) + " ns";
}

Report::Report(const std::string& json_path) {
  if (json_path.empty()) return;
  json_.open(json_path, std::ios::binary | std::ios::app);
  if (!json_) throw std::runtime_error("cannot write " + json_path);
}

void Report::machine(const std::string& store_directory, const std::vector<std::string>& more) {
  utsname system{};
  ::uname(&system);
  const std::string processor = proc_field("/proc/cpuinfo", "model name");
  const std::string memory = proc_field("/proc/meminfo", "MemTotal");
  const unsigned cores = std::thread::hardware_concurrency();
  const double load = load_average();
  const std::string date = now();
  std::cout << date << "  " << processor << ", " << cores << " cores, " << memory << ", " << system.sysname << ' '
            << system.release << "; load " << decimal(load, 1) << "; " << store_directory << '\n';
  std::vector<Value> built_with;
  for (const std::string& line : more) {
    std::cout << line << '\n';
    built_with.emplace_back(line);
  }
  if (load > 0.5 * cores) std::cout << "The machine is busy with other things: the figures say little.\n";
  write_json(Value::object({{"kind", "machine"},
                            {"date", date},
                            {"processor", processor},
                            {"cores", static_cast<std::int64_t>(cores)},
                            {"memory", memory},
                            {"system", std::string(system.sysname) + " " + system.release},
                            {"load", load},
                            {"directory", store_directory},
                            {"built_with", Value::array(built_with)}}));
}

void Report::section(const std::string& title) {
  section_ = title;
  std::cout << '\n'
            << title << '\n'
            << left("", work_width) << left("", who_width) << right("p50", number_width) << right("p99", number_width)
            << right("per s", number_width) << right("per sync", number_width) << "  beside others\n"
            << std::flush;
}

void Report::add(const Line& line) {
  std::vector<std::pair<std::string, Value>> members{{"kind", "result"}, {"section", section_}, {"work", line.work}};
  members.emplace_back("who", line.who);
  std::string text = left(line.work, work_width) + left(line.who, who_width);
  if (line.run) {
    const Run& run = *line.run;
    const auto p50 = run.times.percentile(50);
    const auto p99 = run.times.percentile(99);
    const bool shared = run.counts.syncs > 0;
    const double per_sync =
        shared ? static_cast<double>(run.counts.commits) / static_cast<double>(run.counts.syncs) : 0;
    text += right(milliseconds_or_less(p50), number_width) + right(milliseconds_or_less(p99), number_width) +
            right(run.operations > 0 ? grouped(run.rate()) : "", number_width) +
            right(shared ? decimal(per_sync, 1) : "", number_width);
    members.emplace_back("p50_ns", p50.count());
    members.emplace_back("p99_ns", p99.count());
    if (run.operations > 0) members.emplace_back("per_second", run.rate());
    members.emplace_back("times", std::uint64_t{run.times.count()});
    if (shared) members.emplace_back("commits_per_sync", per_sync);
  }
  if (!line.figure.empty()) {
    text += right(line.figure, line.run ? 0 : 2 * number_width + 1);
    members.emplace_back("figure", line.figure);
  }
  for (const auto& [name, ratio] : line.ratios) text += "  " + times(ratio) + " " + name;
  if (!line.note.empty()) text += "  " + line.note;
  for (const auto& [name, ratio] : line.ratios) members.emplace_back("times " + name, ratio);
  if (!line.note.empty()) members.emplace_back("note", line.note);
  std::cout << text.substr(0, text.find_last_not_of(' ') + 1) << '\n' << std::flush;
  write_json(Value::object(members));
}

bool Report::print_bars() {
  if (bars_.empty()) return true;
  std::size_t missed = 0;
  std::cout << "\nWhat it must reach\n";
  for (const Bar& bar : bars_) {
    if (!bar.met) ++missed;
    std::cout << left(bar.promise, 62) << right(bar.measured, 18) << right(bar.at_least, 14)
              << (bar.met ? "  met\n" : "  MISSED\n");
    write_json(Value::object({{"kind", "bar"},
                              {"promise", bar.promise},
                              {"measured", bar.measured},
                              {"at_least", bar.at_least},
                              {"met", bar.met}}));
  }
  std::cout << bars_.size() - missed << " of " << bars_.size() << " met\n" << std::flush;
  return missed == 0;
}

void Report::write_json(const Value& value) {
  if (json_.is_open()) json_ << value.to_json() << '\n' << std::flush;
}

}  // namespace strata::bench
