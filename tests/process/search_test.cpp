// Processes that write vectors, build the index and search it; builders are killed at any moment. Each hit is a record
// that is there, as alike as is said, whoever asks.
#include <cmath>
#include <map>
#include <random>
#include <thread>

#include "platform/file.hpp"
#include "tests/process/shared_store.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

using platform::ChildProcess;

constexpr std::size_t dimension = 8;
constexpr std::size_t keys = 3000;
constexpr int exit_wrong = 90;

/// The vector of a record follows from its seed, so that whoever reads both can tell that they belong together.
std::vector<float> vector_of(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<float> element(-1, 1);
  std::vector<float> vector(dimension);
  for (float& one : vector) one = element(random);
  return vector;
}

Value note(std::uint64_t seed) {
  std::vector<Value> elements;
  for (const float element : vector_of(seed)) elements.emplace_back(static_cast<double>(element));
  return Value::object({{"seed", seed}, {"text", "word" + std::to_string(seed % 50)}, {"v", Value::array(elements)}});
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double dot = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += static_cast<double>(a[i]) * b[i];
    aa += static_cast<double>(a[i]) * a[i];
    bb += static_cast<double>(b[i]) * b[i];
  }
  return dot / std::sqrt(aa * bb);
}

Search near(const std::vector<float>& vector) {
  Search search;
  search.near.push_back({.vector = vector});
  return search;
}

class SearchingProcesses : public SharedStore {
 protected:
  bool stopped() const { return platform::exists(directory_ / "stop"); }

  int set_up(VectorIndex index) {
    Store store = open();
    Collection notes = store.collection("notes");
    notes.create_vector({.field = "v", .dimension = dimension, .index = index});
    notes.create_text({.fields = {"text"}});
    std::mt19937_64 random(1);
    write(store, random, keys, true);
    notes.build_search();
    return 0;
  }

  static void write(Store& store, std::mt19937_64& random, std::size_t changes, bool each_key) {
    constexpr std::size_t batch = 50;
    for (std::size_t done = 0; done < changes; done += batch) {
      store.transact([&](Transaction& transaction) {
        Collection notes = transaction.collection("notes");
        for (std::size_t i = 0; i < batch; ++i) {
          const std::string key = std::to_string(each_key ? done + i : random() % keys);
          const std::uint64_t seed = random() % 1'000'000;
          if (!each_key && seed % 7 == 0) {
            notes.erase(key);
          } else {
            notes.put(key, note(seed));
          }
        }
      });
    }
  }

  int write_on(std::uint64_t seed) {
    Store store = open();
    std::mt19937_64 random(seed);
    while (!stopped()) write(store, random, 50, false);
    return 0;
  }

  int build_on() {
    Store store = open({.commit_timeout = patience, .background = false});
    while (!stopped()) store.collection("notes").build_search();
    return 0;
  }

  int search_on(std::uint64_t seed) {
    Store store = open();
    std::mt19937_64 random(seed);
    const Collection notes = store.collection("notes");
    std::size_t searches = 0;
    while (!stopped() || searches == 0) {
      const std::vector<float> target = vector_of(random());
      const SearchResult result = notes.search(near(target));
      if (result.hits.size() != 10 || !result.complete) return exit_wrong;
      for (const Hit& hit : result.hits) {
        const double alike = cosine(target, vector_of(hit.record.value["seed"].as_uint()));
        if (std::fabs(alike - hit.score) > 1e-4) return exit_wrong + 1;
      }
      const std::string word = "word" + std::to_string(random() % 50);
      Search words;
      words.text = TextMatch{{}, word};
      for (const Hit& hit : notes.search(words).hits) {
        if (hit.record.value["text"].as_string() != word) return exit_wrong + 2;
      }
      ++searches;
    }
    return 0;
  }
};

TEST_P(SearchingProcesses, FindWhatIsThereThoughBuildersAreKilled) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  const VectorIndex index = random() % 2 == 0 ? VectorIndex::flat : VectorIndex::hnsw;
  ASSERT_EQ(ChildProcess([&] { return set_up(index); }).wait(), 0);
  {
    std::vector<ChildProcess> others;
    others.reserve(4);
    for (std::uint64_t i = 0; i < 2; ++i) {
      others.emplace_back([&, i] { return write_on(seed + i); });
      others.emplace_back([&, i] { return search_on(seed + 10 + i); });
    }
    for (std::size_t kills = 0; kills < volume(12, 500); ++kills) {
      ChildProcess builder([&] { return build_on(); });
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 150));  // to be killed anywhere
      EXPECT_EQ(builder.kill(), -SIGKILL);
    }
    platform::File(directory_ / "stop", platform::File::Mode::create);
    for (ChildProcess& other : others) EXPECT_EQ(other.wait(), 0);
  }
  Store store = open();
  const Collection notes = store.collection("notes");
  std::map<std::string, std::vector<float>> all;
  notes.scan({}, [&](const Record& record) {
    all[record.key] = vector_of(record.value["seed"].as_uint());
    return true;
  });
  ASSERT_GT(all.size(), 100u);
  double found = 0;
  constexpr int searches = 30;
  for (int i = 0; i < searches; ++i) {
    const std::vector<float> target = vector_of(random());
    std::vector<double> best;
    for (const auto& [unused, vector] : all) best.push_back(cosine(target, vector));
    std::sort(best.begin(), best.end(), std::greater<>());
    for (const Hit& hit : notes.search(near(target)).hits) found += hit.score >= best[9] - 1e-5 ? 1 : 0;
  }
  EXPECT_GE(found / (10 * searches), index == VectorIndex::flat ? 1 : 0.95);
  EXPECT_EQ(store.verify().problems, Lines{});
}

STRATA_SHARED_ENGINES(SearchingProcesses);

}  // namespace
}  // namespace strata
