#include "cli/system.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstring>

#include "strata/error.hpp"

namespace strata::cli {
namespace {

volatile std::sig_atomic_t interrupts = 0;

void on_interrupt(int signal) {
  if (interrupts != 0) {
    std::signal(signal, SIG_DFL);
    ::raise(signal);
  }
  interrupts = 1;
}

std::string reason() { return std::strerror(errno); }

/// A scratch file that vanishes with its last descriptor.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& directory) {
    std::string path = directory + "/sync-XXXXXX";
    descriptor_ = ::mkstemp(path.data());
    if (descriptor_ < 0) {
      throw Error(ErrorCode::io, "cannot make a scratch file in " + directory + ": " + reason());
    }
    ::unlink(path.c_str());
  }
  ~ScratchFile() { ::close(descriptor_); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  void overwrite(const std::array<char, 4096>& block) {
    if (::pwrite(descriptor_, block.data(), block.size(), 0) != static_cast<ssize_t>(block.size()) ||
        ::fdatasync(descriptor_) != 0) {
      throw Error(ErrorCode::io, "cannot write and sync a scratch file: " + reason());
    }
  }

 private:
  int descriptor_ = -1;
};

}  // namespace

bool is_terminal(StandardStream stream) { return ::isatty(static_cast<int>(stream)) == 1; }

std::size_t terminal_width() {
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
    winsize size = {};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  }
  return 0;
}

StandardOutput::Buffer::Buffer(int descriptor) : descriptor_(descriptor) {
  setp(bytes_.data(), bytes_.data() + bytes_.size());
}

StandardOutput::Buffer::int_type StandardOutput::Buffer::overflow(int_type character) {
  sync();
  if (character != traits_type::eof()) sputc(traits_type::to_char_type(character));
  return traits_type::not_eof(character);
}

int StandardOutput::Buffer::sync() {
  const char* at = pbase();
  const char* const end = pptr();
  setp(bytes_.data(), bytes_.data() + bytes_.size());
  while (at < end) {
    const ssize_t written = ::write(descriptor_, at, static_cast<std::size_t>(end - at));
    if (written >= 0) {
      at += written;
    } else if (errno == EPIPE) {
      throw OutputClosed{};
    } else if (errno != EINTR) {
      throw Error(ErrorCode::io, "cannot write the output: " + reason());
    }
  }
  return 0;
}

StandardOutput::StandardOutput(StandardStream stream) : std::ostream(nullptr), buffer_(static_cast<int>(stream)) {
  rdbuf(&buffer_);
  exceptions(std::ios::badbit);
}

// The streams are flushed where a failure can still be told; what is left here belongs to a run that failed already.
StandardOutput::~StandardOutput() { exceptions(std::ios::goodbit); }

void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

struct InterruptGuard::Before {
  struct sigaction action = {};
};

InterruptGuard::InterruptGuard() : before_(std::make_unique<Before>()) {
  interrupts = 0;
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  // Without SA_RESTART a waiting system call returns, so that the wish is seen at once.
  ::sigaction(SIGINT, &action, &before_->action);
}

InterruptGuard::~InterruptGuard() { ::sigaction(SIGINT, &before_->action, nullptr); }

bool InterruptGuard::requested() const { return interrupts != 0; }

void use_locale_of_environment() { std::setlocale(LC_CTYPE, ""); }

std::vector<std::chrono::nanoseconds> time_syncs(const std::string& directory, std::size_t count) {
  ScratchFile file(directory);
  std::array<char, 4096> block{};
  file.overwrite(block);
  std::vector<std::chrono::nanoseconds> times;
  times.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    block[0] = static_cast<char>(i);
    const auto start = std::chrono::steady_clock::now();
    file.overwrite(block);
    times.push_back(std::chrono::steady_clock::now() - start);
  }
  return times;
}

}  // namespace strata::cli
