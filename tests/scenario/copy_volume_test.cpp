// Copies of many records between every two engines, stopped on the way and continued. `make soak`: a million, or a
// hundred thousand where an engine is slow.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <random>

#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

using Seconds = std::chrono::duration<double>;

bool is_slow(const std::string& engine) { return engine == "duckdb" || engine == "postgres"; }

void fill(Store& store, std::uint64_t records) {
  constexpr std::uint64_t batch = 5000;
  store.collection("notes").create_index({.fields = {{"kind"}}});
  for (std::uint64_t begin = 0; begin < records; begin += batch) {
    store.transact(
        [&](Transaction& transaction) {
          Collection notes = transaction.collection("notes");
          for (std::uint64_t n = begin; n < std::min(records, begin + batch); ++n) {
            notes.put("key/" + std::to_string(n * 7919 % 1'000'003),
                      Value::object({{"n", n}, {"kind", n % 50}, {"text", std::string(20 + n % 100, 'x')}}));
          }
        },
        {.durability = Durability::relaxed});
  }
}

/// Gives up at the n-th step, as if somebody had pressed Ctrl-C.
class StopAt : public engine::Progress {
 public:
  explicit StopAt(std::uint64_t steps) : left_(steps) {}
  bool advance(std::string_view, std::uint64_t, std::uint64_t) override { return left_-- > 0; }

 private:
  std::uint64_t left_;
};

class CopyVolume : public testing::TestWithParam<std::string> {};

TEST_P(CopyVolume, OfManyRecordsToEveryEngineIsEqual) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  const platform::ScratchDirectory directory;
  const StoreSite source_site(GetParam(), directory / "from");
  Store from = Store::open(source_site.url());
  const std::uint64_t records = volume(3000, is_slow(GetParam()) ? 100'000 : 1'000'000);
  fill(from, records);
  // What goes from a fast engine to a slow one is smaller.
  const StoreSite small_site(GetParam(), directory / "small");
  std::unique_ptr<Store> small;
  if (soaking() && !is_slow(GetParam())) {
    small = std::make_unique<Store>(Store::open(small_site.url()));
    fill(*small, 100'000);
  }
  for (const std::string& engine : with_remote(built_engines())) {
    Store& source = is_slow(engine) && small ? *small : from;
    const StoreSite site(engine, directory / "to");
    Store to = Store::open(site.url(), {.continue_copy = true});
    const auto began = std::chrono::steady_clock::now();
    StopAt stop(random() % (records / 4000 + 2));
    CopyReport report;
    try {
      report = copy(source, to, {}, &stop);
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::busy) << error.what();
      report = copy(source, to);
      EXPECT_TRUE(report.resumed);
    }
    const double seconds = Seconds(std::chrono::steady_clock::now() - began).count();
    EXPECT_EQ(report.records, source.collection("notes").count());
    EXPECT_EQ(to.describe().digest, source.describe().digest);
    EXPECT_EQ(to.position(), source.position());
    EXPECT_EQ(to.collection("notes").count({.where = "kind = 7"}),
              source.collection("notes").count({.where = "kind = 7"}));
    std::cout << GetParam() << " to " << engine << ": " << report.records << " records, "
              << static_cast<std::uint64_t>(static_cast<double>(report.records) / seconds) << " per second"
              << std::endl;
    to.close();
    if (engine != "memory") site.remove();
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, CopyVolume, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace strata
