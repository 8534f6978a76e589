#include "platform/descriptor_wait.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

namespace strata::platform {
namespace {

constexpr DescriptorEvents reading{.readable = true, .writable = false};
constexpr DescriptorEvents writing{.readable = false, .writable = true};

class DescriptorWait : public testing::Test {
 protected:
  DescriptorWait() { EXPECT_EQ(::pipe(ends_), 0); }
  ~DescriptorWait() override {
    ::close(ends_[0]);
    if (ends_[1] >= 0) ::close(ends_[1]);
  }
  int ends_[2] = {-1, -1};
};

TEST_F(DescriptorWait, EndsAtItsDeadlineWhenNothingComes) {
  const SteadyTime until = steady_now() + std::chrono::milliseconds(5);
  EXPECT_FALSE(wait_for_descriptor(ends_[0], reading, until).readable);
  EXPECT_GE(steady_now(), until);
}

TEST_F(DescriptorWait, EndsWhenSomethingComes) {
  std::thread writer([&] { EXPECT_EQ(::write(ends_[1], "x", 1), 1); });
  EXPECT_TRUE(wait_for_descriptor(ends_[0], reading, steady_now() + std::chrono::minutes(1)).readable);
  writer.join();
  EXPECT_TRUE(wait_for_descriptor(ends_[1], writing, SteadyTime{}).writable);
}

TEST_F(DescriptorWait, TellsOfAnEndThatWasClosed) {
  ::close(ends_[1]);
  ends_[1] = -1;
  EXPECT_TRUE(wait_for_descriptor(ends_[0], reading, steady_now() + std::chrono::minutes(1)).readable);
}

}  // namespace
}  // namespace strata::platform
