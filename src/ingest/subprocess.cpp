#include "ingest/subprocess.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "strata/error.hpp"

namespace strata::ingest {
namespace {

constexpr std::size_t output_bytes_max = std::size_t{64} << 20;
constexpr int no_such_program = 127;

[[noreturn]] void refuse(const std::string& what, int number) {
  throw Error(ErrorCode::io, what + ": " + std::strerror(number));
}

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  void reset(int number = -1) {
    if (number_ >= 0) ::close(number_);
    number_ = number;
  }

 private:
  int number_;
};

/// The input lies in memory, so that a program that does not read it holds up nobody.
void fill(const Descriptor& file, const std::string& input) {
  for (std::size_t done = 0; done < input.size();) {
    const auto written = ::write(file.number(), input.data() + done, input.size() - done);
    if (written < 0 && errno != EINTR) refuse("cannot hand over the input of a program", errno);
    if (written > 0) done += static_cast<std::size_t>(written);
  }
  if (::lseek(file.number(), 0, SEEK_SET) != 0) refuse("cannot hand over the input of a program", errno);
}

class Running {
 public:
  Running(const std::vector<std::string>& words, const Descriptor& input, const Descriptor& output,
          Complaints complaints) {
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input.number(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output.number(), STDOUT_FILENO);
    if (complaints == Complaints::dropped)
      ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    failure_ = ::posix_spawnp(&id_, words.front().c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failure_ != 0) id_ = -1;
  }
  ~Running() {
    if (id_ < 0) return;
    ::kill(id_, SIGTERM);
    wait();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  int failure() const { return failure_; }
  int wait() {
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t id_ = -1;
  int failure_ = 0;
};

/// False at the end of what the program says.
bool read_some(const Descriptor& from, std::string& output) {
  std::array<char, 65536> part;
  const auto count = ::read(from.number(), part.data(), part.size());
  if (count < 0 && errno != EINTR) refuse("cannot read the output of a program", errno);
  if (count > 0) output.append(part.data(), static_cast<std::size_t>(count));
  if (output.size() > output_bytes_max)
    throw Error(ErrorCode::limit_exceeded, "a program wrote more than 64 MiB; let it write to a file");
  return count != 0;
}

}  // namespace

SubprocessResult run_subprocess(const std::vector<std::string>& words, const std::string& input,
                                std::chrono::milliseconds every, const std::function<void()>& meanwhile,
                                Complaints complaints) {
  const Descriptor given(::memfd_create("input", MFD_CLOEXEC));
  if (given.number() < 0) refuse("cannot hand over the input of a program", errno);
  fill(given, input);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) refuse("cannot make a pipe", errno);
  const Descriptor out(ends[0]);
  Descriptor in(ends[1]);
  Running running(words, given, in, complaints);
  in.reset();
  SubprocessResult result;
  if (running.failure() == ENOENT) return {no_such_program, {}};
  if (running.failure() != 0) refuse("cannot run " + words.front(), running.failure());
  auto next = std::chrono::steady_clock::now() + every;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
    pollfd ready{out.number(), POLLIN, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (count < 0 && errno != EINTR) refuse("cannot wait for a program", errno);
    if (count > 0 && !read_some(out, result.output)) break;
    if (std::chrono::steady_clock::now() < next) continue;
    meanwhile();
    next += every;
  }
  result.exit_code = running.wait();
  return result;
}

}  // namespace strata::ingest
