// Strata beside its rivals, in one run: what docs/BENCHMARKS.md tells about.
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <thread>

#include "bench/process.hpp"
#include "bench/setting.hpp"
#include "platform/random.hpp"
#include "strata/store.hpp"

#ifdef STRATA_BENCH_POSTGRES
#include "tests/postgres/postgres_server.hpp"
#endif

namespace strata::bench {
namespace {

namespace fs = std::filesystem;

constexpr const char* usage = R"(usage: bench/run [OPTION...] [SECTION...]
  --dir DIR       measure the disk that DIR lies on (/var/tmp, or $STRATA_BENCH_DIR)
  --seconds N     for each measurement (1; 5 with STRATA_SOAK=1)
  --json FILE     append the results to FILE, as JSON lines
  --plots DIR     draw recall against speed into DIR, as SVG (vectors)
  --engine NAME   of the engines only this one, beside PostgreSQL; may be given several times (commits)
  --no-postgres   leave PostgreSQL out
  --strict        exit code 1 when something is not as fast or small as it must be
sections: floor commits records ranges encoding size copies server wake streams queues
  vectors search documents graph ingest datalog; all without any named
)";

struct Section {
  std::string name;
  void (*run)(Setting&);
};

const std::vector<Section>& sections() {
  static const std::vector<Section> all{
      {"floor", bench_floor},     {"commits", bench_commits},   {"records", bench_records},
      {"ranges", bench_ranges},   {"encoding", bench_encoding}, {"size", bench_size},
      {"copies", bench_copies},
#ifdef STRATA_BENCH_POSTGRES
      {"server", bench_server},
#endif
      {"wake", bench_wake},       {"streams", bench_streams},   {"queues", bench_queues},
      {"vectors", bench_vectors}, {"search", bench_search},     {"documents", bench_documents},
      {"graph", bench_graph},     {"ingest", bench_ingest},     {"datalog", bench_datalog}};
  return all;
}

struct Arguments {
  std::string directory = "/var/tmp";
  double seconds = 1;
  bool soak = false;
  std::string json;
  std::string plots;
  bool postgres = true;
  bool strict = false;
  std::vector<std::string> engines;
  std::vector<Section> wanted;
};

class WrongUsage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

void add_section(Arguments& arguments, const std::string& name) {
  const auto found =
      std::find_if(sections().begin(), sections().end(), [&](const Section& section) { return section.name == name; });
  if (found == sections().end()) throw WrongUsage("there is no section " + name);
  arguments.wanted.push_back(*found);
}

Arguments parse(const std::vector<std::string>& words) {
  Arguments arguments;
  if (const char* directory = std::getenv("STRATA_BENCH_DIR")) arguments.directory = directory;
  if (const char* soak = std::getenv("STRATA_SOAK"); soak != nullptr && std::string(soak) == "1") {
    constexpr double soak_seconds = 5;
    arguments.soak = true;
    arguments.seconds = soak_seconds;
  }
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string& word = words[at];
    const auto next = [&] {
      if (at + 1 == words.size()) throw WrongUsage(word + " wants a value");
      return words[++at];
    };
    if (word == "--dir") {
      arguments.directory = next();
    } else if (word == "--seconds") {
      arguments.seconds = std::atof(next().c_str());
      if (arguments.seconds <= 0) throw WrongUsage("--seconds wants a number above 0");
    } else if (word == "--json") {
      arguments.json = next();
    } else if (word == "--plots") {
      arguments.plots = next();
    } else if (word == "--engine") {
      arguments.engines.push_back(next());
    } else if (word == "--no-postgres") {
      arguments.postgres = false;
    } else if (word == "--strict") {
      arguments.strict = true;
    } else {
      add_section(arguments, word);
    }
  }
  if (arguments.wanted.empty()) arguments.wanted = sections();
  return arguments;
}

