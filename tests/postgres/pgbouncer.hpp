// A PgBouncer of our own, in session mode, before a PostgreSQL server.
#pragma once

#include <memory>
#include <string>

#include "tests/postgres/program.hpp"

namespace strata::outside {

class PgBouncer {
 public:
  static bool is_here();
  /// Before the server on that port of 127.0.0.1. Throws when it does not start.
  explicit PgBouncer(int server_port);
  ~PgBouncer();
  PgBouncer(const PgBouncer&) = delete;
  PgBouncer& operator=(const PgBouncer&) = delete;
  int port() const { return port_; }

 private:
  std::string directory_;
  int port_ = 0;
  std::unique_ptr<Program> program_;
};

}  // namespace strata::outside
