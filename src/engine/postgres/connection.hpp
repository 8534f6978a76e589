// One session of a PostgreSQL server, in pipeline mode: statements are sent ahead, their answers collected together.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/postgres/target.hpp"
#include "engine/process_bond.hpp"
#include "platform/clock.hpp"
#include "strata/types.hpp"

struct pg_conn;
struct pg_result;

namespace strata::engine::postgres {

/// A statement that is prepared once in each session. Its address is its name, so it outlives the sessions.
struct Statement {
  std::string sql;
};

/// The binary form of a value, with its type.
class Parameter {
 public:
  static Parameter bytes(bytes_view value);
  static Parameter integer(std::int64_t value);
  static Parameter text(std::string_view value);
  static Parameter bytes_array(std::span<const bytes_view> values);

  std::uint32_t type() const { return type_; }
  bytes_view value() const { return owned_ ? bytes_view(*owned_) : view_; }

 private:
  std::uint32_t type_ = 0;
  bytes_view view_;
  std::optional<Bytes> owned_;
};

/// The rows that a statement gave.
class Result {
 public:
  explicit Result(pg_result* result);
  std::size_t rows() const;
  bool is_null(std::size_t row, std::size_t column) const;
  /// Valid as long as the result.
  bytes_view bytes(std::size_t row, std::size_t column) const;
  std::int64_t integer(std::size_t row, std::size_t column) const;
  pg_result* raw() const { return result_.get(); }

 private:
  std::unique_ptr<pg_result, void (*)(pg_result*)> result_;
};

/// Used by one thread at a time. After Disconnected it is of no use.
class Connection {
 public:
  /// Throws as throw_no_connection says.
  explicit Connection(const Target& target);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sends a statement ahead. Its answer is among the results of the next collect().
  void send(const Statement& statement, std::span<const Parameter> parameters = {});
  /// The same for a statement that is not worth preparing.
  void send(const std::string& sql, std::span<const Parameter> parameters = {});
  /// Waits for the answers to all that was sent; one result for each. When a statement failed, those after it were not
  /// run, and its failure is thrown as throw_failure says. Disconnected when the session is lost, or the server silent
  /// until the deadline.
  std::vector<Result> collect(platform::SteadyTime deadline);
  /// collect() within the time that a server may take for an ordinary statement.
  std::vector<Result> collect();
  /// Lets what was sent go without waiting for the answers: they are dropped when they come.
  void post();
  /// Sends, collects; for one statement.
  Result ask(const Statement& statement, std::span<const Parameter> parameters = {});
  Result ask(const std::string& sql, std::span<const Parameter> parameters = {});

  /// `closed` in a child that inherited it; Disconnected once it is lost.
  void check() const;
  bool lost() const { return lost_; }
  /// Whether the server has said nothing that has not been read: it would have, had it ended the session.
  bool quiet() const;
  int server_version() const;
  std::string server_setting(const char* name) const;
  int descriptor() const { return descriptor_; }
  /// Takes what the server has sent meanwhile; the payloads of notifications among it.
  std::vector<std::string> notifications();

 private:
  struct Awaited {
    bool is_preparation = false;
    const Statement* statement = nullptr;
  };
  struct Failure {
    std::string state;
    std::string message;
  };

  void connect(const Target& target);
  bool is_first_to_answer();
  void send_execution(const char* name, const std::string* sql, std::span<const Parameter> parameters);
  void end_batch();
  void drop_posted(platform::SteadyTime deadline);
  std::vector<Result> collect_batch(std::deque<Awaited>& awaited, platform::SteadyTime deadline);
  pg_result* next_result(platform::SteadyTime deadline);
  void wait_for_answer(platform::SteadyTime deadline);
  void forget_preparations(const std::deque<Awaited>& awaited);
  [[noreturn]] void lose(std::string_view why);

  std::string place_;
  ProcessBond bond_;
  std::unique_ptr<pg_conn, void (*)(pg_conn*)> session_;
  std::map<const Statement*, std::string> prepared_;
  std::uint64_t preparations_ = 0;
  std::deque<Awaited> awaited_;             ///< Of the batch being sent.
  std::deque<std::deque<Awaited>> posted_;  ///< Of batches whose answers nobody waits for.
  std::optional<Failure> last_failure_;
  int descriptor_ = -1;
  bool lost_ = false;
};

}  // namespace strata::engine::postgres
