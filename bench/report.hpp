// What is printed, as it is measured: tables for people, and the same as JSON lines in a file.
#pragma once

#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/run.hpp"
#include "strata/value.hpp"

namespace strata::bench {

/// So many times what another one reached: above 1 is better for rates, below 1 is better for costs.
using Ratios = std::vector<std::pair<std::string, double>>;

struct Line {
  std::string work;
  std::string who;
  std::optional<Run> run;  ///< Its p50, p99 and rate.
  std::string figure;      ///< A figure that is none of these: bytes, ...
  Ratios ratios;           ///< To whom, and how many times.
  std::string note;
};

/// A promise of the design, and what was measured.
struct Bar {
  std::string promise;
  std::string at_least;  ///< `< 5 ms`
  std::string measured;
  bool met = false;
};

class Report {
 public:
  /// `json_path` empty: no file.
  explicit Report(const std::string& json_path);
  void machine(const std::string& store_directory, const std::vector<std::string>& more);
  void section(const std::string& title);
  void add(const Line& line);
  void bar(const Bar& bar) { bars_.push_back(bar); }
  /// The table of bars; true when all are met.
  bool print_bars();

 private:
  void write_json(const Value& value);

  std::ofstream json_;
  std::string section_;
  std::vector<Bar> bars_;
};

std::string milliseconds_or_less(std::chrono::nanoseconds time);
std::string grouped(double number);
std::string decimal(double number, int digits);
std::string times(double ratio);

}  // namespace strata::bench
