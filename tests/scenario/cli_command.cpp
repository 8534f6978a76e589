#include "tests/scenario/cli_command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

namespace strata::scenario {
namespace {

namespace fs = std::filesystem;

constexpr int patience_ms = 30'000;

int exit_code_of(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

std::vector<std::string> Outcome::lines() const {
  std::vector<std::string> lines;
  std::istringstream in(out);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<Value> Outcome::values() const {
  std::vector<Value> values;
  for (const std::string& line : lines()) values.push_back(Value::from_json(line));
  return values;
}

RunningCommand::~RunningCommand() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    exit_code_of(process_);
  }
  close_output();
}

bool RunningCommand::read_more() {
  pollfd waiting{output_, POLLIN, 0};
  if (::poll(&waiting, 1, patience_ms) <= 0) return false;
  char bytes[4096];
  const ssize_t count = ::read(output_, bytes, sizeof bytes);
  if (count <= 0) return false;
  seen_.append(bytes, static_cast<std::size_t>(count));
  return true;
}

std::string RunningCommand::next_line() {
  for (;;) {
    const std::size_t end = seen_.find('\n', given_);
    if (end != std::string::npos) {
      std::string line = seen_.substr(given_, end - given_);
      given_ = end + 1;
      return line;
    }
    if (!read_more()) return {};
  }
}

bool RunningCommand::wait_for(const std::string& text) {
  std::size_t found;
  while ((found = seen_.find(text, given_)) == std::string::npos) {
    if (!read_more()) return false;
  }
  given_ = found + text.size();
  return true;
}

void RunningCommand::type(const std::string& text) {
  // A prompt is printed before the terminal is made ready for editing.
  termios mode{};
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  while (::tcgetattr(output_, &mode) == 0 && (mode.c_lflag & ICANON) != 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_EQ(::write(output_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

void RunningCommand::close_output() {
  if (output_ >= 0) ::close(output_);
  output_ = -1;
}

void RunningCommand::interrupt() { ::kill(process_, SIGINT); }

int RunningCommand::wait() {
  const int code = exit_code_of(process_);
  process_ = -1;
  return code;
}

CommandScenario::CommandScenario() {
  std::string name = (fs::temp_directory_path() / "strata-cli-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  directory_ = name;
}

CommandScenario::~CommandScenario() { fs::remove_all(directory_); }

void CommandScenario::write(const std::string& name, const std::string& text) {
  std::ofstream(directory_ / name, std::ios::binary) << text;
}

std::string CommandScenario::read(const std::string& name) const { return read_file(directory_ / name); }

pid_t CommandScenario::spawn(const std::vector<std::string>& arguments, int input, int output, int error) {
  std::vector<std::string> words = arguments;
  const std::string store = path("store");
  const std::string state = path("state");
  const pid_t child = ::fork();
  if (child != 0) return child;
  if (input >= 0) ::dup2(input, STDIN_FILENO);
  if (output >= 0) ::dup2(output, STDOUT_FILENO);
  if (error >= 0) ::dup2(error, STDERR_FILENO);
  ::setenv("STRATA_STORE", store.c_str(), 1);
  ::setenv("XDG_STATE_HOME", state.c_str(), 1);
  ::setenv("TERM", "vt100", 1);
  ::setenv("NO_COLOR", "1", 1);
  if (::chdir(directory_.c_str()) != 0) ::_exit(126);
  ::execv(words.front().c_str(), pointers(words).data());
  ::_exit(127);
}

Outcome CommandScenario::run(const std::vector<std::string>& arguments, const std::string& input) {
  write("stdin", input);
  const int in = ::open(path("stdin").c_str(), O_RDONLY | O_CLOEXEC);
  const int out = ::open(path("stdout").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const int error = ::open(path("stderr").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::vector<std::string> words = {STRATA_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const pid_t child = spawn(words, in, out, error);
  for (const int descriptor : {in, out, error}) ::close(descriptor);
  Outcome outcome;
  outcome.exit_code = exit_code_of(child);
  outcome.out = read("stdout");
  outcome.error = read("stderr");
  return outcome;
}

Outcome CommandScenario::done(const std::vector<std::string>& arguments, const std::string& input) {
  Outcome outcome = run(arguments, input);
  EXPECT_EQ(outcome.exit_code, 0) << arguments.front() << ": " << outcome.error;
  EXPECT_EQ(outcome.error, "") << arguments.front();
  return outcome;
}

Outcome CommandScenario::fails(int exit_code, const std::string& words, const std::vector<std::string>& arguments,
                               const std::string& input) {
  Outcome outcome = run(arguments, input);
  const std::string what = arguments.empty() ? "strata" : arguments.front();
  EXPECT_EQ(outcome.exit_code, exit_code) << what << ": " << outcome.error;
  EXPECT_TRUE(outcome.error.starts_with("strata: ")) << what << ": " << outcome.error;
  EXPECT_EQ(outcome.error.find('\n'), outcome.error.size() - 1) << what << ": " << outcome.error;
  EXPECT_NE(outcome.error.find(words), std::string::npos) << what << ": " << outcome.error;
  return outcome;
}

Outcome CommandScenario::run_line(const std::string& line) {
  const int out = ::open(path("stdout").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const int error = ::open(path("stderr").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const pid_t child = spawn({"/bin/sh", "-c", "strata() { '" STRATA_BINARY "' \"$@\"; }; " + line}, -1, out, error);
  ::close(out);
  ::close(error);
  Outcome outcome;
  outcome.exit_code = exit_code_of(child);
  outcome.out = read("stdout");
  outcome.error = read("stderr");
  return outcome;
}

RunningCommand CommandScenario::start(const std::vector<std::string>& arguments) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int error = ::open(path("stderr").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::vector<std::string> words = {STRATA_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const pid_t child = spawn(words, nothing, ends[1], error);
  for (const int descriptor : {nothing, ends[1], error}) ::close(descriptor);
  return {child, ends[0]};
}

RunningCommand CommandScenario::start_at_terminal(const std::vector<std::string>& arguments) {
  int ours = -1;
  int theirs = -1;
  winsize size{24, 80, 0, 0};
  if (::openpty(&ours, &theirs, nullptr, nullptr, &size) != 0) throw std::runtime_error("no pseudo-terminal");
  ::fcntl(ours, F_SETFD, FD_CLOEXEC);
  ::fcntl(theirs, F_SETFD, FD_CLOEXEC);
  std::vector<std::string> words = {STRATA_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const pid_t child = spawn(words, theirs, theirs, theirs);
  ::close(theirs);
  return {child, ours};
}

}  // namespace strata::scenario
