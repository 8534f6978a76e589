// Processes that write documents and are killed at any moment: whoever looks sees whole documents, and nothing that was
// begun stays for ever.
#include <map>
#include <random>
#include <thread>

#include "platform/clock.hpp"
#include "platform/file.hpp"
#include "tests/process/shared_store.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

using platform::ChildProcess;

constexpr int exit_wrong = 90;
constexpr std::size_t keys = 5;

/// The content follows from the seed that stands in its first line, so that whoever reads it can tell whether it is
/// whole. Contents of different seeds have most of it in common.
Bytes content_of(std::uint64_t seed) {
  std::mt19937_64 random(seed % 7);
  const std::size_t size = std::size_t{6'000'000} >> (seed % 5) * 2;
  Bytes out = std::to_string(seed) + "\n";
  while (out.size() < size) {
    const std::uint64_t words[4] = {random(), random(), random() & 0xff, 0};
    for (int copies = 0; copies < 4; ++copies) out.append(reinterpret_cast<const char*>(words), sizeof words);
  }
  out.insert(out.size() / 2, std::to_string(seed));
  return out;
}

bool is_whole(const Bytes& content) { return content == content_of(std::strtoull(content.c_str(), nullptr, 10)); }

class WritingDocuments : public SharedStore {
 protected:
  bool stopped() const { return platform::exists(directory_ / "stop"); }
  Store open_relaxed() const { return open({.durability = Durability::relaxed, .commit_timeout = patience}); }

  int write_on(std::uint64_t seed) {
    Store store = open_relaxed();
    Documents documents = store.documents();
    std::mt19937_64 random(seed);
    while (!stopped()) {
      const std::string key = "k" + std::to_string(random() % keys);
      if (random() % 4 == 0) {
        documents.erase(key);
        continue;
      }
      const Bytes content = content_of(random() % 1000);
      DocumentWriter writer = documents.writer(key);
      for (std::size_t at = 0; at < content.size(); at += 300'000)
        writer.write(bytes_view(content).substr(at, 300'000));
      writer.finish();
    }
    return 0;
  }

  int read_on(std::uint64_t seed) {
    Store store = open_relaxed();
    std::mt19937_64 random(seed);
    do {
      const Snapshot snapshot = store.snapshot();
      for (const DocumentDescription& one : snapshot.documents().list().documents) {
        const auto content = snapshot.documents().get(one.key);
        if (!content || content->size() != one.size) return exit_wrong;
        if (!is_whole(*content)) return exit_wrong + 1;
        if (snapshot.collection("documents").get(one.key)->value["size"].as_int() !=
            static_cast<std::int64_t>(one.size))
          return exit_wrong + 2;
      }
    } while (!stopped());
    return 0;
  }
};

TEST_P(WritingDocuments, AreSeenWholeOrNotAtAllThoughWritersAreKilled) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  ASSERT_EQ(ChildProcess([&] {
              open_relaxed().documents().put("k0", content_of(3));
              return 0;
            }).wait(),
            0);
  {
    ChildProcess reader([&] { return read_on(seed); });
    ChildProcess steady([&] { return write_on(seed + 1); });
    for (std::size_t kills = 0; kills < volume(6, 300); ++kills) {
      ChildProcess writer([&] { return write_on(seed + 2 + kills); });
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 250));  // to be killed anywhere
      EXPECT_EQ(writer.kill(), -SIGKILL);
    }
    platform::File(directory_ / "stop", platform::File::Mode::create);
    EXPECT_EQ(reader.wait(), 0);
    EXPECT_EQ(steady.wait(), 0);
  }
  platform::ManualClock clock(platform::clock().now());
  const platform::ClockOverride in_force(clock);
  Store store = open_relaxed();
  EXPECT_EQ(store.verify().problems, Lines{});
  clock.advance(std::chrono::hours(25));
  store.compact();
  EXPECT_EQ(store.verify().problems, Lines{});
  for (const DocumentDescription& one : store.documents().list().documents) {
    const auto content = store.documents().get(one.key);
    ASSERT_TRUE(content);
    EXPECT_TRUE(is_whole(*content)) << one.key;
    EXPECT_TRUE(store.documents().erase(one.key));
  }
  store.compact();
  const DocumentStatistics left = store.documents().statistics();
  EXPECT_EQ(left.chunks, 0U) << "no chunk is left of writers that were killed";
  EXPECT_EQ(left.stored_bytes, 0U);
  EXPECT_EQ(store.verify().problems, Lines{});
}

STRATA_SHARED_ENGINES(WritingDocuments);

}  // namespace
}  // namespace strata
