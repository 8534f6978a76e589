#include "tests/contract/child_process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <stdexcept>

namespace strata::engine {
namespace {

std::map<std::string, Role>& roles() {
  static std::map<std::string, Role> known;
  return known;
}

std::string next_line(int descriptor, std::string& unread) {
  for (;;) {
    const std::size_t end = unread.find('\n');
    if (end != std::string::npos) {
      std::string line = unread.substr(0, end);
      unread.erase(0, end + 1);
      return line;
    }
    char buffer[256];
    const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return {};
    unread.append(buffer, static_cast<std::size_t>(count));
  }
}

void write_line(int descriptor, std::string line) {
  line += '\n';
  std::size_t written = 0;
  while (written < line.size()) {
    const ssize_t count = ::write(descriptor, line.data() + written, line.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // the other side is gone, which its reader will find
    written += static_cast<std::size_t>(count);
  }
}

void close_pipes(std::initializer_list<int> descriptors) {
  for (const int descriptor : descriptors) {
    if (descriptor >= 0) ::close(descriptor);
  }
}

}  // namespace

void ParentLine::say(const std::string& line) { write_line(STDOUT_FILENO, line); }

std::string ParentLine::hear() {
  static std::string unread;
  return next_line(STDIN_FILENO, unread);
}

bool register_role(const std::string& name, Role role) { return roles().emplace(name, role).second; }

int play_role(const std::string& name, const RoleArguments& arguments) {
  const auto role = roles().find(name);
  if (role == roles().end()) {
    std::cerr << "no role " << name << "\n";
    return 2;
  }
  try {
    ParentLine parent;
    return role->second(arguments, parent);
  } catch (const std::exception& error) {
    std::cerr << "role " << name << ": " << error.what() << "\n";
    return 3;
  }
}

ChildProcess::ChildProcess(const std::string& role, const RoleArguments& arguments) {
  int down[2] = {-1, -1};
  int up[2] = {-1, -1};
  if (::pipe2(down, O_CLOEXEC) != 0 || ::pipe2(up, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
  std::vector<std::string> words{"/proc/self/exe", "--role", role};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  id_ = ::fork();
  if (id_ == 0) {
    ::dup2(down[0], STDIN_FILENO);
    ::dup2(up[1], STDOUT_FILENO);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  close_pipes({down[0], up[1]});
  to_child_ = down[1];
  from_child_ = up[0];
  if (id_ < 0) throw std::runtime_error("cannot fork");
}

ChildProcess::~ChildProcess() {
  close_pipes({to_child_, from_child_});
  if (id_ <= 0) return;
  ::kill(id_, SIGKILL);
  ::waitpid(id_, nullptr, 0);
}

void ChildProcess::say(const std::string& line) { write_line(to_child_, line); }

std::string ChildProcess::hear() { return next_line(from_child_, unread_); }

void ChildProcess::send_signal(int number) {
  if (id_ > 0) ::kill(id_, number);
}

void ChildProcess::wait_until_stopped() {
  int status = 0;
  if (::waitpid(id_, &status, WUNTRACED) != id_ || !WIFSTOPPED(status))
    throw std::runtime_error("the child did not stop");
}

int ChildProcess::wait() {
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) continue;
  id_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int run_in_fork(bool (*act)(void* context), void* context) {
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 1;
    try {
      code = act(context) ? 0 : 1;
    } catch (const std::exception& error) {
      std::cerr << "forked child: " << error.what() << "\n";
    }
    ::_exit(code);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace strata::engine
