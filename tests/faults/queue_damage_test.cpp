// Rows of queues that were changed behind the store's back: verify names each, and no taker gets a wrong item.
#include <gtest/gtest.h>

#include "commit/spaces.hpp"
#include "model/lease.hpp"
#include "model/queue_item.hpp"
#include "tests/faults/any_engine.hpp"
#include "tests/faults/tampering.hpp"

namespace strata::faults {
namespace {

class QueueDamage : public AnyEngine {
 protected:
  void SetUp() override {
    store_.emplace(open());
    Queue queue = store_->queue("mail");
    for (int i = 0; i < 3; ++i) queue.put(i, {.order_key = "o" + std::to_string(i)});
    taken_ = queue.take().at(0).item.id;
    ASSERT_EQ(problems(), std::vector<std::string>{});
    tampering_ = std::make_unique<Tampering>(GetParam(), place());
  }

  std::vector<std::string> problems() { return store_->verify().problems; }
  bool verify_names(const std::string& words) {
    for (const std::string& problem : problems()) {
      if (problem.find(words) != std::string::npos) return true;
    }
    return false;
  }

  std::optional<Store> store_;
  std::unique_ptr<Tampering> tampering_;
  std::string taken_;
};

TEST_P(QueueDamage, OfALeaseIsNamed) {
  const Bytes key = model::item_key("mail", taken_);
  Bytes row = tampering_->get(commit::leases_space, key);
  row[3] = static_cast<char>(row[3] ^ 1);
  tampering_->put(commit::leases_space, key, row);
  EXPECT_TRUE(verify_names("the lease of a queue item is damaged"));
  try {
    store_->queue("mail").take();
    FAIL() << "a damaged lease was believed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corruption);
  }
  // The way out loses no item.
  tampering_->erase(commit::leases_space, key);
  EXPECT_EQ(problems(), std::vector<std::string>{});
  EXPECT_EQ(store_->queue("mail").take().at(0).item.id, taken_);
}

TEST_P(QueueDamage, ALeaseOfNothingIsNamed) {
  const Bytes row = tampering_->get(commit::leases_space, model::item_key("mail", taken_));
  tampering_->erase(commit::leases_space, model::item_key("mail", taken_));
  const Bytes nobody = model::item_key("mail", "0197a5c8-1234-7abc-8def-0123456789ab");
  tampering_->put(commit::leases_space, nobody,
                  model::encode_lease(nobody, {.token = "0123456789abcdef", .attempts = 1}));
  EXPECT_TRUE(verify_names("there is a lease of item 0197a5c8-1234-7abc-8def-0123456789ab, which is not there"));
}

STRATA_ON_EVERY_ENGINE(QueueDamage);

}  // namespace
}  // namespace strata::faults
