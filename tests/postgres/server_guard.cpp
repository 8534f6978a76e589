#include "tests/postgres/server_guard.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

namespace strata::outside {
namespace {

namespace fs = std::filesystem;

/// Lets go of everything inherited: a pipe held open would make others wait for this process.
void let_go_of_files() {
  const int nothing = ::open("/dev/null", O_RDWR);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, standard);
  const long descriptors = ::sysconf(_SC_OPEN_MAX);
  for (int descriptor = STDERR_FILENO + 1; descriptor < descriptors && descriptor < 65'536; ++descriptor)
    ::close(descriptor);
}

void await_end_of(int watched) {
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, watched, 0));
  if (process < 0) return;  // it has ended
  pollfd ended{process, POLLIN, 0};
  while (::poll(&ended, 1, -1) < 0 && errno == EINTR) continue;
  ::close(process);
}

bool ends_within(const std::string& directory, std::chrono::seconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (server_process(directory) != 0) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

void clear_away(const std::string& directory) {
  if (const int server = server_process(directory)) {
    ::kill(server, SIGQUIT);  // an immediate shutdown
    if (!ends_within(directory, std::chrono::seconds(10))) ::kill(server, SIGKILL);
  }
  constexpr int attempts = 20;  // its children may still be writing
  std::error_code failed;
  for (int attempt = 0; attempt < attempts && fs::exists(directory, failed); ++attempt) {
    fs::remove_all(directory, failed);
    if (failed) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

int server_process(const std::string& directory) {
  const fs::path data = fs::path(directory) / "data";
  std::ifstream file(data / "postmaster.pid");
  int id = 0;
  if (!(file >> id) || id <= 0) return 0;
  // The file may have outlived its server, and the id may be another's by now.
  std::error_code failed;
  const fs::path at = fs::read_symlink("/proc/" + std::to_string(id) + "/cwd", failed);
  return !failed && at == data ? id : 0;
}

void start_guard(int watched, const std::string& directory) {
  const pid_t between = ::fork();
  if (between < 0) throw std::system_error(errno, std::system_category(), "fork");
  if (between == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::signal(number, SIG_IGN);
    let_go_of_files();
    await_end_of(watched);
    clear_away(directory);
    ::_exit(0);
  }
  while (::waitpid(between, nullptr, 0) < 0 && errno == EINTR) continue;
}

}  // namespace strata::outside
