// What every section of the bench is given.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/contender.hpp"
#include "bench/report.hpp"

namespace strata::bench {

struct Setting {
  Report& report;
  std::string directory;  ///< Scratch, on the disk that is measured.
  double seconds = 1;     ///< For each measurement.
  bool soak = false;      ///< The volumes named in docs/BENCHMARKS.md, instead of those that fit a few minutes.
  /// Makes a database in the PostgreSQL that runs beside; its connection parameters. Empty: there is none.
  std::function<std::string(const std::string& name)> make_database{};

  std::string plots{};                 ///< Directory for plots; empty: none are drawn.
  std::vector<std::string> engines{};  ///< Only these, beside PostgreSQL; empty: all.

  bool wants(const std::string& contender) const {
    const std::string engine = contender.substr(contender.find(' ') + 1);
    return engines.empty() || contender == "postgres" ||
           std::find(engines.begin(), engines.end(), engine) != engines.end();
  }
  std::string place(const std::string& name) const { return directory + "/" + name; }
};

// Each in a file of its own name.
void bench_floor(Setting& setting);
void bench_commits(Setting& setting);
void bench_records(Setting& setting);
void bench_ranges(Setting& setting);
void bench_encoding(Setting& setting);
void bench_size(Setting& setting);
void bench_copies(Setting& setting);
void bench_server(Setting& setting);
void bench_wake(Setting& setting);
void bench_streams(Setting& setting);
void bench_queues(Setting& setting);
void bench_vectors(Setting& setting);
void bench_search(Setting& setting);
void bench_documents(Setting& setting);
void bench_graph(Setting& setting);
void bench_ingest(Setting& setting);
void bench_datalog(Setting& setting);

// Roles of other processes.
int write_role(const std::vector<std::string>& arguments);
int read_role(const std::vector<std::string>& arguments);
int open_role(const std::vector<std::string>& arguments);
int wake_role(const std::vector<std::string>& arguments);
int wake_rival_role(const std::vector<std::string>& arguments);
int echo_role(const std::vector<std::string>& arguments);
int consume_role(const std::vector<std::string>& arguments);

}  // namespace strata::bench