/// Removed at the end. Others may pass through: PostgreSQL runs as another user below it.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(const std::string& parent)
      : path_(fs::absolute(parent) / ("strata-bench-" + platform::make_uuid().to_string().substr(0, 13))) {
    fs::create_directories(path_);
    fs::permissions(path_, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

/// Stopped by a signal, the bench leaves nothing behind either. Its children end with it (Program).
class SignalWatch {
 public:
  explicit SignalWatch(const std::string& directory) {
    ::sigemptyset(&signals_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals_, number);
    ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::thread([signals = signals_, directory] {
      int number = 0;
      ::sigwait(&signals, &number);
      constexpr int attempts = 20;  // PostgreSQL may still be writing
      std::error_code failed;
      for (int attempt = 0; attempt < attempts && fs::exists(directory, failed); ++attempt) {
        fs::remove_all(directory, failed);
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
      constexpr int exit_of_signals = 128;
      std::_Exit(exit_of_signals + number);
    }).detach();
  }
  ~SignalWatch() { ::pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr); }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  sigset_t signals_{};
};

std::string engines_line() {
#ifdef __clang__
  const std::string compiler = "Clang";
#else
  const std::string compiler = "GCC";
#endif
  std::string line = compiler + " " __VERSION__ "; Strata on";
  for (const std::string& engine : strata_engines()) {
    const ScratchDirectory scratch(fs::temp_directory_path().string());
    const Store store = Store::open(engine + ":" + scratch.path() + "/store");
    line += " " + engine + " " + store.describe().engine.version;
  }
  return line;
}

int run(const Arguments& arguments) {
  Report report(arguments.json);
  const ScratchDirectory scratch(arguments.directory);
  const SignalWatch watch(scratch.path());
  Setting setting{.report = report, .directory = scratch.path(), .seconds = arguments.seconds, .soak = arguments.soak};
  setting.plots = arguments.plots;
  setting.engines = arguments.engines;
  std::string rival = "no PostgreSQL in this run";
#ifdef STRATA_BENCH_POSTGRES
  using outside::PostgresServer;
  std::unique_ptr<PostgresServer> server;
  const auto needs_server = [](const Section& section) {
    return section.name == "commits" || section.name == "server" || section.name == "streams" ||
           section.name == "queues" || section.name == "wake";
  };
  if (arguments.postgres && std::any_of(arguments.wanted.begin(), arguments.wanted.end(), needs_server)) {
    if (const std::optional<std::string> programs = PostgresServer::find_programs()) {
      server = std::make_unique<PostgresServer>(
          outside::PostgresOptions{.programs = *programs, .directory = scratch.path() + "/postgres"});
      setting.make_database = [&](const std::string& name) { return server->make_database(name); };
      rival = server->version();
    } else {
      rival = "no PostgreSQL server here (tools/setup): its column is missing";
    }
  }
#endif
  report.machine(arguments.directory, {engines_line(), rival});
  for (const Section& section : arguments.wanted) section.run(setting);
  const bool met = report.print_bars();
  return met || !arguments.strict ? 0 : 1;
}

int run_role(const std::vector<std::string>& words) {
  const std::vector<std::string> arguments(words.begin() + 2, words.end());
  const std::string& role = words.at(1);
  if (role == "write") return write_role(arguments);
  if (role == "read") return read_role(arguments);
  if (role == "open") return open_role(arguments);
  if (role == "wake") return wake_role(arguments);
  if (role == "wake-rival") return wake_rival_role(arguments);
  if (role == "echo") return echo_role(arguments);
  if (role == "consume") return consume_role(arguments);
  throw WrongUsage("there is no role " + role);
}

int main_of(const std::vector<std::string>& words) {
  if (std::find(words.begin(), words.end(), "--help") != words.end()) {
    std::cout << usage;
    return 0;
  }
  if (!words.empty() && words[0] == "--role") return run_role(words);
  return run(parse(words));
}

}  // namespace
}  // namespace strata::bench

int main(int count, char** words) {
  constexpr int exit_wrong_usage = 2;
  try {
    return strata::bench::main_of({words + 1, words + count});
  } catch (const strata::bench::WrongUsage& error) {
    std::cerr << "bench: " << error.what() << '\n' << strata::bench::usage;
    return exit_wrong_usage;
  } catch (const std::exception& error) {
    std::cerr << "bench: " << error.what() << '\n';
    return 1;
  }
}
