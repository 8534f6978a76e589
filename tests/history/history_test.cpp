// Random transactions of threads and processes are serializable, on every engine.
#include <gtest/gtest.h>

#include <exception>
#include <fstream>
#include <mutex>
#include <thread>

#include "platform/child_process.hpp"
#include "platform/scratch_directory.hpp"
#include "tests/built_engines.hpp"
#include "tests/history/checker.hpp"
#include "tests/history/program.hpp"
#include "tests/postgres/store_site.hpp"
#include "tests/process/volume.hpp"

namespace strata::history {
namespace {

using Lines = std::vector<std::string>;

/// Only a hanging test meets it.
constexpr auto patience = std::chrono::minutes(2);

std::size_t transactions_in_all() { return volume(2000, 50'000); }

class Engine : public testing::TestWithParam<std::string> {
 protected:
  Store open(bool background = true) {
    OpenOptions options;
    options.commit_timeout = patience;
    options.background = background;
    return Store::open(site_.url(), options);
  }

  /// Records of one collection keep their earlier versions, so that this runs along.
  static void declare_history(Store& store) {
    store.collection(collection_names.front())
        .set_options({.history = {.enabled = true, .keep_for = {}, .keep_count = 3}, .time_to_live = {}});
  }

  static void judge(Store& store, History history, const Tally& tally) {
    history.transactions.push_back(read_all(store));
    history.log = whole_log(store);
    EXPECT_EQ(violations(history), Lines{});
    EXPECT_EQ(store.verify().problems, Lines{});
    EXPECT_EQ(history.log.size(), store.position().value);
    EXPECT_GE(tally.committed + tally.only_read + tally.abandoned + tally.refused, transactions_in_all());
    EXPECT_GT(tally.committed, transactions_in_all() / 3);
    EXPECT_GT(tally.only_read, 0u);
    EXPECT_GT(tally.abandoned, 0u);
    EXPECT_GT(tally.declarations, 0u);
    EXPECT_GT(tally.through_index, 0u);
    std::cout << "committed " << tally.committed << ", only read " << tally.only_read << ", abandoned "
              << tally.abandoned << ", refused " << tally.refused << ", declarations " << tally.declarations
              << ", scans through an index " << tally.through_index << ", positions " << store.position().value
              << std::endl;
  }

  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

using Threads = Engine;
using Processes = Engine;

TEST_P(Threads, RandomTransactionsAreSerializable) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  constexpr std::size_t sessions = 4;
  Store store = open();
  declare_history(store);
  std::mutex mutex;
  History history;
  Tally tally;
  std::vector<std::string> failures;
  std::vector<std::thread> threads;
  for (std::size_t number = 0; number < sessions; ++number) {
    threads.emplace_back([&, number] {
      try {
        Program program(store, number, seed, [&](const Done& done) {
          const std::lock_guard lock(mutex);
          history.transactions.push_back(done);
        });
        const Tally mine = program.run(transactions_in_all() / sessions);
        const std::lock_guard lock(mutex);
        tally += mine;
      } catch (const std::exception& error) {
        const std::lock_guard lock(mutex);
        failures.emplace_back(error.what());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(failures, Lines{});
  judge(store, std::move(history), tally);
}

/// The tally goes over in the last line.
std::string tally_line(const Tally& tally) {
  return Value::array({std::uint64_t{tally.committed}, std::uint64_t{tally.only_read}, std::uint64_t{tally.abandoned},
                       std::uint64_t{tally.refused}, std::uint64_t{tally.declarations},
                       std::uint64_t{tally.through_index}})
      .to_json();
}

Tally tally_of(ValueView line) {
  return {line[0].as_uint(), line[1].as_uint(), line[2].as_uint(),
          line[3].as_uint(), line[4].as_uint(), line[5].as_uint()};
}

void read_back(const std::string& path, History& history, Tally& tally) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with('[')) {
      tally += tally_of(Value::from_json(line));
    } else {
      history.transactions.push_back(from_line(line));
    }
  }
}

TEST_P(Processes, RandomTransactionsAreSerializable) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  constexpr std::size_t sessions = 4;
  {
    Store store = open();
    declare_history(store);
  }
  std::vector<platform::ChildProcess> children;
  for (std::size_t number = 0; number < sessions; ++number) {
    children.emplace_back([&, number] {
      std::ofstream file(directory_ / ("session-" + std::to_string(number)));
      Store store = open(number % 2 == 0);  // half of them do upkeep as they commit
      Program program(store, number, seed, [&](const Done& done) { file << to_line(done) << '\n'; });
      file << tally_line(program.run(transactions_in_all() / sessions)) << '\n';
      store.close();
      return file.flush() ? 0 : 1;
    });
  }
  for (platform::ChildProcess& child : children) EXPECT_EQ(child.wait(), 0);
  History history;
  Tally tally;
  for (std::size_t number = 0; number < sessions; ++number)
    read_back(directory_ / ("session-" + std::to_string(number)), history, tally);
  Store store = open();
  judge(store, std::move(history), tally);
}

const auto engine_name = [](const testing::TestParamInfo<std::string>& info) { return info.param; };
INSTANTIATE_TEST_SUITE_P(Engines, Threads, testing::ValuesIn(with_remote(built_engines())), engine_name);
INSTANTIATE_TEST_SUITE_P(Engines, Processes, testing::ValuesIn(with_remote(built_of({"lmdb", "sqlite"}))), engine_name);

}  // namespace
}  // namespace strata::history
