// Documents that share content, under random changes, from several threads, and in copies of their store.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

#include "platform/scratch_directory.hpp"
#include "strata/copy.hpp"
#include "strata/dump.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

using Lines = std::vector<std::string>;
using Contents = std::map<std::string, Bytes>;

class SharedDocuments : public testing::TestWithParam<std::string> {
 protected:
  Store open() { return Store::open(site_.url(), {.durability = Durability::relaxed}); }
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

/// Stretches that contents are put together from, so that they have chunks and lists of chunks in common.
class Stretches {
 public:
  explicit Stretches(std::mt19937_64& random) {
    for (const std::size_t size : {500U, 20'000U, 90'000U, 150'000U, 700'000U}) {
      Bytes stretch;
      while (stretch.size() < size) stretch += "line " + std::to_string(random()) + "\n";
      stretches_.push_back(std::move(stretch));
    }
  }
  Bytes content(std::mt19937_64& random) const {
    Bytes out;
    const std::size_t number = random() % 4;
    for (std::size_t i = 0; i < number; ++i) out += stretches_[random() % (random() % 8 == 0 ? 5 : 4)];
    if (random() % 3 == 0) out += std::to_string(random() % 5);
    return out;
  }

 private:
  std::vector<Bytes> stretches_;
};

/// One random change of documents and of what they should be.
void change(Store& store, Contents& expected, const std::string& collection, const Stretches& stretches,
            std::mt19937_64& random) {
  Documents documents = store.documents(collection);
  const auto key = [&] { return "k" + std::to_string(random() % 6); };
  switch (random() % 6) {
    case 0: {
      const std::string gone = key();
      EXPECT_EQ(documents.erase(gone), expected.erase(gone) > 0);
      break;
    }
    case 1: {
      const std::string gone = key();
      store.collection(collection).erase(gone);
      expected.erase(gone);
      break;
    }
    case 2: {
      const std::string moved = key(), to = key();
      std::optional<Bytes> content;
      store.transact([&](Transaction& transaction) {
        Documents own = transaction.documents(collection);
        content = own.get(moved);
        if (!content || moved == to) return;
        own.put(to, *content);
        own.erase(moved);
      });
      EXPECT_EQ(content.has_value(), expected.contains(moved));
      if (!content || moved == to) break;
      expected[to] = *content;
      expected.erase(moved);
      break;
    }
    case 3: {
      const std::string written = key();
      const Bytes content = stretches.content(random);
      DocumentWriter writer = documents.writer(written);
      for (std::size_t at = 0; at < content.size(); at += 30'000) writer.write(bytes_view(content).substr(at, 30'000));
      if (random() % 4 == 0) break;  // given up
      writer.finish();
      expected[written] = content;
      break;
    }
    default: {
      const std::string written = key();
      expected[written] = stretches.content(random);
      documents.put(written, expected[written]);
    }
  }
}

void expect_contents(const Store& store, const Documents& documents, const Contents& expected) {
  Contents found;
  for (const DocumentDescription& one : documents.list().documents) {
    const auto content = documents.get(one.key);
    ASSERT_TRUE(content);
    EXPECT_EQ(one.size, content->size());
    found[one.key] = *content;
  }
  EXPECT_TRUE(found == expected);
  EXPECT_EQ(store.verify().problems, Lines{});
}

TEST_P(SharedDocuments, AreWhatWasPutWhateverIsChanged) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  const Stretches stretches(random);
  Store store = open();
  Contents expected;
  for (std::size_t step = 0; step < volume(40, 2'000); ++step) {
    change(store, expected, "documents", stretches, random);
    if (step % 20 == 19) expect_contents(store, store.documents(), expected);
  }
  expect_contents(store, store.documents(), expected);
  for (const auto& [key, unused] : Contents(expected)) store.documents().erase(key);
  store.compact();
  EXPECT_EQ(store.documents().statistics().chunks, 0U) << "nobody holds any";
  EXPECT_EQ(store.documents().statistics().stored_bytes, 0U);
}

