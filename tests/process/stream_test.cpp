// Many processes append to the same streams; some are killed.
#include <array>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "tests/process/report_pipe.hpp"
#include "tests/process/shared_store.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

using platform::ChildProcess;

class SharedStreams : public SharedStore {};

/// An append that was acknowledged.
struct Acknowledged {
  std::uint32_t by = 0;
  std::uint32_t ordinal = 0;
  std::uint32_t stream = 0;
  std::uint64_t version = 0;
};

std::string stream_name(std::uint64_t number) { return "shared/" + std::to_string(number); }

constexpr std::uint64_t streams = 3;

/// Appends blindly and with an expectation, by turns; tells of each that was acknowledged.
int append_on(const std::string& url, std::uint32_t by, std::uint64_t seed, std::size_t appends,
              const ReportPipe<Acknowledged>& pipe) {
  Store store = Store::open(url, {.durability = Durability::relaxed, .commit_timeout = patience});
  std::mt19937_64 random(seed + by);
  for (std::uint32_t ordinal = 0; ordinal < appends; ++ordinal) {
    const auto number = static_cast<std::uint32_t>(random() % streams);
    Stream stream = store.stream(stream_name(number));
    for (;;) {
      const bool blind = random() % 2 == 0;
      const std::uint64_t seen = blind ? 0 : stream.version();
      Value data = Value::object({{"by", by}, {"ordinal", ordinal}});
      if (!blind) data.set("seen", Value(seen));
      try {
        const AppendResult result =
            stream.append({.type = "t", .data = data}, blind ? Expected::any() : Expected::exactly(seen));
        pipe.tell({by, ordinal, number, result.last});
        break;
      } catch (const Error& error) {
        const bool named = std::string(error.what()).find("but it has version") != std::string::npos;
        if (error.code() != ErrorCode::conflict || !named) throw;
      }
    }
  }
  return 0;
}

TEST_P(SharedStreams, ProcessesThatAreKilledLeaveDenseVersionsAndNothingAcknowledgedIsLost) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  constexpr std::uint32_t workers = 4;
  const std::size_t appends = volume(GetParam() == "postgres" ? 40 : 150, 5000);
  { open().collection("there").put("k", 1); }
  ReportPipe<Acknowledged> pipe;
  std::vector<ChildProcess> children;
  for (std::uint32_t by = 0; by < workers; ++by)
    children.emplace_back([&, by] { return append_on(url(), by, seed, appends, pipe); });

  std::vector<Acknowledged> acknowledged;
  std::array<std::size_t, workers> told{};
  std::mt19937_64 random(seed);
  const std::size_t killed_after = 1 + random() % (appends - 1);
  bool killed = false;
  const auto all_done = [&] {
    for (std::uint32_t by = 1; by < workers; ++by) {
      if (told[by] < appends) return false;
    }
    return killed;
  };
  while (!all_done()) {
    const auto report = pipe.hear(patience);
    ASSERT_TRUE(report) << "nobody appends any more";
    acknowledged.push_back(*report);
    ++told[report->by];
    if (!killed && told[0] >= killed_after) {
      EXPECT_EQ(children[0].kill(), -SIGKILL);
      killed = true;
    }
  }
  for (std::uint32_t by = 1; by < workers; ++by) EXPECT_EQ(children[by].wait(), 0);
  while (const auto report = pipe.hear(std::chrono::milliseconds(0))) acknowledged.push_back(*report);

  Store store = open();
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::pair<std::uint64_t, std::uint64_t>> places;
  for (std::uint64_t number = 0; number < streams; ++number) {
    std::uint64_t version = 0;
    for (const Event& event : store.stream(stream_name(number)).read()) {
      EXPECT_EQ(event.version, ++version);
      if (const ValueView seen = event.data["seen"]) {
        EXPECT_EQ(seen.as_uint() + 1, event.version);
      }
      const std::pair maker{event.data["by"].as_uint(), event.data["ordinal"].as_uint()};
      EXPECT_TRUE(places.emplace(maker, std::pair{number, event.version}).second) << "an append was doubled";
    }
  }
  for (const Acknowledged& one : acknowledged) {
    const auto place = places.find({one.by, one.ordinal});
    ASSERT_TRUE(place != places.end()) << "an acknowledged append is lost";
    EXPECT_EQ(place->second, (std::pair<std::uint64_t, std::uint64_t>{one.stream, one.version}));
  }
  EXPECT_LE(places.size(), acknowledged.size() + 1) << "the killed one may have written one event unacknowledged";
  EXPECT_EQ(store.verify().problems, Lines{});
}

TEST_P(SharedStreams, OfProcessesThatExpectTheSameVersionExactlyOneWins) {
  constexpr std::uint32_t workers = 3;
  const std::uint32_t rounds = static_cast<std::uint32_t>(volume(GetParam() == "postgres" ? 15 : 60, 2000));
  { open().collection("there").put("k", 1); }
  ReportPipe<Acknowledged> pipe;
  std::vector<ChildProcess> children;
  for (std::uint32_t by = 0; by < workers; ++by) {
    children.emplace_back([&, by] {
      Store store = Store::open(url(), {.durability = Durability::relaxed, .commit_timeout = patience});
      for (std::uint32_t round = 0; round < rounds; ++round) {
        try {
          store.stream("s").append({.type = "t", .data = Value(by)}, Expected::exactly(round));
          pipe.tell({by, round, 0, 1});
        } catch (const Error& error) {
          if (error.code() != ErrorCode::conflict) throw;
          while (store.stream("s").version() <= round) {
          }
        }
      }
      return 0;
    });
  }
  for (ChildProcess& child : children) EXPECT_EQ(child.wait(), 0);
  std::map<std::uint32_t, std::set<std::uint32_t>> winners;
  while (const auto report = pipe.hear(std::chrono::milliseconds(0))) winners[report->ordinal].insert(report->by);
  EXPECT_EQ(winners.size(), rounds);
  for (const auto& [round, who] : winners) EXPECT_EQ(who.size(), 1u) << "round " << round;
  EXPECT_EQ(open().stream("s").version(), rounds);
}

STRATA_SHARED_ENGINES(SharedStreams);

}  // namespace
}  // namespace strata
