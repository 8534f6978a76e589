// For tests: processes that can be stopped, killed and waited for, and the signs that they give each other.
#pragma once

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <system_error>

namespace strata::platform {

/// Runs `body` in a forked child, which ends with its result as exit code (99 after an exception). The child must not
/// use the handles of its parent. Killed at the end when it still lives.
class ChildProcess {
 public:
  explicit ChildProcess(const std::function<int()>& body) : id_(::fork()) {
    if (id_ < 0) throw std::system_error(errno, std::system_category(), "fork");
    if (id_ == 0) ::_exit(run(body));
  }
  ~ChildProcess() {
    if (id_ < 0) return;
    ::kill(id_, SIGKILL);
    wait();
  }
  ChildProcess(ChildProcess&& other) noexcept : id_(other.id_) { other.id_ = -1; }
  ChildProcess& operator=(ChildProcess&&) = delete;

  pid_t id() const { return id_; }
  void signal(int number) const { ::kill(id_, number); }
  /// Stops it, and returns when it stands still.
  void stop() const {
    signal(SIGSTOP);
    ::waitpid(id_, nullptr, WUNTRACED);
  }
  void resume() const { signal(SIGCONT); }
  /// The exit code, or minus the number of the signal that ended it.
  int wait() {
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }
  int kill() {
    signal(SIGKILL);
    return wait();
  }

 private:
  static int run(const std::function<int()>& body) {
    try {
      return body();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child process: %s\n", error.what());
      return 99;
    }
  }

  pid_t id_;
};

/// One process gives a sign, another awaits it. Made before the fork.
class Sign {
 public:
  Sign() {
    if (::pipe(ends_) != 0) throw std::system_error(errno, std::system_category(), "pipe");
  }
  ~Sign() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Sign(const Sign&) = delete;
  Sign& operator=(const Sign&) = delete;

  void give() const {
    if (::write(ends_[1], "!", 1) != 1) throw std::system_error(errno, std::system_category(), "write");
  }
  /// False when nobody gave one for a minute.
  bool await() const {
    constexpr int patience_ms = 60'000;
    pollfd ready{ends_[0], POLLIN, 0};
    char sign = 0;
    return ::poll(&ready, 1, patience_ms) == 1 && ::read(ends_[0], &sign, 1) == 1;
  }

 private:
  int ends_[2] = {-1, -1};
};

}  // namespace strata::platform
