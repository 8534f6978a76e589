#include "tests/process/crew_verdict.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <set>

namespace strata {
namespace {

using Lines = std::vector<std::string>;

/// A commit as the log tells of it.
struct Logged {
  std::uint64_t position = 0;
  std::size_t writer = 0;
  std::uint64_t sequence = 0;
  bool shared = false;
};

std::map<Uuid, Logged> read_log(const Store& store, std::size_t writers) {
  std::map<Uuid, Logged> commits;
  std::uint64_t expected = 1;
  for (;;) {
    const std::vector<LogEntry> page = store.log(Position{expected - 1});
    if (page.empty()) break;
    for (const LogEntry& entry : page) {
      EXPECT_EQ(entry.position.value, expected++) << "the log is not dense";
      Logged logged{.position = entry.position.value};
      for (const LogChange& change : entry.changes) {
        if (change.collection == counters && change.key.starts_with('s')) logged.shared = true;
        for (std::size_t i = 0; i < writers; ++i) {
          if (change.collection != own_name(i)) continue;
          logged.writer = i;
          logged.sequence = std::stoull(change.key);
        }
      }
      if (logged.sequence == 0) continue;  // not a writer's
      EXPECT_TRUE(commits.emplace(entry.id, logged).second) << entry.id.to_string() << " is in the log twice";
    }
  }
  EXPECT_EQ(expected - 1, store.position().value) << "the log does not end at the head";
  return commits;
}

void expect_all_there(const CrewLog& crew, const std::map<Uuid, Logged>& commits) {
  std::size_t lost = 0;
  for (const auto& [id, acknowledged] : crew.acknowledged) {
    const auto found = commits.find(id);
    if (found == commits.end() || found->second.position != acknowledged.position ||
        found->second.writer != acknowledged.writer || found->second.sequence != acknowledged.sequence) {
      ADD_FAILURE() << "acknowledged and not in the log: " << id.to_string() << " of writer " << acknowledged.writer;
      if (++lost == 10) return;
    }
  }
}

/// Sequence numbers 1, 2, ... of each writer, each once; and what is stored agrees with them.
void expect_each_once(const Store& store, std::size_t writers, const std::map<Uuid, Logged>& commits) {
  std::vector<std::set<std::uint64_t>> sequences(writers);
  std::uint64_t shared = 0;
  for (const auto& [id, logged] : commits) {
    EXPECT_TRUE(sequences[logged.writer].insert(logged.sequence).second)
        << "writer " << logged.writer << " committed " << logged.sequence << " twice";
    if (logged.shared) ++shared;
  }
  const Snapshot snapshot = store.snapshot();
  const Collection all = snapshot.collection(counters);
  for (std::size_t i = 0; i < writers; ++i) {
    const std::uint64_t count = sequences[i].size();
    EXPECT_EQ(count > 0 ? *sequences[i].rbegin() : 0, count) << "writer " << i << " has a hole";
    EXPECT_EQ(static_cast<std::uint64_t>(all.get(own_name(i))->value["sequence"].as_int()), count);
    EXPECT_EQ(snapshot.collection(own_name(i)).count(), count);
  }
  std::uint64_t counted = 0;
  for (std::size_t i = 0; i < shared_counters; ++i)
    counted += static_cast<std::uint64_t>(all.get(shared_name(i))->value["count"].as_int());
  EXPECT_EQ(counted, shared);
  EXPECT_EQ(commits.size() + 1, store.position().value) << "the first commit made the counters";
}

void expect_equal_copy(const Store& store) {
  std::vector<std::string> lines;
  dump(store, [&](std::string_view line) { lines.emplace_back(line); });
  Store copy = Store::open("memory:");
  std::size_t next = 0;
  load(copy, [&](std::string& line) {
    if (next == lines.size()) return false;
    line = lines[next++];
    return true;
  });
  EXPECT_EQ(copy.describe().digest, store.describe().digest);
}

}  // namespace

void expect_nothing_lost_or_doubled(const Store& store, const CrewOptions& options, const CrewLog& crew) {
  EXPECT_EQ(crew.contradictions, Lines{});
  EXPECT_GE(store.position().value, options.commits);
  EXPECT_EQ(store.verify().problems, Lines{});
  const auto commits = read_log(store, options.writers);
  expect_all_there(crew, commits);
  expect_each_once(store, options.writers, commits);
  expect_equal_copy(store);
}

void print(const CrewLog& crew) {
  std::cout << "kills " << crew.kills << ", pauses " << crew.pauses << ", failures outside " << crew.failures_outside
            << ", outcomes asked for " << crew.resolved << ", refusals " << crew.refusals << "; commits by writer";
  for (const std::uint64_t commits : crew.commits_of) std::cout << " " << commits;
  std::cout << "; longest call, ms, by writer";
  for (const std::uint64_t longest : crew.longest_call_us_of) std::cout << " " << longest / 1000;
  std::cout << "; rounds by reader";
  for (const std::uint64_t rounds : crew.rounds_of) std::cout << " " << rounds;
  std::cout << std::endl;
}

}  // namespace strata
