// A whole store copied from engine to engine, everything read back.
#include <chrono>
#include <filesystem>

#include "bench/contender.hpp"
#include "bench/record_set.hpp"
#include "bench/setting.hpp"
#include "strata/copy.hpp"
#include "strata/store.hpp"

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t records = 100'000;
constexpr std::uint64_t records_soak = 1'000'000;

/// One copy; the time is that of all of it.
Run copy_once(const std::string& from_url, const ContenderPlace& to) {
  const Store from = Store::open(from_url, {.read_only = true});
  Run run;
  const auto start = Clock::now();
  Store target = Store::open(store_url(to), {.continue_copy = true});
  const CopyReport report = copy(from, target);
  target.close();
  const auto took = Clock::now() - start;
  run.times.add(took);
  run.seconds = std::chrono::duration<double>(took).count();
  run.operations = report.records;
  return run;
}

}  // namespace

void bench_copies(Setting& setting) {
  const std::uint64_t count = setting.soak ? records_soak : records;
  setting.report.section("copies: " + grouped(static_cast<double>(count)) +
                         " records of 200 bytes from engine to engine; times of a whole copy");
  for (const std::string& from : strata_engines()) {
    const ContenderPlace source{"strata " + from, setting.place("copy-from-" + from)};
    fill_records(*open_contender(source), count);
    for (const std::string& to : strata_engines()) {
      const ContenderPlace target{"strata " + to, setting.place("copy-to-" + to)};
      setting.report.add({.work = "copy from " + from,
                          .who = target.name,
                          .run = copy_once(store_url(source), target),
                          .figure = {},
                          .ratios = {},
                          .note = {}});
      std::filesystem::remove_all(target.where);
    }
    std::filesystem::remove_all(source.where);
  }
}

}  // namespace strata::bench
