// What a run may take: time and memory. Checked within every loop, so that no program runs away.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "platform/clock.hpp"
#include "strata/error.hpp"

namespace strata::datalog {

class Limits {
 public:
  /// 0: no bound.
  Limits(std::chrono::milliseconds time_max, std::uint64_t memory_max)
      : since_(platform::steady_now()), time_max_(time_max), memory_max_(memory_max) {}

  /// Once in every step of a loop.
  void tick() {
    if ((++ticks_ & 0xfff) == 0) check_time();
  }
  void check_time() const {
    if (time_max_.count() > 0 && platform::steady_now() - since_ > time_max_) {
      fail("ran longer than " + std::to_string(time_max_.count()) + " ms (time_max)");
    }
  }
  /// What is derived has grown by so much.
  void charge(std::uint64_t bytes) {
    if (memory_max_ > 0 && bytes > memory_max_ - used_) {
      fail("derives more than " + std::to_string(memory_max_) + " bytes (memory_max)");
    }
    used_ += bytes;
  }
  void release(std::uint64_t bytes) { used_ -= bytes; }

  /// What the message names; null: the program as a whole. Must outlive its being worked on.
  void set_rule(const std::string* text) { rule_ = text; }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    const std::string who = rule_ ? "the program, at rule `" + *rule_ + "`," : std::string("the program");
    throw Error(ErrorCode::limit_exceeded,
                who + " " + reason + "; if it does come to an end, give it more, or ask for less");
  }

  platform::SteadyTime since_;
  std::chrono::milliseconds time_max_;
  std::uint64_t memory_max_;
  std::uint64_t used_ = 0;
  std::uint32_t ticks_ = 0;
  const std::string* rule_ = nullptr;
};

}  // namespace strata::datalog
