#include "tests/postgres/postgres_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "tests/postgres/connection.hpp"
#include "tests/postgres/program.hpp"
#include "tests/postgres/server_guard.hpp"

namespace strata::outside {
namespace {

namespace fs = std::filesystem;

/// What the file holds, on one line.
std::string last_words(const std::string& path) {
  std::ifstream file(path);
  std::string words, line;
  while (std::getline(file, line)) words += (words.empty() ? "" : " | ") + line;
  constexpr std::size_t longest = 1000;
  return words.size() > longest ? words.substr(words.size() - longest) : words;
}

bool is_free(int port) {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool taken = ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  return taken;
}

}  // namespace

std::string postgres_url(int port, const std::string& user, const std::string& database) {
  return "postgres://" + user + "@127.0.0.1:" + std::to_string(port) + "/" + database;
}

int free_port() {
  // A port that outgoing connections take could be gone when a server comes back to it; a client that knocks at such a
  // port in vain can even meet itself there.
  constexpr int lowest = 10'000;
  int outgoing = 32'768;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> outgoing;
  std::random_device random;
  constexpr int attempts = 1000;
  for (int attempt = 0; attempt < attempts && outgoing > lowest; ++attempt) {
    const int port = lowest + static_cast<int>(random() % static_cast<unsigned>(outgoing - lowest));
    if (is_free(port)) return port;
  }
  throw std::runtime_error("no free port between " + std::to_string(lowest) + " and " + std::to_string(outgoing));
}

std::optional<std::string> PostgresServer::find_programs() {
  if (const char* given = std::getenv("STRATA_POSTGRES_PROGRAMS")) return given;
  std::optional<std::string> found;
  int newest = 0;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", absent)) {
    const int version = std::atoi(entry.path().filename().c_str());
    if (version <= newest || !fs::exists(entry.path() / "bin/initdb")) continue;
    newest = version;
    found = (entry.path() / "bin").string();
  }
  if (found) return found;
  const char* path = std::getenv("PATH");
  std::string left = path == nullptr ? "" : path;
  while (!left.empty()) {
    const std::string directory = left.substr(0, left.find(':'));
    left.erase(0, directory.size() + 1);
    if (fs::exists(directory + "/initdb") && fs::exists(directory + "/pg_ctl")) return directory;
  }
  return std::nullopt;
}

PostgresServer::PostgresServer(PostgresOptions options)
    : options_(std::move(options)), user_(is_root() ? unprivileged_user() : ""), owner_(::getpid()) {
  if (options_.programs.empty()) {
    const auto programs = find_programs();
    if (!programs) throw std::runtime_error("no PostgreSQL server here (tools/setup)");
    options_.programs = *programs;
  }
  if (options_.watched == 0) options_.watched = ::getpid();
  make_directory();
  start_guard(options_.watched, options_.directory);
  make_cluster();
  constexpr int attempts = 5;  // somebody else may take the port between the look and the start
  for (int attempt = 0; attempt < attempts && !running_; ++attempt) {
    port_ = free_port();
    set("port", std::to_string(port_));
    running_ = try_start();
  }
  if (!running_) fail("does not start");
}

PostgresServer::~PostgresServer() {
  if (left_ || owner_ != ::getpid()) return;
  try {
    if (running_) stop(Shutdown::immediate);
    if (temporary_) fs::remove_all(options_.directory);
  } catch (const std::exception&) {
    return;  // the guard tries again when this process has ended
  }
}

void PostgresServer::make_directory() {
  temporary_ = options_.directory.empty();
  if (temporary_) {
    // Not below $TMPDIR: the server's user may not get there, and a socket's path is short.
    std::string pattern = "/tmp/strata-postgres-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
    options_.directory = pattern;
  }
  fs::create_directories(options_.directory);
  if (!user_.empty()) give_to(options_.directory, user_);
}

void PostgresServer::make_cluster() {
  if (run({"initdb", "--pgdata=" + data(), "--auth=trust", "--username=" + std::string(superuser), "--encoding=UTF8",
           "--no-locale", "--no-sync"}) != 0)
    fail("is not made by initdb");
  set("listen_addresses", "127.0.0.1");
  set("unix_socket_directories", options_.directory);
  set("max_connections", "200");
  if (options_.certificate) make_certificate();
  for (const auto& [name, value] : options_.settings) set(name, value);
  std::ofstream access(data() + "/pg_hba.conf", std::ios::trunc);
  for (const std::string& line : options_.access) access << line << '\n';
  access << "local all all trust\n"
         << "host all " << superuser << " 127.0.0.1/32 trust\n"
         << "host all all 127.0.0.1/32 scram-sha-256\n";
}

void PostgresServer::make_certificate() {
  const std::string key = options_.directory + "/server.key";
  const std::string certificate = options_.directory + "/server.crt";
  Program openssl({.arguments = {"/usr/bin/openssl", "req", "-new", "-x509", "-days", "2", "-nodes", "-subj",
                                 "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-newkey", "rsa:2048",
                                 "-keyout", key, "-out", certificate},
                   .user = user_,
                   .output_file = options_.directory + "/control.log"});
  if (openssl.wait() != 0) fail("gets no certificate from openssl");
  set("ssl", "on");
  set("ssl_key_file", key);
  set("ssl_cert_file", certificate);
}

void PostgresServer::set(const std::string& name, const std::string& value) {
  std::ofstream(data() + "/postgresql.conf", std::ios::app) << name << " = '" << value << "'\n";
}

int PostgresServer::run(std::vector<std::string> arguments) const {
  arguments.front() = options_.programs + "/" + arguments.front();
  Program program(
      {.arguments = std::move(arguments), .user = user_, .output_file = options_.directory + "/control.log"});
  return program.wait();
}

void PostgresServer::fail(const std::string& what) const {
  throw std::runtime_error("the PostgreSQL server in " + options_.directory + " " + what + ": " +
                           last_words(options_.directory + "/control.log") + " | " +
                           last_words(options_.directory + "/server.log"));
}

bool PostgresServer::try_start() {
  return run({"pg_ctl", "start", "-s", "-w", "-t", "60", "-D", data(), "-l", options_.directory + "/server.log"}) == 0;
}

void PostgresServer::start() {
  running_ = try_start();
  if (!running_) fail("does not start again");
}

void PostgresServer::stop(Shutdown how) {
  const std::string mode = how == Shutdown::fast ? "fast" : "immediate";
  if (run({"pg_ctl", "stop", "-s", "-w", "-t", "60", "-m", mode, "-D", data()}) != 0) fail("does not stop");
  running_ = false;
}

void PostgresServer::reload() {
  if (run({"pg_ctl", "reload", "-s", "-D", data()}) != 0) fail("does not read its settings again");
}

std::string PostgresServer::ask(const std::string& sql, const std::string& database) const {
  return Connection(parameters_of(database)).ask(sql);
}

std::string PostgresServer::make_database(const std::string& name) {
  ask("CREATE DATABASE " + name);
  return parameters_of(name);
}

std::string PostgresServer::parameters_of(const std::string& database) const {
  return "host=" + options_.directory + " port=" + std::to_string(port_) + " user=" + superuser + " dbname=" + database;
}

std::string PostgresServer::url(const std::string& user, const std::string& database) const {
  return postgres_url(port_, user, database);
}

std::string PostgresServer::version() const { return "PostgreSQL " + ask("SHOW server_version"); }

}  // namespace strata::outside
