#include "commit/slots.hpp"

#include <gtest/gtest.h>

#include "platform/child_process.hpp"
#include "platform/random.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/error.hpp"

namespace strata::commit {
namespace {

constexpr std::uint64_t epoch = 1;
constexpr std::uint64_t no_bound = 1 << 20;

PendingGroup one_transaction() {
  Request request;
  request.id = platform::make_uuid();
  request.origin = "a test";
  return {std::make_shared<Pending>(std::move(request), engine::Deadline{})};
}

class Echo : public Call {
 public:
  explicit Echo(Bytes word, bool travels = true) : word_(std::move(word)), travels_(travels) {}
  void run(Transaction&, Earlier) override {}
  bool travels() const override { return travels_; }
  Bytes arguments() const override { return word_; }
  Bytes answer() const override { return word_; }
  void take_answer(bytes_view answer) override { word_ = answer; }
  const Bytes& word() const { return word_; }

 private:
  Bytes word_;
  bool travels_;
};

class SlotsTest : public testing::Test {
 protected:
  std::unique_ptr<Slots> open() const { return Slots::open(directory_ / "slots", epoch); }
  /// A process that does this and stays until it is killed.
  platform::ChildProcess process_that(const std::function<void(Slots&)>& act) {
    platform::ChildProcess child([&, act] {
      const auto slots = open();
      act(*slots);
      done_.give();
      return never_.await() ? 0 : 1;
    });
    EXPECT_TRUE(done_.await());
    return child;
  }

  platform::ScratchDirectory directory_;
  platform::Sign done_;
  platform::Sign never_;
};

TEST_F(SlotsTest, ATransactionGoesToWhoeverLeadsAndItsAnswerComesBack) {
  const auto slots = open();
  const PendingGroup group = one_transaction();
  std::vector<Slots::Ticket> tickets = slots->leave(group);
  ASSERT_EQ(tickets.size(), 1u);
  EXPECT_FALSE(slots->collect(tickets));

  const std::vector<Slots::Foreign> claimed = slots->claim(no_bound);
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].pending->request.id, group[0]->request.id);
  EXPECT_EQ(claimed[0].pending->request.origin, "a test");
  claimed[0].pending->result.position = Position{7};
  slots->answer(claimed);

  EXPECT_TRUE(slots->collect(tickets));
  EXPECT_EQ(group[0]->result.position, Position{7});
}

TEST_F(SlotsTest, WhatADeadProcessLeftIsTakenAlongUnlessSomebodyAskedWhatBecameOfIt) {
  const auto slots = open();
  const auto leave = [](Slots& theirs) { theirs.leave(one_transaction()); };
  process_that(leave).kill();
  EXPECT_EQ(slots->claim(no_bound).size(), 1u);

  process_that(leave).kill();
  slots->discard_dead();
  EXPECT_EQ(slots->claim(no_bound).size(), 0u);

  const auto living = process_that(leave);
  slots->discard_dead();
  EXPECT_EQ(slots->claim(no_bound).size(), 1u) << "its owner still waits for it";
}

TEST_F(SlotsTest, WhatALivingProcessHasClaimedIsLeftToItAndTakenBackFromADeadOne) {
  const auto slots = open();
  std::vector<Slots::Ticket> tickets = slots->leave(one_transaction());
  platform::ChildProcess leader = process_that([](Slots& theirs) { theirs.claim(no_bound); });
  EXPECT_TRUE(slots->claim(no_bound).empty());
  EXPECT_TRUE(slots->withdraw(tickets, true).empty());
  EXPECT_FALSE(slots->collect(tickets));

  leader.kill();
  const PendingGroup back = slots->withdraw(tickets, true);
  ASSERT_EQ(back.size(), 1u);
  EXPECT_TRUE(back[0]->request.id_may_exist) << "the dead one may have committed it";
}

TEST_F(SlotsTest, AnOwnerThatGivesUpOnAClaimedOneLearnsThatItsOutcomeIsUnknown) {
  const auto slots = open();
  const PendingGroup group = one_transaction();
  std::vector<Slots::Ticket> tickets = slots->leave(group);
  const std::vector<Slots::Foreign> claimed = slots->claim(no_bound);
  EXPECT_TRUE(slots->withdraw(tickets, false).empty());
  try {
    ASSERT_TRUE(group[0]->error);
    std::rethrow_exception(group[0]->error);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::commit_unknown);
  }
  slots->answer(claimed);
  EXPECT_EQ(slots->leave(one_transaction()).size(), 1u);
}

