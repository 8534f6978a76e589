#include "platform/process.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <mutex>
#include <string_view>
#include <vector>

#include "platform/os_error.hpp"

namespace strata::platform {
namespace {

/// What a child of fork() must not keep. One per process, never destroyed: handles may outlive static destruction.
class ForkGuard {
 public:
  static ForkGuard& instance() {
    static auto* guard = new ForkGuard;
    return *guard;
  }

  std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_relaxed); }

  void add(int descriptor) {
    const std::lock_guard lock(mutex_);
    descriptors_.push_back(descriptor);
  }

  void remove(int descriptor) noexcept {
    const std::lock_guard lock(mutex_);
    remove_locked(descriptor);
  }

  int open(const std::string& path, int flags) {
    const std::lock_guard lock(mutex_);
    descriptors_.reserve(descriptors_.size() + 1);
    int descriptor = -1;
    do {
      descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) throw os_error("open", path, errno);
    descriptors_.push_back(descriptor);
    return descriptor;
  }

  void close(int descriptor) noexcept {
    const std::lock_guard lock(mutex_);
    remove_locked(descriptor);
    ::close(descriptor);
  }

 private:
  ForkGuard() {
    // The mutex is held across fork(), so the child never finds the list half-changed, nor the mutex locked for ever.
    ::pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
                     [] { instance().become_child(); });
  }

  void become_child() noexcept {
    generation_.fetch_add(1, std::memory_order_relaxed);
    for (const int descriptor : descriptors_) ::close(descriptor);
    descriptors_.clear();
    mutex_.unlock();
  }

  void remove_locked(int descriptor) noexcept {
    const auto found = std::find(descriptors_.begin(), descriptors_.end(), descriptor);
    if (found != descriptors_.end()) descriptors_.erase(found);
  }

  std::atomic<std::uint64_t> generation_{1};
  std::mutex mutex_;
  std::vector<int> descriptors_;
};

/// Empty when there is no such process, or it ended while it was asked about (`read` then gives ESRCH, for which a
/// stream would throw).
std::string read_proc(std::uint64_t id, std::string_view name) {
  const std::string path = "/proc/" + std::to_string(id) + "/" + std::string(name);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  std::string text;
  char part[1024];
  ssize_t count;
  while ((count = ::read(file, part, sizeof part)) > 0 || (count < 0 && errno == EINTR)) {
    if (count > 0) text.append(part, static_cast<std::size_t>(count));
  }
  ::close(file);
  return count < 0 ? std::string() : text;
}

/// Takes the next word of a text.
std::string_view next_field(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view field = text.substr(0, text.find(' '));
  text.remove_prefix(field.size());
  return field;
}

}  // namespace

std::uint64_t process_id() { return static_cast<std::uint64_t>(::getpid()); }

std::uint64_t pid_namespace() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 ? static_cast<std::uint64_t>(status.st_ino) : 0;
}

std::optional<std::uint64_t> process_start(std::uint64_t id) {
  const std::string text = read_proc(id, "stat");
  // Field 2 is the name in parentheses and may hold anything, so count from the last one (proc(5)).
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::string_view rest = std::string_view(text).substr(name_end + 1);
  const std::string_view state = next_field(rest);
  std::string_view field;
  std::string_view threads;
  for (int number = 4; number <= 22; ++number) {
    field = next_field(rest);
    if (number == 20) threads = field;
  }
  // A zombie with more threads is a process whose first thread alone has ended.
  if (state == "X" || (state == "Z" && (threads == "0" || threads == "1"))) return std::nullopt;
  std::uint64_t start = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), start);
  if (error != std::errc() || end != field.data() + field.size()) return std::nullopt;
  return start;
}

std::string describe_process(std::uint64_t id) {
  std::string name = read_proc(id, "comm");
  while (!name.empty() && name.back() == '\n') name.pop_back();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; }, '?');
  return (name.empty() ? std::string("unknown process") : name) + " (pid " + std::to_string(id) + ")";
}

std::uint64_t fork_generation() { return ForkGuard::instance().generation(); }
void close_in_child(int descriptor) { ForkGuard::instance().add(descriptor); }
void forget_in_child(int descriptor) noexcept { ForkGuard::instance().remove(descriptor); }
int open_closed_in_child(const std::string& path, int flags) { return ForkGuard::instance().open(path, flags); }
void close_and_forget(int descriptor) noexcept { ForkGuard::instance().close(descriptor); }

}  // namespace strata::platform
