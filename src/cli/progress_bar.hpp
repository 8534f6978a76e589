// A bar on standard error that shows how a long job goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "cli/system.hpp"
#include "strata/engine.hpp"

namespace strata::cli {

/// Shows phase, share done, rate and remaining time, about ten times a second; nothing when `visible` is false. Asks
/// the job to stop when the person has pressed Ctrl-C. The bar is wiped when it is finished or destroyed.
class ProgressBar : public engine::Progress {
 public:
  enum class Unit { things, bytes };
  struct Options {
    bool visible = true;
    std::size_t width = 80;
    Unit unit = Unit::things;
  };

  ProgressBar(std::ostream& out, Options options);
  ~ProgressBar() override;
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  bool advance(std::string_view phase, std::uint64_t done, std::uint64_t total) override;
  /// True when the person has asked to stop.
  bool interrupted() const { return interrupt_.requested(); }
  void finish();
  /// What else to show, at the end of the line.
  void set_detail(std::string detail) { detail_ = std::move(detail); }

  struct State {
    std::string_view phase;
    std::uint64_t done = 0;
    std::uint64_t total = 0;  ///< 0: unknown.
    std::chrono::duration<double> elapsed{};
    Unit unit = Unit::things;
  };
  /// The line for a state, at most `width` columns.
  static std::string line(const State& state, std::size_t width);

 private:
  using Clock = std::chrono::steady_clock;

  std::ostream& out_;
  Options options_;
  InterruptGuard interrupt_;
  std::string phase_;
  std::string detail_;
  Clock::time_point phase_start_ = Clock::now();
  std::uint64_t phase_first_ = 0;  ///< Done before the phase was first seen: a resumed job's head start.
  Clock::time_point drawn_{};
  bool on_screen_ = false;
};

}  // namespace strata::cli
