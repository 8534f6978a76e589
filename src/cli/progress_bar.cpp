#include "cli/progress_bar.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/text.hpp"

namespace strata::cli {
namespace {

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::clamp(seconds, 0.0, 359'999.0));
  std::array<char, 32> text{};
  if (whole >= 3600) {
    std::snprintf(text.data(), text.size(), "%u:%02u:%02u", static_cast<unsigned>(whole / 3600),
                  static_cast<unsigned>(whole / 60 % 60), static_cast<unsigned>(whole % 60));
  } else {
    std::snprintf(text.data(), text.size(), "%u:%02u", static_cast<unsigned>(whole / 60),
                  static_cast<unsigned>(whole % 60));
  }
  return text.data();
}

std::string bar(double share, std::size_t width) {
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
  std::string drawn;
  for (std::size_t i = 0; i < width; ++i) drawn += i < filled ? "█" : "░";
  return drawn;
}

}  // namespace

ProgressBar::ProgressBar(std::ostream& out, Options options) : out_(out), options_(options) {}

ProgressBar::~ProgressBar() {
  try {
    finish();
  } catch (const OutputClosed&) {
    on_screen_ = false;
  } catch (const std::exception&) {
    on_screen_ = false;  // a bar that cannot be wiped is no failure of the job
  }
}

bool ProgressBar::advance(std::string_view phase, std::uint64_t done, std::uint64_t total) {
  const bool go_on = !interrupt_.requested();
  if (!options_.visible) return go_on;
  const auto now = Clock::now();
  if (phase != phase_) {
    phase_ = phase;
    phase_start_ = now;
    phase_first_ = done;
    drawn_ = {};
  }
  if (now - drawn_ < std::chrono::milliseconds(100)) return go_on;
  drawn_ = now;
  on_screen_ = true;
  State state{phase_, done, total, now - phase_start_, options_.unit};
  // The rate is that of this run; what was done before it counts as done alone.
  if (phase_first_ != 0 && done > phase_first_) {
    state.elapsed *= static_cast<double>(done) / static_cast<double>(done - phase_first_);
  }
  const std::size_t width = options_.width > 1 ? options_.width - 1 : 79;
  const std::string text = line(state, width) + (detail_.empty() ? "" : "  " + detail_);
  out_ << '\r' << cut(text, width) << "\033[K" << std::flush;
  return go_on;
}

void ProgressBar::finish() {
  if (on_screen_) out_ << "\r\033[K" << std::flush;
  on_screen_ = false;
}

std::string ProgressBar::line(const State& state, std::size_t width) {
  const auto amount = [&](std::uint64_t n) { return state.unit == Unit::bytes ? human_bytes(n) : human_count(n); };
  std::string text(state.phase);
  const double seconds = state.elapsed.count();
  const double rate = seconds > 0.05 ? static_cast<double>(state.done) / seconds : 0;
  if (state.total != 0) {
    const double share = std::min(1.0, static_cast<double>(state.done) / static_cast<double>(state.total));
    text += "  " + bar(share, 20) + "  " + std::to_string(static_cast<int>(share * 100)) + "%";
    text += "  " + amount(state.done) + "/" + amount(state.total);
  } else {
    text += "  " + amount(state.done);
  }
  if (rate > 0) text += "  " + amount(static_cast<std::uint64_t>(rate)) + "/s";
  if (rate > 0 && state.total > state.done) {
    text += "  " + clock_text(static_cast<double>(state.total - state.done) / rate) + " left";
  }
  return cut(text, width);
}

}  // namespace strata::cli
