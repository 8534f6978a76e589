#include "tests/postgres/program.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <system_error>

namespace strata::outside {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::system_category(), what); }

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
  return {ends[0], ends[1]};
}

struct Identity {
  uid_t user = 0;
  gid_t group = 0;
};

std::optional<Identity> identity_of(const std::string& user) {
  if (user.empty()) return std::nullopt;
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr) throw std::runtime_error("there is no user " + user);
  return Identity{entry->pw_uid, entry->pw_gid};
}

/// In the child, between fork and exec: system calls alone.
[[noreturn]] void become(const std::vector<char*>& arguments, const Pipe& input, int output, bool errors_too,
                         const std::optional<Identity>& identity, int signal_at_end, pid_t parent) {
  constexpr int cannot_run = 127;
  ::dup2(input.read, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  if (errors_too) ::dup2(output, STDERR_FILENO);
  if (identity) {  // who may not enter the current directory, perhaps
    const bool done = ::setgroups(0, nullptr) == 0 && ::setgid(identity->group) == 0 && ::setuid(identity->user) == 0 &&
                      ::chdir("/") == 0;
    if (!done) ::_exit(cannot_run);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, signal_at_end);
  if (::getppid() != parent) ::_exit(cannot_run);
  ::execv(arguments[0], arguments.data());
  ::_exit(cannot_run);
}

}  // namespace

Program::Program(const ProgramOptions& options)
    : name_(options.arguments.at(0)), signal_at_end_(options.signal_at_end) {
  const std::optional<Identity> identity = identity_of(options.user);
  std::vector<char*> arguments;
  for (const std::string& argument : options.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const Pipe input = make_pipe();
  Pipe output = make_pipe();
  if (!options.output_file.empty()) {
    ::close(output.write);
    output.write = ::open(options.output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output.write < 0) fail(options.output_file);
  }
  const pid_t parent = ::getpid();
  id_ = ::fork();
  if (id_ < 0) fail("fork");
  if (id_ == 0) {
    become(arguments, input, output.write, !options.output_file.empty(), identity, signal_at_end_, parent);
  }
  ::close(input.read);
  ::close(output.write);
  input_.reset(::fdopen(input.write, "w"));
  output_.reset(::fdopen(output.read, "r"));
}

Program::~Program() { end(); }

void Program::send(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), input_.get());
  std::fputc('\n', input_.get());
  if (std::fflush(input_.get()) != 0) throw std::runtime_error(name_ + " has ended");
}

std::string Program::receive() {
  std::string line;
  for (int letter = std::fgetc(output_.get()); letter != '\n'; letter = std::fgetc(output_.get())) {
    if (letter == EOF) throw std::runtime_error(name_ + " has ended before it answered");
    line += static_cast<char>(letter);
  }
  return line;
}

void Program::receive(void* out, std::size_t size) {
  if (std::fread(out, 1, size, output_.get()) != size) {
    throw std::runtime_error(name_ + " has ended before it answered");
  }
}

int Program::wait() {
  input_.reset();
  if (id_ < 0) return 0;
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  id_ = -1;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void Program::end() {
  if (id_ > 0) ::kill(id_, signal_at_end_);
  wait();
}

bool is_root() { return ::geteuid() == 0; }

std::string unprivileged_user() {
  for (const char* user : {"postgres", "nobody"}) {
    if (::getpwnam(user) != nullptr) return user;
  }
  throw std::runtime_error("neither a user postgres nor nobody to run PostgreSQL as");
}

void give_to(const std::string& path, const std::string& user) {
  const std::optional<Identity> identity = identity_of(user);
  if (identity && ::chown(path.c_str(), identity->user, identity->group) != 0) fail(path);
}

}  // namespace strata::outside
