// The one server that the many small tests share, and a store of its own on it for each.
#pragma once

#include <string>

namespace strata::outside {

struct SharedServer {
  std::string directory;  ///< Of its unix socket.
  int port = 0;

  std::string parameters() const;
  /// `postgres://USER@127.0.0.1:PORT/postgres`
  std::string url(const std::string& user = "strata") const;
};

/// The file in which ctest's fixture (keeper.cpp) says where its server is.
inline constexpr const char* shared_server_variable = "STRATA_TEST_POSTGRES_AT";

/// The one that ctest's fixture started; when the program is run by hand, one that starts now and ends with it.
const SharedServer& shared_server();

/// A store that nobody else uses, dropped at the end.
class PostgresStore {
 public:
  PostgresStore();
  ~PostgresStore();
  PostgresStore(const PostgresStore&) = delete;
  PostgresStore& operator=(const PostgresStore&) = delete;

  /// `postgres://strata@127.0.0.1:PORT/postgres?store=NAME`
  std::string url() const;
  /// The same store through another port, as through a proxy.
  std::string url_through(int port) const;
  const std::string& name() const { return name_; }
  /// Whether something has been made on the server.
  bool begun() const;
  void drop() const;

 private:
  std::string name_;
  int owner_;  ///< The process that made it; a forked child leaves it alone.
};

/// A name for a store that nobody else has.
std::string fresh_store_name();

}  // namespace strata::outside
