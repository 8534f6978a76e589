// Sixteen processes, one directory, kills and pauses: nothing that was acknowledged is lost, nothing is there twice.
#include "tests/process/crew.hpp"

#include "tests/process/crew_verdict.hpp"
#include "tests/process/shared_store.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

class Crews : public SharedStore {
 protected:
  CrewOptions options(std::uint64_t seed) const {
    CrewOptions options;
    options.url = url();
    options.notes_directory = directory_.path();
    options.seed = seed;
    options.commits = volume(3000, 100'000);
    options.commits_per_disturbance = volume(100, 400);
    options.pause_max = std::chrono::milliseconds(volume(1500, 3000));
    return options;
  }

  /// Half of an equal share. A short run ends while one process that the system has just put aside waits for its turn
  /// on the processor: a quarter of the share there.
  static std::uint64_t least_commits(const CrewOptions& options) {
    return options.commits / options.writers / volume(4, 2);
  }
};

TEST_P(Crews, NothingAcknowledgedIsLostOrDoubledThoughSomeAreKilledAndSomeStandStill) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  const CrewOptions options = this->options(seed);
  const CrewLog crew = Crew(options).work();
  print(crew);
  EXPECT_GT(crew.kills, 0u);
  EXPECT_GT(crew.pauses, 0u);
  expect_nothing_lost_or_doubled(open(), options, crew);

  // The gate's turnstile: those whom nobody disturbed got their part, and their deadlines held.
  const auto limit = options.commit_timeout + leniently(std::chrono::seconds(2));
  for (std::size_t i = 0; i + options.disturbed_writers < options.writers; ++i) {
    EXPECT_GE(crew.commits_of[i], least_commits(options)) << "writer " << i;
    EXPECT_LT(std::chrono::microseconds(crew.longest_call_us_of[i]), limit) << "writer " << i;
  }
  for (std::size_t i = 0; i < options.readers; ++i) EXPECT_GT(crew.rounds_of[i], 0u) << "reader " << i;
}

TEST_P(Crews, UndisturbedWritersGetTheirShare) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  CrewOptions options = this->options(seed);
  options.commits = volume(1500, 20'000);
  options.commits_per_disturbance = options.commits + 1;
  options.readers = 0;
  options.commit_timeout = patience;
  const CrewLog crew = Crew(options).work();
  print(crew);
  EXPECT_EQ(crew.contradictions, Lines{});
  for (std::size_t i = 0; i < options.writers; ++i)
    EXPECT_GE(crew.commits_of[i], least_commits(options)) << "writer " << i;
  EXPECT_EQ(open().verify().problems, Lines{});
}

STRATA_SHARED_ENGINES(Crews);

}  // namespace
}  // namespace strata
