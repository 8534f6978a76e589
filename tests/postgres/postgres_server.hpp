// A PostgreSQL server of our own, in a directory of its own, reachable by a unix socket there and by a free port of
// 127.0.0.1, stopped at the end. Its settings are PostgreSQL's defaults, but for the number of connections and what is
// asked for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace strata::outside {

struct PostgresOptions {
  std::string programs{};   ///< Where the server's programs are; empty: find_programs().
  std::string directory{};  ///< Where to put everything, made if it is not there; empty: a new one below /tmp, which is
                            ///< removed at the end, also when this process is killed.
  std::map<std::string, std::string> settings{};
  std::vector<std::string> access{};  ///< Lines of pg_hba.conf before the usual ones.
  bool certificate = false;           ///< Speak TLS, under a certificate signed by itself.
  int watched = 0;                    ///< The process with which it ends; 0: this one.
};

class PostgresServer {
 public:
  /// Who owns the cluster: trusted on both ways in. Everyone else is asked for a password on the port.
  static constexpr const char* superuser = "strata";
  enum class Shutdown { fast, immediate };

  /// $STRATA_POSTGRES_PROGRAMS, else the newest below /usr/lib/postgresql, else $PATH.
  static std::optional<std::string> find_programs();

  /// Makes the cluster and starts it. Throws std::runtime_error, also where no programs are.
  explicit PostgresServer(PostgresOptions options = {});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  void stop(Shutdown how);
  /// Starts it again, on the same port.
  void start();
  /// For the next start, or the next reload.
  void set(const std::string& name, const std::string& value);
  void reload();
  /// Leaves it running when this goes away; its guard ends it with the watched process.
  void leave() { left_ = true; }

  /// One statement of the superuser; the first column of the first row.
  std::string ask(const std::string& sql, const std::string& database = "postgres") const;
  /// Makes a database; the connection parameters that lead to it through the unix socket.
  std::string make_database(const std::string& name);
  std::string parameters_of(const std::string& database) const;
  /// `postgres://USER@127.0.0.1:PORT/DATABASE`; `user` may hold a password: `name:secret`.
  std::string url(const std::string& user = superuser, const std::string& database = "postgres") const;

  /// Also where the unix socket is.
  const std::string& directory() const { return options_.directory; }
  int port() const { return port_; }
  /// The user that the server runs as; empty: this one.
  const std::string& system_user() const { return user_; }
  /// `PostgreSQL 15.14`
  std::string version() const;

 private:
  void make_directory();
  void make_cluster();
  void make_certificate();
  bool try_start();
  int run(std::vector<std::string> arguments) const;
  [[noreturn]] void fail(const std::string& what) const;
  std::string data() const { return options_.directory + "/data"; }

  PostgresOptions options_;
  std::string user_;
  int owner_;  ///< The process that made it; a forked child leaves it alone.
  bool temporary_ = false;
  bool left_ = false;
  bool running_ = false;
  int port_ = 0;
};

std::string postgres_url(int port, const std::string& user = PostgresServer::superuser,
                         const std::string& database = "postgres");

/// A port of 127.0.0.1 that nobody listens on, below those that outgoing connections take.
int free_port();

}  // namespace strata::outside
