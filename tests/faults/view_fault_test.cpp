// The n-th write, sync or open fails, the disk is full from then on, or the process is killed, while vectors and words
// are being indexed and searched: no answer is wrong, the store is as it was, and the index comes back.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <sstream>

#include "platform/child_process.hpp"
#include "platform/scratch_directory.hpp"
#include "tests/faults/shared_page.hpp"
#include "tests/faults/view_fault_run.hpp"
#include "tests/process/volume.hpp"

namespace strata::faults {
namespace {

struct Case {
  std::string engine;
  Fault fault;
  std::string name;
};

class ViewRun {
 public:
  ViewRun(const Case& which, std::uint64_t fail_at)
      : which_(which), url_(which.engine + ":" + (directory_ / "store")), page_(directory_ / "page") {
    page_->fault = which.fault;
    page_->fail_at = fail_at;
    platform::ChildProcess child([&] {
      ::setenv(page_variable, page_.path().c_str(), 1);
      ::setenv("LD_PRELOAD", STRATA_FAULT_PRELOAD, 1);
      ::execl(STRATA_VIEW_FAULT_PROGRAM, STRATA_VIEW_FAULT_PROGRAM, url_.c_str(), static_cast<char*>(nullptr));
      return 127;
    });
    exit_code_ = child.wait();
  }

  std::uint64_t calls() const { return page_->calls; }
  bool failed() const { return page_->failed > 0; }

  void check() {
    EXPECT_EQ(exit_code_, which_.fault == Fault::death && failed() ? -SIGKILL : 0);
    for (const std::uint32_t number : {step_build, step_vectors, step_words}) {
      const Step& step = page_->steps[number];
      if (step.outcome != Outcome::failed) continue;
      EXPECT_NE(step.code, no_code) << "step " << number << ": " << step.message;
      EXPECT_EQ(std::strchr(step.message, '\n'), nullptr) << step.message;
      // Vectors are compared as they are stored where their index cannot be had.
      if (number == step_vectors && which_.fault == Fault::disk_full) ADD_FAILURE() << step.message;
    }
    Store store = Store::open(url_);
    Collection notes = store.collection("notes");
    EXPECT_EQ(notes.count(), static_cast<std::uint64_t>(notes_put) + (notes.get("later") ? 1 : 0));
    if (page_->steps[step_put].outcome == Outcome::acknowledged) {
      EXPECT_TRUE(notes.get("later"));
    }
    EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
    EXPECT_NO_THROW(check_vectors(notes));
    EXPECT_NO_THROW(check_words(notes));
    EXPECT_TRUE(notes.build_search());
    ASSERT_EQ(notes.vectors().size(), 1U);
    EXPECT_EQ(notes.vectors()[0].in_use, VectorIndex::hnsw);
    EXPECT_NO_THROW(check_vectors(notes));
  }

 private:
  platform::ScratchDirectory directory_;
  const Case& which_;
  std::string url_;
  SharedPage page_;
  int exit_code_ = -1;
};

class FailingCallsOfAView : public testing::TestWithParam<Case> {};

TEST_P(FailingCallsOfAView, LeaveRightAnswersAndAnIndexThatComesBack) {
  const Case& which = GetParam();
  ViewRun whole(which, never);
  ASSERT_NO_FATAL_FAILURE(whole.check());
  ASSERT_FALSE(HasFailure());
  ASSERT_GT(whole.calls(), 0U) << "nothing was counted";
  const char* only = std::getenv("STRATA_TEST_FAIL_AT");
  const std::uint64_t stride = soaking() ? 1 : std::max<std::uint64_t>(1, whole.calls() / 8);
  std::uint64_t hit = 0;
  for (std::uint64_t fail_at = only ? std::strtoull(only, nullptr, 10) : 1;; fail_at += stride) {
    SCOPED_TRACE("replay: STRATA_TEST_FAIL_AT=" + std::to_string(fail_at) + " fault_injection_test --gtest_filter='*" +
                 which.name + "'");
    ViewRun run(which, fail_at);
    hit += run.failed() ? 1 : 0;
    run.check();
    if (HasFailure()) FAIL() << "of " << whole.calls() << " calls, number " << fail_at << " failed";
    if (only || !run.failed()) break;
  }
  EXPECT_GT(hit, 0U) << "no call failed";
}

std::vector<Case> cases() {
  std::vector<Case> all;
  std::istringstream engines(STRATA_TEST_ENGINES);
  for (std::string engine; engines >> engine;) {
    if (engine != "lmdb" && engine != "sqlite") continue;  // the views are the same over each
    all.push_back({engine, Fault::write_once, engine + "_view_write"});
    all.push_back({engine, Fault::disk_full, engine + "_view_disk_full"});
    all.push_back({engine, Fault::sync_once, engine + "_view_sync"});
    all.push_back({engine, Fault::open_once, engine + "_view_open"});
    all.push_back({engine, Fault::death, engine + "_view_death"});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Views, FailingCallsOfAView, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace strata::faults
