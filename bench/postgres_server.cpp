#include "bench/postgres_server.hpp"

#include <libpq-fe.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace strata::bench {
namespace {

namespace fs = std::filesystem;

/// One statement on a connection of its own; the first column of the first row.
std::string ask(const std::string& parameters, const std::string& sql) {
  const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectdb(parameters.c_str()), PQfinish);
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection.get(), sql.c_str()), PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    throw std::runtime_error(std::string("PostgreSQL: ") + PQerrorMessage(connection.get()));
  }
  return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

}  // namespace

std::optional<std::string> PostgresServer::find_programs() {
  if (const char* given = std::getenv("STRATA_BENCH_POSTGRES")) return given;
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
    if (fs::exists(directory + "/initdb") && fs::exists(directory + "/postgres")) return directory;
  }
  return std::nullopt;
}

PostgresServer::PostgresServer(const std::string& programs, const std::string& directory)
    : directory_(directory), user_(is_root() ? unprivileged_user() : "") {
  fs::create_directories(directory_);
  if (!user_.empty()) give_to(directory_, user_);
  const std::string data = directory_ + "/data";
  const std::string log = directory_ + ".log";
  Program initdb({.arguments = {programs + "/initdb", "--pgdata=" + data, "--auth=trust", "--username=bench",
                                "--encoding=UTF8", "--no-locale", "--no-sync"},
                  .user = user_,
                  .output_file = log});
  if (initdb.wait() != 0) throw std::runtime_error("initdb failed: " + log + " says why");
  constexpr int signal_fast_shutdown = SIGINT;
  server_ =
      std::make_unique<Program>(ProgramOptions{.arguments = {programs + "/postgres", "-D", data, "-k", directory_, "-c",
                                                             "listen_addresses=", "-c", "max_connections=100"},
                                               .user = user_,
                                               .output_file = log,
                                               .signal_at_end = signal_fast_shutdown});
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (PQping(parameters_of("postgres").c_str()) != PQPING_OK) {
    if (std::chrono::steady_clock::now() > patience) throw std::runtime_error("the server does not start: " + log);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  version_ = "PostgreSQL " + ask(parameters_of("postgres"), "SHOW server_version");
}

PostgresServer::~PostgresServer() { server_->end(); }

std::string PostgresServer::make_database(const std::string& name) {
  ask(parameters_of("postgres"), "CREATE DATABASE " + name);
  return parameters_of(name);
}

std::string PostgresServer::parameters_of(const std::string& database) const {
  return "host=" + directory_ + " user=bench dbname=" + database;
}

}  // namespace strata::bench
