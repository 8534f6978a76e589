// A libpq connection for what tests and benchmarks ask of a server themselves.
#pragma once

#include <memory>
#include <string>

struct pg_conn;

namespace strata::outside {

class Connection {
 public:
  /// `parameters` as libpq takes them. Throws std::runtime_error when it cannot connect.
  explicit Connection(const std::string& parameters);
  /// The first column of the first row of the last statement; empty when there is none. Throws when it fails.
  std::string ask(const std::string& sql);

 private:
  std::unique_ptr<pg_conn, void (*)(pg_conn*)> connection_;
};

}  // namespace strata::outside
