// The n-th write, sync, open or allocation fails, for n = 1, 2, ...: what was acknowledged is there, what was not is
// there whole or not at all, the error says what to do, and the store opens again.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <sstream>

#include "platform/child_process.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/faults/fault_run.hpp"
#include "tests/faults/shared_page.hpp"

namespace strata::faults {
namespace {

/// How many places in the run of a program a short test looks at; STRATA_SOAK looks at every one.
std::uint64_t places_short(const std::string& engine) { return engine == "rocksdb" || engine == "duckdb" ? 5 : 14; }

/// One run of the program with one failing place, and what must hold after it.
class FaultyRun {
 public:
  FaultyRun(const std::string& engine, Fault fault, std::uint64_t fail_at)
      : engine_(engine), url_(engine + ":" + (directory_ / "store")), fault_(fault), page_(directory_ / "page") {
    page_->fault = fault;
    page_->fail_at = fail_at;
    platform::ChildProcess child([&] {
      ::setenv(page_variable, page_.path().c_str(), 1);
      ::setenv("LD_PRELOAD", STRATA_FAULT_PRELOAD, 1);
      ::execl(STRATA_FAULT_PROGRAM, STRATA_FAULT_PROGRAM, url_.c_str(), static_cast<char*>(nullptr));
      return 127;
    });
    exit_code_ = child.wait();
  }

  std::uint64_t calls() const { return page_->calls; }
  bool failed() const { return page_->failed > 0; }

  void check() {
    // Threads of RocksDB's own do not survive it when memory runs out, nor does DuckDB where it is just closing.
    const bool may_abort = (engine_ == "rocksdb" || engine_ == "duckdb") && fault_ == Fault::allocation;
    if (exit_code_ != -SIGABRT || !may_abort) {
      EXPECT_EQ(exit_code_, fault_ == Fault::death && failed() ? -SIGKILL : 0) << "the program did not end by itself";
    }
    check_errors();
    try {
      check_state();
    } catch (const Error& error) {
      ADD_FAILURE() << "the store cannot be used afterwards: " << error.what();
    }
  }
  std::string story() const {
    std::string text;
    for (std::uint32_t number = 0; number < steps_max; ++number) {
      const Step& step = page_->steps[number];
      if (step.outcome == Outcome::failed)
        text += "\n  step " + std::to_string(number) + ": " + name_of(step) + ": " + step.message;
      if (step.outcome == Outcome::tried) text += "\n  step " + std::to_string(number) + " did not end";
    }
    return text;
  }

 private:
  static std::string name_of(const Step& step) {
    return step.code == no_code ? "no strata::Error" : std::string(to_string(static_cast<ErrorCode>(step.code)));
  }

  bool is_expected(const Step& step) const {
    if (step.code == no_code) return fault_ == Fault::allocation && std::strcmp(step.message, "std::bad_alloc") == 0;
    const auto code = static_cast<ErrorCode>(step.code);
    return code == ErrorCode::io || code == ErrorCode::commit_unknown || code == ErrorCode::limit_exceeded;
  }

  void check_errors() const {
    std::uint32_t unknown_in = 0;  // the session whose store has been poisoned
    for (std::uint32_t number = 1; number <= commits; ++number) {
      const Step& step = page_->steps[number];
      if (step.outcome == Outcome::not_tried) continue;
      if (unknown_in != 0 && step.session == unknown_in) {
        EXPECT_TRUE(step.outcome == Outcome::failed && static_cast<ErrorCode>(step.code) == ErrorCode::io)
            << "step " << number << ": the store is not known to be whole, and goes on";
      }
      if (step.outcome == Outcome::failed && step.code == static_cast<std::uint32_t>(ErrorCode::commit_unknown) &&
          step.session != unknown_in)
        unknown_in = step.session;
    }
    for (std::uint32_t number = 0; number < steps_max; ++number) {
      const Step& step = page_->steps[number];
      if (step.outcome != Outcome::failed) continue;
      EXPECT_TRUE(is_expected(step)) << "step " << number << " gave " << name_of(step);
      EXPECT_EQ(std::strchr(step.message, '\n'), nullptr) << step.message;
    }
  }