TEST_P(SharedDocuments, ThreadsThatShareContentDoNotLoseEachOthers) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  std::mt19937_64 random(seed);
  const Stretches stretches(random);
  Store store = open();
  constexpr std::size_t threads = 3;
  std::vector<Contents> expected(threads);
  {
    std::vector<std::thread> running;
    for (std::size_t i = 0; i < threads; ++i) {
      running.emplace_back([&, i] {
        std::mt19937_64 own(seed + i);
        for (std::size_t step = 0; step < volume(12, 500); ++step)
          change(store, expected[i], "c" + std::to_string(i), stretches, own);
      });
    }
    for (std::thread& thread : running) thread.join();
  }
  for (std::size_t i = 0; i < threads; ++i)
    expect_contents(store, store.documents("c" + std::to_string(i)), expected[i]);
  for (std::size_t i = 0; i < threads; ++i) store.collection("c" + std::to_string(i)).drop();
  store.compact();
  EXPECT_EQ(store.documents().statistics().chunks, 0U);
  EXPECT_EQ(store.verify().problems, Lines{});
}

TEST_P(SharedDocuments, ACopyAndALoadedDumpHaveThem) {
  std::mt19937_64 random(5);
  const Stretches stretches(random);
  Store store = open();
  Contents expected;
  for (int i = 0; i < 25; ++i) change(store, expected, "documents", stretches, random);
  const Bytes bytes("\xff\x00\x01 not text \xfe", 14);
  store.documents("others").put("bytes", bytes);
  store.documents("dropped").put("k", stretches.content(random) + Bytes(9'000, 'x'));
  store.collection("dropped").drop();

  Lines lines;
  dump(store, [&](std::string_view line) { lines.emplace_back(line); });
  for (const std::string& line : lines) EXPECT_TRUE(Value::from_json(line)["strata"] || line.front() == '{');
  Store loaded = Store::open("memory:");
  auto next = lines.begin();
  load(loaded, [&](std::string& line) {
    if (next == lines.end()) return false;
    line = *next++;
    return true;
  });
  Store copied = Store::open("memory:");
  copy(store, copied);
  for (Store* other : {&loaded, &copied}) {
    EXPECT_EQ(other->describe().digest, store.describe().digest);
    expect_contents(*other, other->documents(), expected);
    EXPECT_EQ(other->documents("others").get("bytes"), bytes);
    other->documents().put("k0", Bytes(9'000, 'y'));
    EXPECT_TRUE(other->documents("others").erase("bytes"));
    other->compact();
    EXPECT_EQ(other->verify().problems, Lines{});
    EXPECT_EQ(other->documents().statistics().unreferenced, 0U);
    next = lines.begin();
    try {
      load(*other, [&](std::string& line) {
        if (next == lines.end()) return false;
        line = *next++;
        return true;
      });
      ADD_FAILURE() << "two stores' documents cannot be made one";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << error.what();
    }
    EXPECT_EQ(other->verify().problems, Lines{});
  }
}

TEST_P(SharedDocuments, ManyInOneTransactionAndBeyondWhatOneMayLetGoOf) {
  Store store = open();
  Bytes lines;
  for (int i = 0; lines.size() < 600'000; ++i) lines += "line number " + std::to_string(i) + "\n";
  store.transact([&](Transaction& transaction) {
    for (int i = 0; i < 30; ++i) {
      transaction.documents().put("k" + std::to_string(i), bytes_view(lines).substr(static_cast<std::size_t>(i) * 10));
    }
  });
  EXPECT_EQ(store.documents().get("k29"), lines.substr(290));
  EXPECT_LT(store.documents().statistics().stored_bytes, lines.size()) << "they have nearly all in common";
  store.transact([&](Transaction& transaction) {
    for (int i = 0; i < 30; ++i) EXPECT_TRUE(transaction.documents().erase("k" + std::to_string(i)));
  });
  store.compact();
  EXPECT_EQ(store.documents().statistics().chunks, 0U);
  EXPECT_EQ(store.verify().problems, Lines{});
}

INSTANTIATE_TEST_SUITE_P(Engines, SharedDocuments, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace strata
