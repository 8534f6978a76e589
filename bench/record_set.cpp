#include "bench/record_set.hpp"

#include <algorithm>
#include <chrono>

namespace strata::bench {

Run fill_records(Contender& contender, std::uint64_t count) {
  using Clock = std::chrono::steady_clock;
  constexpr std::uint64_t transaction_rows = 1000;
  const std::unique_ptr<Writer> writer = contender.writer();
  RowSource source(KeyOrder::random, 1);
  Run run;
  const auto start = Clock::now();
  for (std::uint64_t number = 0; number < count;) {
    std::vector<Row> rows(std::min(transaction_rows, count - number));
    source.fill(rows);
    for (Row& row : rows) row.key = numbered_key(number++);
    const auto begin = Clock::now();
    writer->commit(rows);
    run.times.add(Clock::now() - begin);
  }
  run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  run.operations = count;
  return run;
}

std::vector<std::string> shuffled_keys(std::uint64_t count, std::uint64_t seed) {
  std::vector<std::string> keys;
  keys.reserve(count);
  for (std::uint64_t number = 0; number < count; ++number) keys.push_back(numbered_key(number));
  std::shuffle(keys.begin(), keys.end(), std::mt19937_64(seed));
  return keys;
}

}  // namespace strata::bench
