// What the disk itself takes: an overwrite of 4 KiB, synced.
#include <chrono>

#include "bench/setting.hpp"
#include "platform/file.hpp"

namespace strata::bench {

void bench_floor(Setting& setting) {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t page_bytes = 4096;
  setting.report.section("The floor: one synced write");
  platform::File file(setting.place("floor"), platform::File::Mode::create);
  file.write_at(0, std::string(64 * page_bytes, 'x'));
  file.sync();
  Run run;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(setting.seconds);
  for (std::uint64_t number = 0; Clock::now() < end; ++number) {
    const std::string page(page_bytes, static_cast<char>('a' + number % 26));
    const auto begin = Clock::now();
    file.write_at(number % 64 * page_bytes, page);
    file.sync();
    run.times.add(Clock::now() - begin);
  }
  run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  run.operations = run.times.count();
  setting.report.add(
      {.work = "4 KiB overwrite and fdatasync", .who = "disk", .run = run, .figure = {}, .ratios = {}, .note = {}});
}

}  // namespace strata::bench
