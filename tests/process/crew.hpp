// Writers and readers of one directory, each a process; some are killed and started again, some stand still for a
// while.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "platform/child_process.hpp"
#include "platform/clock.hpp"
#include "strata/strata.hpp"
#include "tests/process/report_pipe.hpp"

namespace strata {

struct CrewOptions {
  std::string url;
  std::string notes_directory;  ///< Where a writer notes what it is about to commit.
  std::uint64_t seed = 0;
  std::size_t writers = 8;
  std::size_t readers = 8;
  std::size_t disturbed_writers = 4;  ///< The last so many of them.
  std::size_t disturbed_readers = 4;
  std::uint64_t commits = 0;                  ///< In all; then everyone goes home.
  std::uint64_t commits_per_disturbance = 0;  ///< On average.
  std::chrono::milliseconds pause_max{0};
  std::chrono::milliseconds commit_timeout{1000};
  bool some_relaxed = true;  ///< A third of the writers need not outlive a power failure.
  /// Something else fails, in place of half of the disturbances. Then `busy` and the like end no worker: it tries
  /// again.
  std::function<void(std::mt19937_64& random)> fail_outside{};
};

/// What a worker tells.
struct Report {
  enum class Kind : std::uint32_t { ready, acknowledged, finished };
  Kind kind = Kind::ready;
  std::uint32_t worker = 0;  ///< Writers first, then readers.
  std::uint64_t sequence = 0;
  std::uint64_t position = 0;
  std::array<std::uint8_t, 16> id{};
  std::uint32_t resolved = 0;         ///< Its outcome was asked for after a restart.
  std::uint32_t refusals = 0;         ///< `busy` or `commit_unknown` before it.
  std::uint64_t longest_call_us = 0;  ///< Of the calls that this commit took.
  std::uint64_t rounds = 0;           ///< Of a reader, when it has finished.
};

/// A commit that a writer had been told of.
struct Acknowledged {
  std::size_t writer = 0;
  std::uint64_t sequence = 0;
  std::uint64_t position = 0;
};

/// What happened.
struct CrewLog {
  std::map<Uuid, Acknowledged> acknowledged;
  std::vector<std::string> contradictions;
  std::vector<std::uint64_t> commits_of;          ///< By writer.
  std::vector<std::uint64_t> longest_call_us_of;  ///< By writer.
  std::vector<std::uint64_t> rounds_of;           ///< By reader.
  std::size_t kills = 0;
  std::size_t pauses = 0;
  std::size_t failures_outside = 0;
  std::size_t resolved = 0;
  std::size_t refusals = 0;
};

// What writers write, in one transaction each: a record of their own under the sequence number, their own counter, and
// now and then a counter that all share.
inline constexpr std::size_t shared_counters = 4;
inline constexpr std::string_view counters = "counters";
std::string own_name(std::size_t writer);
std::string shared_name(std::size_t counter);
std::string sequence_key(std::uint64_t sequence);

class Crew {
 public:
  explicit Crew(CrewOptions options);
  /// Makes the store with all counters at zero, then lets the crew work until all commits are done. Throws when nobody
  /// commits any more. Requires: no store is open in this process.
  CrewLog work();

 private:
  struct Worker {
    std::unique_ptr<platform::ChildProcess> process;
    bool paused = false;
    bool finished = false;
    platform::SteadyTime resume_at{};
  };

  std::size_t workers() const { return options_.writers + options_.readers; }
  bool is_writer(std::size_t number) const { return number < options_.writers; }
  void start(std::size_t number, bool at_once);
  void make_store() const;
  void take(const Report& report);
  void note_acknowledged(const Report& report);
  void disturb();
  void resume_due(bool all);
  std::chrono::milliseconds until_next_resume() const;
  bool all_finished() const;

  CrewOptions options_;
  std::mt19937_64 random_;
  ReportPipe<Report> reports_;
  platform::Sign begin_;
  std::vector<Worker> workers_;
  CrewLog log_;
  std::size_t ready_ = 0;
  std::uint64_t newest_ = 0;
};

}  // namespace strata
