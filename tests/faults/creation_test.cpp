// A store comes into being once, whoever makes it, and however often it was begun.
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "codec/head.hpp"
#include "commit/trunk.hpp"
#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "tests/faults/any_engine.hpp"
#include "tests/faults/visitor.hpp"

namespace strata::faults {
namespace {

class Creation : public AnyEngine {
 protected:
  std::unique_ptr<engine::Engine> open_bare() const {
    platform::make_directories(place() + "/engine/1");
    platform::make_directories(place() + "/run");
    engine::OpenRequest request;
    request.directory = place() + "/engine/1";
    request.store_directory = place();
    return engine::open_engine(GetParam(), request);
  }
  void expect_a_store_that_works() const {
    Store store = open();
    store.collection("notes").put("a", 1);
    EXPECT_EQ(store.position(), Position{1});
    EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
    const Uuid id = store.describe().id;
    EXPECT_FALSE(id.is_nil());
    store.close();
    const std::string signpost = platform::read_file(place() + "/STRATA").value();
    EXPECT_NE(signpost.find("id " + id.to_string()), std::string::npos) << signpost;
    EXPECT_EQ(open().describe().id, id);
  }
};

TEST_P(Creation, BySeveralProcessesAtOnceMakesOneStore) {
  constexpr int processes = 4, rounds = 5;
  for (int round = 0; round < rounds; ++round) {
    const std::string url = GetParam() + ":" + (directory_ / ("store" + std::to_string(round)));
    std::vector<std::unique_ptr<Visitor>> visitors;
    for (int number = 0; number < processes; ++number) {
      std::vector<std::string> words{"await", "put", "k" + std::to_string(number)};
      // An engine of one process: the others wait for their turn.
      if (serves_one_process(GetParam())) words.push_back("persist");
      visitors.push_back(std::make_unique<Visitor>(url, words));
    }
    for (auto& visitor : visitors) visitor->await("ready");
    for (auto& visitor : visitors) visitor->go_on();
    for (auto& visitor : visitors) EXPECT_EQ(visitor->end(), "ok");
    Store store = Store::open(url, {.create = false});
    EXPECT_EQ(store.collection("notes").count(), 4U);
    EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
  }
}

TEST_P(Creation, BySeveralThreadsAtOnceMakesOneStore) {
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&, number] { open().collection("notes").put("k" + std::to_string(number), number); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(open().collection("notes").count(), 4U);
}

TEST_P(Creation, GoesOnInAnEmptyDirectory) {
  platform::make_directories(place());
  expect_a_store_that_works();
}

TEST_P(Creation, GoesOnAfterTheLock) {
  platform::make_directories(place());
  platform::replace_file(place() + "/lock", "");
  expect_a_store_that_works();
}

TEST_P(Creation, GoesOnAfterTheEnginesDirectory) {
  platform::make_directories(place() + "/engine/1");
  platform::make_directories(place() + "/run");
  expect_a_store_that_works();
}

TEST_P(Creation, GoesOnAfterTheEnginesFiles) {
  open();  // makes the engines known
  platform::remove_tree(place());
  open_bare();
  EXPECT_EQ(error_of([&] { open({.create = false}); }).code(), ErrorCode::not_found);
  expect_a_store_that_works();
}

TEST_P(Creation, GoesOnAfterTheHeadAndKeepsItsId) {
  open();
  platform::remove_tree(place());
  const Uuid id = platform::make_uuid();
  commit::Trunk::create(*open_bare(), {id, 5}, platform::steady_now() + std::chrono::seconds(5));
  EXPECT_EQ(error_of([&] { open({.create = false}); }).code(), ErrorCode::not_found);
  expect_a_store_that_works();
  EXPECT_EQ(open().describe().id, id);
}

TEST_P(Creation, GoesOnAfterAHalfWrittenSignpost) {
  open().close();
  const std::string signpost = platform::read_file(place() + "/STRATA").value();
  platform::remove_file(place() + "/STRATA");
  platform::replace_file(place() + "/STRATA.new-0", signpost.substr(0, 10));
  expect_a_store_that_works();
}

TEST_P(Creation, OfAStoreWhoseEngineFilesAreGoneIsNotRepeated) {
  make_store();
  platform::remove_tree(place() + "/engine/1");
  EXPECT_EQ(error_of([&] { open(); }).code(), ErrorCode::corruption);
  EXPECT_EQ(error_of([&] { open({.create = false}); }).code(), ErrorCode::corruption);
}

TEST_P(Creation, OfAStoreWhoseEngineIsEmptyIsNotRepeated) {
  make_store();
  platform::remove_tree(place() + "/engine/1");
  open_bare();
  EXPECT_EQ(error_of([&] { open(); }).code(), ErrorCode::corruption);
}

STRATA_ON_EVERY_ENGINE(Creation);

}  // namespace
}  // namespace strata::faults
