#include "follow/commit_bell.hpp"

#include <map>

#include "platform/clock.hpp"
#include "platform/process.hpp"
#include "strata/error.hpp"

namespace strata::follow {
namespace {

/// Wake-ups are hints: what one of them missed is looked for this often.
constexpr std::chrono::milliseconds poll{250};

}  // namespace

std::shared_ptr<CommitBell> CommitBell::of(const std::shared_ptr<commit::Trunk>& trunk) {
  static std::mutex mutex;
  static std::map<const commit::Trunk*, std::weak_ptr<CommitBell>> bells;
  const std::lock_guard lock(mutex);
  std::erase_if(bells, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<CommitBell>& known = bells[trunk.get()];
  auto bell = known.lock();
  if (!bell) known = bell = std::make_shared<CommitBell>(trunk);
  return bell;
}

CommitBell::CommitBell(std::shared_ptr<commit::Trunk> trunk)
    : trunk_(std::move(trunk)), fork_generation_(platform::fork_generation()) {}

CommitBell::~CommitBell() {
  stopping_ = true;
  if (!thread_.joinable()) return;
  if (platform::fork_generation() != fork_generation_) {
    thread_.detach();  // it runs in the parent alone
    return;
  }
  trunk_->engine().wake().notify();
  thread_.join();
}

std::shared_ptr<CommitBell::Line> CommitBell::add() {
  auto line = std::make_shared<Line>();
  line->set();
  const std::lock_guard lock(mutex_);
  lines_.push_back(line);
  if (!thread_.joinable()) thread_ = std::thread([this] { ring(); });
  return line;
}

void CommitBell::ring_all() {
  const std::lock_guard lock(mutex_);
  std::erase_if(lines_, [](const auto& line) { return line.expired(); });
  for (const auto& weak : lines_) {
    if (const auto line = weak.lock()) line->set();
  }
}

void CommitBell::ring() {
  engine::Wake& wake = trunk_->engine().wake();
  Position seen;
  while (!stopping_) {
    const std::uint32_t word = wake.current();
    Position newest = seen;
    try {
      newest = trunk_->view()->position();
    } catch (const Error&) {
      newest.value = seen.value + 1;  // whoever waits shall call next(), and is told there
    }
    if (newest != seen) {
      seen = newest;
      ring_all();
    }
    wake.wait(word, platform::steady_now() + poll);
  }
}

}  // namespace strata::follow
