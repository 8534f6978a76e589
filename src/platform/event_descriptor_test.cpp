#include "platform/event_descriptor.hpp"

#include <gtest/gtest.h>

#include "platform/descriptor_wait.hpp"

namespace strata::platform {
namespace {

bool readable(const EventDescriptor& event) {
  return wait_for_descriptor(event.number(), {.readable = true}, steady_now()).readable;
}

TEST(EventDescriptor, IsReadableWhileItIsSet) {
  EventDescriptor event;
  EXPECT_FALSE(readable(event));
  event.set();
  event.set();
  EXPECT_TRUE(readable(event));
  EXPECT_TRUE(readable(event));
  event.clear();
  EXPECT_FALSE(readable(event));
  event.clear();
  EXPECT_FALSE(readable(event));
}

}  // namespace
}  // namespace strata::platform
