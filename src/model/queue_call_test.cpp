#include "model/queue_call.hpp"

#include <gtest/gtest.h>

#include "commit/trunk.hpp"
#include "engine/memory/memory_engine.hpp"
#include "model/queue.hpp"
#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

constexpr const char* queue = "tasks";

class TakeCallTest : public testing::Test {
 protected:
  TakeCallTest() {
    engine::register_memory_engine();
    auto engine = engine::open_engine("memory", {});
    commit::Trunk::create(*engine, {platform::make_uuid(), 7}, platform::steady_now() + std::chrono::seconds(20));
    OpenOptions options;
    options.background = false;
    trunk_ = commit::Trunk::open(std::move(engine), options, {});
    trunk_->understand_calls(TakeCall::decode);
  }

  void put(int number) {
    commit::Transaction transaction(trunk_->view(), platform::make_uuid(), platform::clock().now(),
                                    commit::Transaction::Tracking::footprint);
    put_item(transaction, queue, Value(number), {});
    trunk_->commit(transaction.take_request(), trunk_->deadline({}));
  }

  CommitResult commit(const std::shared_ptr<commit::Call>& call, const Uuid& id, bool may_exist = false) {
    commit::Request request;
    request.id = id;
    request.id_may_exist = may_exist;
    return trunk_->commit_call(std::move(request), call, trunk_->deadline({}));
  }

  std::vector<std::int64_t> find(const TakeCall& call) {
    auto view = trunk_->view();
    commit::Transaction source(std::move(view), platform::make_uuid(), platform::clock().now(),
                               commit::Transaction::Tracking::none);
    return numbers(call.find_taken(source));
  }
  static std::vector<std::int64_t> numbers(const std::vector<Lease>& leases) {
    std::vector<std::int64_t> out;
    for (const Lease& lease : leases) out.push_back(lease.item.payload.as_int());
    return out;
  }
  using Numbers = std::vector<std::int64_t>;

  std::shared_ptr<commit::Trunk> trunk_;
};

TEST_F(TakeCallTest, TakesTheFirstOnesAndEndsThoseInHandInOneCommit) {
  for (int number = 1; number <= 4; ++number) put(number);
  const auto first = std::make_shared<TakeCall>(queue, std::span<const Lease>{}, TakeOptions{.limit = 2}, false);
  commit(first, platform::make_uuid());
  const std::vector<Lease> in_hand = first->release_taken();
  EXPECT_EQ(numbers(in_hand), (Numbers{1, 2}));
  const auto second = std::make_shared<TakeCall>(queue, in_hand, TakeOptions{.limit = 9}, false);
  EXPECT_GT(commit(second, platform::make_uuid()).position, Position{});
  EXPECT_EQ(numbers(second->release_taken()), (Numbers{3, 4}));
  const auto again = std::make_shared<TakeCall>(queue, in_hand, TakeOptions{}, false);
  EXPECT_THROW(commit(again, platform::make_uuid()), Error) << "its leases are over";
}

TEST_F(TakeCallTest, AnotherDoesItFromItsArgumentsAlone) {
  for (int number = 1; number <= 3; ++number) put(number);
  const auto first = std::make_shared<TakeCall>(queue, std::span<const Lease>{}, TakeOptions{}, false);
  commit(first, platform::make_uuid());
  const std::vector<Lease> in_hand = first->release_taken();
  TakeCall asked(queue, in_hand, {.limit = 5, .lease = std::chrono::seconds(7), .consumer = "one"}, false);
  ASSERT_TRUE(asked.travels());
  commit::Request request;
  request.id = platform::make_uuid();
  request.call = asked.arguments();
  const auto done = TakeCall::decode(request.call);
  commit(done, request.id);
  EXPECT_FALSE(asked.taken_elsewhere());
  asked.take_answer(done->answer());
  EXPECT_TRUE(asked.taken_elsewhere());
  EXPECT_EQ(find(asked), (Numbers{2, 3}));
}

TEST_F(TakeCallTest, FindsWhatAnEarlierAttemptHasTaken) {
  for (int number = 1; number <= 3; ++number) put(number);
  const TakeCall attempt(queue, {}, TakeOptions{.limit = 2}, false);
  const Uuid id = platform::make_uuid();
  commit(std::make_shared<TakeCall>(attempt), id);
  const auto later = std::make_shared<TakeCall>(attempt);
  commit(later, id, true);
  std::vector<Lease> in_hand = later->release_taken();
  EXPECT_EQ(numbers(in_hand), (Numbers{1, 2}));

  // Nor does one that ended what it had and found nothing to take end it twice.
  const auto rest = std::make_shared<TakeCall>(queue, std::span<const Lease>{}, TakeOptions{}, false);
  commit(rest, platform::make_uuid());
  const TakeCall ending(queue, in_hand, TakeOptions{}, false);
  const Uuid ended = platform::make_uuid();
  const CommitResult result = commit(std::make_shared<TakeCall>(ending), ended);
  const auto repeated = std::make_shared<TakeCall>(ending);
  const CommitResult same = commit(repeated, ended, true);
  EXPECT_TRUE(same.repeated);
  EXPECT_EQ(same.position, result.position);
  EXPECT_TRUE(repeated->release_taken().empty());
}

TEST_F(TakeCallTest, WhatHasGoneMeanwhileIsLeftOut) {
  put(1);
  put(2);
  const auto done = std::make_shared<TakeCall>(queue, std::span<const Lease>{}, TakeOptions{.limit = 2}, false);
  commit(done, platform::make_uuid());
  TakeCall asked(*done);
  asked.take_answer(done->answer());
  const std::vector<Lease> in_hand = done->release_taken();
  const auto ending = std::make_shared<TakeCall>(queue, std::span(in_hand).first(1), TakeOptions{}, false);
  commit(ending, platform::make_uuid());
  EXPECT_EQ(find(asked), (Numbers{2}));
}

TEST_F(TakeCallTest, WhatIsOddOrLongStaysAtHome) {
  const auto travels = [](std::span<const Lease> done, std::size_t limit) {
    return TakeCall(queue, done, TakeOptions{.limit = limit}, false).travels();
  };
  Lease lease;
  lease.item.id = platform::make_uuid().to_string();
  lease.token = "0123456789abcdef";
  EXPECT_TRUE(travels({}, 100));
  EXPECT_FALSE(travels({}, 1'000));
  EXPECT_TRUE(travels(std::vector(200, lease), 1));
  EXPECT_FALSE(travels(std::vector(201, lease), 1));
  Lease nonsense = lease;
  nonsense.item.id = "nonsense";
  EXPECT_FALSE(travels(std::vector{nonsense}, 1));
  nonsense = lease;
  nonsense.token = std::string(100'000, 'x');
  EXPECT_FALSE(travels(std::vector{nonsense}, 1));
  nonsense = lease;
  nonsense.item.queue = "another";
  EXPECT_FALSE(travels(std::vector{nonsense}, 1));
}

TEST_F(TakeCallTest, NonsenseIsRefused) {
  const Bytes whole = TakeCall(queue, {}, TakeOptions{.consumer = "one"}, false).arguments();
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_THROW(TakeCall::decode(whole.substr(0, size)), Error);
  TakeCall call(queue, {}, TakeOptions{}, false);
  EXPECT_THROW(call.take_answer("short"), Error);
}

}  // namespace
}  // namespace strata::model