  void check_state() const {
    Store store = Store::open(url_);
    std::map<std::string, std::uint64_t> model;
    for (std::uint32_t number = 1; number <= commits; ++number) {
      const Step& step = page_->steps[number];
      Uuid id;
      std::copy_n(step.id, id.bytes.size(), id.bytes.begin());
      const bool there = store.outcome(id).has_value();
      if (there) model_step(model, number);
      EXPECT_TRUE(there || step.outcome != Outcome::acknowledged) << "step " << number << " is lost";
      const bool may_be_there =
          step.outcome == Outcome::acknowledged || step.outcome == Outcome::tried ||
          (step.outcome == Outcome::failed &&
           (step.code == static_cast<std::uint32_t>(ErrorCode::commit_unknown) || step.code == no_code));
      EXPECT_TRUE(may_be_there || !there) << "step " << number << " happened, though its error denied it";
    }
    EXPECT_EQ(contents(store), model);
    EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
    store.collection("notes").create_index({.name = "kind", .fields = {{"kind", false}}, .unique = false});
    store.collection("notes").put("after", Value::object({{"n", 1}, {"kind", 1}}));
    EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
  }

  static std::map<std::string, std::uint64_t> contents(const Store& store) {
    std::map<std::string, std::uint64_t> found;
    const Snapshot snapshot = store.snapshot();
    for (const std::string& name : snapshot.collections()) {
      for (const Record& record : snapshot.collection(name).find().records) {
        const ValueView n = record.value["n"];
        found[name + "/" + record.key] = n ? n.as_uint() : record.value.view().as_uint();
      }
    }
    return found;
  }

  platform::ScratchDirectory directory_;
  std::string engine_;
  std::string url_;
  Fault fault_;
  SharedPage page_;
  int exit_code_ = -1;
};

struct Case {
  std::string engine;
  Fault fault;
  std::string name;
};

class FailingCalls : public testing::TestWithParam<Case> {};

TEST_P(FailingCalls, LeaveTheStateOfBeforeOrAfterAndAClearError) {
  const auto [engine, fault, name] = GetParam();
  FaultyRun whole(engine, fault, never);
  ASSERT_FALSE(whole.failed());
  ASSERT_NO_FATAL_FAILURE(whole.check());
  ASSERT_EQ(whole.story(), "");
  ASSERT_GT(whole.calls(), 0U) << "nothing was counted";
  const bool every = std::getenv("STRATA_SOAK") != nullptr;
  const char* only = std::getenv("STRATA_TEST_FAIL_AT");
  const std::uint64_t stride = every ? 1 : std::max<std::uint64_t>(1, whole.calls() / places_short(engine));
  std::uint64_t hit = 0;
  for (std::uint64_t fail_at = only ? std::strtoull(only, nullptr, 10) : 1;; fail_at += stride) {
    SCOPED_TRACE("replay: STRATA_TEST_FAIL_AT=" + std::to_string(fail_at) + " fault_injection_test --gtest_filter='*" +
                 name + "'");
    FaultyRun run(engine, fault, fail_at);
    hit += run.failed();
    run.check();
    if (HasFailure()) FAIL() << "of " << whole.calls() << " calls, number " << fail_at << " failed:" << run.story();
    if (only || !run.failed()) break;
  }
  EXPECT_GT(hit, 0U) << "no call failed";
}

std::vector<Case> cases() {
  std::vector<Case> all;
  std::istringstream engines(STRATA_TEST_ENGINES);
  for (std::string engine; engines >> engine;) {
    all.push_back({engine, Fault::write_once, engine + "_write"});
    all.push_back({engine, Fault::disk_full, engine + "_disk_full"});
    all.push_back({engine, Fault::sync_once, engine + "_sync"});
    all.push_back({engine, Fault::open_once, engine + "_open"});
    all.push_back({engine, Fault::allocation, engine + "_allocation"});
    all.push_back({engine, Fault::death, engine + "_death"});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Calls, FailingCalls, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace strata::faults
