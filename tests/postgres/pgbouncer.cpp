#include "tests/postgres/pgbouncer.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "tests/postgres/connection.hpp"
#include "tests/postgres/postgres_server.hpp"

namespace strata::outside {
namespace {

namespace fs = std::filesystem;

constexpr const char* program = "/usr/sbin/pgbouncer";

bool answers(int port) {
  try {
    Connection("host=127.0.0.1 sslmode=disable user=strata dbname=postgres port=" + std::to_string(port));
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

}  // namespace

bool PgBouncer::is_here() { return fs::exists(program); }

PgBouncer::PgBouncer(int server_port) : port_(free_port()) {
  std::string pattern = "/tmp/strata-pgbouncer-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  directory_ = pattern;
  const std::string settings = directory_ + "/pgbouncer.ini";
  const std::string users = directory_ + "/users.txt";
  std::ofstream(users) << "\"strata\" \"\"\n";
  std::ofstream(settings) << "[databases]\n* = host=127.0.0.1 port=" << server_port
                          << "\n[pgbouncer]\npool_mode = session\nlisten_addr = 127.0.0.1\nlisten_port = " << port_
                          << "\nunix_socket_dir =\nauth_type = trust\nauth_file = " << users
                          << "\ndefault_pool_size = 150\nmax_client_conn = 300\n";
  const std::string user = is_root() ? unprivileged_user() : "";
  for (const std::string& path : {directory_, settings, users}) give_to(path, user);
  program_ = std::make_unique<Program>(ProgramOptions{
      .arguments = {program, settings}, .user = user, .output_file = directory_ + "/log", .signal_at_end = SIGTERM});
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!answers(port_)) {
    if (std::chrono::steady_clock::now() > until)
      throw std::runtime_error("pgbouncer does not start: see " + directory_ + "/log");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

PgBouncer::~PgBouncer() {
  program_->end();
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

}  // namespace strata::outside
