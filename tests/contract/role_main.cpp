// The main function of test programs that start themselves again to play roles (child_process.hpp).
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/contract/child_process.hpp"

int main(int count, char** words) {
  ::signal(SIGPIPE, SIG_IGN);
  if (count > 2 && std::string(words[1]) == "--role") {
    return strata::engine::play_role(words[2], strata::engine::RoleArguments(words + 3, words + count));
  }
  testing::InitGoogleTest(&count, words);
  return RUN_ALL_TESTS();
}
