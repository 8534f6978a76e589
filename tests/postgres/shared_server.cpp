#include "tests/postgres/shared_server.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <stdexcept>

#include "tests/postgres/connection.hpp"
#include "tests/postgres/postgres_server.hpp"

namespace strata::outside {
namespace {

SharedServer read_address(const std::string& path) {
  SharedServer server;
  std::ifstream file(path);
  if (!(file >> server.directory >> server.port))
    throw std::runtime_error(path + " does not say where the PostgreSQL server for the tests is");
  return server;
}

SharedServer start_one() {
  // Static, so that it ends when the program does.
  static const std::unique_ptr<PostgresServer> own = std::make_unique<PostgresServer>();
  return {own->directory(), own->port()};
}

std::string schemas_of(const std::string& name) { return " FROM pg_namespace WHERE nspname LIKE '%" + name + "'"; }

}  // namespace

std::string SharedServer::parameters() const {
  return "host=" + directory + " port=" + std::to_string(port) + " user=" + PostgresServer::superuser +
         " dbname=postgres";
}

std::string SharedServer::url(const std::string& user) const { return postgres_url(port, user); }

const SharedServer& shared_server() {
  static const SharedServer server = [] {
    const char* given = std::getenv(shared_server_variable);
    return given != nullptr ? read_address(given) : start_one();
  }();
  return server;
}

std::string fresh_store_name() {
  std::random_device random;
  return "test" + std::to_string(::getpid()) + "x" + std::to_string(random());
}

PostgresStore::PostgresStore() : name_(fresh_store_name()), owner_(::getpid()) { shared_server(); }

PostgresStore::~PostgresStore() {
  if (owner_ != ::getpid()) return;
  try {
    drop();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "the store %s stays: %s\n", name_.c_str(), error.what());
  }
}

std::string PostgresStore::url() const { return url_through(shared_server().port); }
std::string PostgresStore::url_through(int port) const { return postgres_url(port) + "?store=" + name_; }

bool PostgresStore::begun() const {
  return Connection(shared_server().parameters()).ask("SELECT count(*)" + schemas_of(name_)) != "0";
}

void PostgresStore::drop() const {
  Connection connection(shared_server().parameters());
  connection.ask("SET client_min_messages = warning");
  for (;;) {
    const std::string schema = connection.ask("SELECT quote_ident(nspname)" + schemas_of(name_) + " LIMIT 1");
    if (schema.empty()) return;
    connection.ask("DROP SCHEMA " + schema + " CASCADE");
  }
}

}  // namespace strata::outside
