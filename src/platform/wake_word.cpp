#include "platform/wake_word.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "platform/futex.hpp"
#include "platform/mapped_file.hpp"
#include "strata/error.hpp"

namespace strata::platform {
namespace {

using std::chrono::milliseconds;

/// Where nobody may be able to wake us, a wait ends after this.
constexpr milliseconds wait_max_alone{100};
/// A long wait looks this often whether its file is still there.
constexpr milliseconds look_period{1000};

std::atomic<bool> suppressed_wake_ups{false};

/// Lies in the file. `waiters` spares the notifier a system call; who dies waiting leaves it too high, never too low.
struct SharedWord {
  std::atomic<std::uint32_t> value;
  std::atomic<std::uint32_t> waiters;
};

/// Counts a waiter while it lives.
class Waiting {
 public:
  explicit Waiting(SharedWord& word) : word_(word) { word_.waiters.fetch_add(1); }
  ~Waiting() { word_.waiters.fetch_sub(1); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  SharedWord& word_;
};

std::unique_ptr<MappedFile> map_word(const std::string& path) {
  try {
    return std::make_unique<MappedFile>(path, sizeof(SharedWord));
  } catch (const Error&) {
    return nullptr;  // then waiting is polling
  }
}

class WakeWord : public engine::Wake {
 public:
  enum class Reach { process, machine };
  explicit WakeWord(Reach reach, std::unique_ptr<MappedFile> mapping)
      : reach_(reach),
        mapping_(std::move(mapping)),
        word_(mapping_ ? *reinterpret_cast<SharedWord*>(mapping_->data()) : own_word_) {}

  std::uint32_t current() override { return word_.value.load(); }

  void notify() noexcept override {
    if (suppressed_wake_ups.load(std::memory_order_relaxed)) return;
    // Both sides are sequentially consistent: either this sees the waiter's count, or the waiter sees the new value.
    word_.value.fetch_add(1);
    if (word_.waiters.load() != 0) futex_wake(word_.value, futex_all);
  }

  std::uint32_t wait(std::uint32_t seen, engine::Deadline deadline) override {
    const Waiting waiting(word_);
    SteadyTime now = steady_now();
    while (word_.value.load() == seen && now < deadline) {
      const bool alone = reach_ == Reach::machine && !(mapping_ && mapping_->attached());
      const SteadyTime until = std::min(deadline, now + (alone ? wait_max_alone : look_period));
      futex_wait(word_.value, seen, until);
      now = steady_now();
      if (alone && now >= until) break;
    }
    return word_.value.load();
  }

 private:
  Reach reach_;
  std::unique_ptr<MappedFile> mapping_;
  SharedWord own_word_{};
  SharedWord& word_;
};

}  // namespace

std::unique_ptr<engine::Wake> open_wake_word(const std::string& path) {
  return std::make_unique<WakeWord>(WakeWord::Reach::machine, map_word(path));
}

std::unique_ptr<engine::Wake> make_local_wake_word() {
  return std::make_unique<WakeWord>(WakeWord::Reach::process, nullptr);
}

void suppress_wake_ups(bool suppressed) { suppressed_wake_ups.store(suppressed); }

}  // namespace strata::platform
