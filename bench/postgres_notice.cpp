#include "bench/postgres_notice.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <stdexcept>

namespace strata::bench {
namespace {

class Notice : public PostgresNotice {
 public:
  explicit Notice(const std::string& parameters) : connection_(PQconnectdb(parameters.c_str()), PQfinish) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) fail();
    run("SET client_min_messages = warning");
    run("CREATE TABLE IF NOT EXISTS told (id BIGSERIAL PRIMARY KEY, payload TEXT)");
    run("SET synchronous_commit = on");
  }

  void listen() override { run("LISTEN told"); }

  void await() override {
    for (;;) {
      if (PGnotify* found = PQnotifies(connection_.get())) return PQfreemem(found);
      pollfd ready{PQsocket(connection_.get()), POLLIN, 0};
      ::poll(&ready, 1, -1);
      if (PQconsumeInput(connection_.get()) != 1) fail();
    }
  }

  void insert_and_notify() override {
    run("BEGIN; INSERT INTO told (payload) VALUES (repeat('x', 200)); NOTIFY told; COMMIT");
  }

 private:
  [[noreturn]] void fail() const { throw std::runtime_error(PQerrorMessage(connection_.get())); }
  void run(const char* statement) {
    PGresult* result = PQexec(connection_.get(), statement);
    const bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (!done) fail();
  }

  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

}  // namespace

std::unique_ptr<PostgresNotice> connect_notice(const std::string& parameters) {
  return std::make_unique<Notice>(parameters);
}

}  // namespace strata::bench