TEST_F(SlotsTest, WhatIsGivenBackGoesToTheNextWhoLeads) {
  const auto slots = open();
  const PendingGroup group = one_transaction();
  std::vector<Slots::Ticket> tickets = slots->leave(group);
  slots->give_back(slots->claim(no_bound));
  EXPECT_FALSE(slots->collect(tickets));
  const std::vector<Slots::Foreign> again = slots->claim(no_bound);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].pending->request.id, group[0]->request.id);
  EXPECT_FALSE(again[0].pending->request.id_may_exist);
}

PendingGroup one_call(const std::shared_ptr<Echo>& call) {
  PendingGroup group = one_transaction();
  group[0]->call = call;
  return group;
}

TEST_F(SlotsTest, ACallGoesAsItsArgumentsAndGetsItsAnswer) {
  const auto slots = open();
  const auto call = std::make_shared<Echo>("asked");
  std::vector<Slots::Ticket> tickets = slots->leave(one_call(call));
  const std::vector<Slots::Foreign> claimed = slots->claim(no_bound);
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].pending->request.call, "asked");
  claimed[0].pending->call = std::make_shared<Echo>("answered");
  slots->answer(claimed);
  EXPECT_TRUE(slots->collect(tickets));
  EXPECT_EQ(call->word(), "answered");
}

TEST_F(SlotsTest, ACallThatFailedHasNoAnswerAndOneThatDoesNotTravelStays) {
  const auto slots = open();
  const auto call = std::make_shared<Echo>("asked");
  const PendingGroup group = one_call(call);
  std::vector<Slots::Ticket> tickets = slots->leave(group);
  const std::vector<Slots::Foreign> claimed = slots->claim(no_bound);
  ASSERT_EQ(claimed.size(), 1u);
  claimed[0].pending->call = std::make_shared<Echo>("answered");
  claimed[0].pending->error = std::make_exception_ptr(Error(ErrorCode::conflict, "it is over"));
  slots->answer(claimed);
  EXPECT_TRUE(slots->collect(tickets));
  EXPECT_EQ(call->word(), "asked");
  EXPECT_TRUE(group[0]->error);

  EXPECT_TRUE(slots->leave(one_call(std::make_shared<Echo>("asked", false))).empty());
}

TEST_F(SlotsTest, WhatADeadOneHadTakenUpIsOfUnknownOutcomeWhenItIsGivenBack) {
  const auto slots = open();
  const PendingGroup group = one_transaction();
  std::vector<Slots::Ticket> tickets = slots->leave(group);
  platform::ChildProcess dead = process_that([](Slots& theirs) { theirs.claim(no_bound); });
  dead.kill();
  const std::vector<Slots::Foreign> claimed = slots->claim(no_bound);
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_TRUE(claimed[0].pending->elsewhere);
  slots->give_back(claimed);
  EXPECT_TRUE(slots->collect(tickets));
  try {
    ASSERT_TRUE(group[0]->error);
    std::rethrow_exception(group[0]->error);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::commit_unknown);
  }
}

TEST_F(SlotsTest, WhatIsTakenBackFromALivingClaimantIsLookedUpFirstAndNoLongerItsOwn) {
  const auto slots = open();
  std::vector<Slots::Ticket> tickets = slots->leave(one_transaction());
  const std::vector<Slots::Foreign> claimed = slots->claim(no_bound);
  EXPECT_EQ(slots->waiting(claimed).size(), 1u);

  const PendingGroup back = slots->take_back(tickets);
  ASSERT_EQ(back.size(), 1u);
  EXPECT_TRUE(back[0]->request.id_may_exist);
  EXPECT_TRUE(slots->collect(tickets));
  EXPECT_TRUE(slots->waiting(claimed).empty());

  slots->answer(claimed);
  EXPECT_FALSE(back[0]->error);
  EXPECT_EQ(slots->leave(one_transaction()).size(), 1u);
}

TEST_F(SlotsTest, AMemoryIsReadAsItWasKeptOrNotAtAll) {
  const auto slots = open();
  const auto other = open();
  EXPECT_EQ(slots->memory(), Bytes());
  slots->keep_memory("what the last one knew");
  EXPECT_EQ(other->memory(), "what the last one knew");
  other->keep_memory(Bytes(100'000, 'x'));
  EXPECT_EQ(slots->memory(), Bytes());
  slots->keep_memory(Bytes());
  EXPECT_EQ(other->memory(), Bytes());
}

}  // namespace
}  // namespace strata::commit
