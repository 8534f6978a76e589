// What many processes tell the one that watches them: short messages, each whole, also from one that is killed.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <climits>
#include <optional>
#include <system_error>
#include <type_traits>

namespace strata {

/// Made before the fork. A write of up to PIPE_BUF bytes is atomic (pipe(7)).
template <class Message>
class ReportPipe {
  static_assert(std::is_trivially_copyable_v<Message> && sizeof(Message) <= PIPE_BUF);

 public:
  ReportPipe() {
    if (::pipe2(ends_, O_CLOEXEC) != 0) throw std::system_error(errno, std::system_category(), "pipe");
  }
  ~ReportPipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  ReportPipe(const ReportPipe&) = delete;
  ReportPipe& operator=(const ReportPipe&) = delete;

  void tell(const Message& message) const {
    while (::write(ends_[1], &message, sizeof message) != static_cast<ssize_t>(sizeof message)) {
      if (errno != EINTR) throw std::system_error(errno, std::system_category(), "write");
    }
  }
  /// Nothing when none came in time.
  std::optional<Message> hear(std::chrono::milliseconds patience) const {
    pollfd ready{ends_[0], POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(patience.count())) != 1) return std::nullopt;
    Message message;
    if (::read(ends_[0], &message, sizeof message) != static_cast<ssize_t>(sizeof message)) return std::nullopt;
    return message;
  }

 private:
  int ends_[2] = {-1, -1};
};

}  // namespace strata
