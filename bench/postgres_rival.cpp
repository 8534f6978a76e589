#include <libpq-fe.h>

#include <array>
#include <stdexcept>

#include "bench/rivals.hpp"

namespace strata::bench {
namespace {

constexpr int binary = 1;

class Connection {
 public:
  explicit Connection(const std::string& parameters) : connection_(PQconnectdb(parameters.c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) fail();
  }
  PGconn* get() { return connection_.get(); }
  [[noreturn]] void fail() {
    throw std::runtime_error(std::string("PostgreSQL: ") + PQerrorMessage(connection_.get()));
  }
  void require(PGresult* result) {
    const ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_PIPELINE_SYNC) fail();
  }
  void run(const char* sql) { require(PQexec(connection_.get(), sql)); }
  void require(int sent) {
    if (sent != 1) fail();
  }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  std::unique_ptr<PGconn, Finish> connection_;
};

/// One prepared INSERT, parameters in binary.
class PostgresWriter : public Writer {
 public:
  explicit PostgresWriter(const std::string& parameters) : connection_(parameters) {
    connection_.run("SET synchronous_commit = on");
    connection_.require(
        PQprepare(connection_.get(), "put", "INSERT INTO records (key, value, rank) VALUES ($1, $2, $3)", 3, nullptr));
    connection_.require(PQprepare(connection_.get(), "begin", "BEGIN", 0, nullptr));
    connection_.require(PQprepare(connection_.get(), "commit", "COMMIT", 0, nullptr));
  }

  void commit(std::span<const Row> rows) override {
    if (rows.size() == 1) {
      send(rows[0], [&](auto&... arguments) { connection_.require(PQexecPrepared(connection_.get(), arguments...)); });
      return;
    }
    commit_pipelined(rows);
  }

 private:
  template <class Call>
  void send(const Row& row, const Call& call) {
    std::array<char, 8> rank{};
    for (std::size_t at = 0; at < rank.size(); ++at) rank[at] = static_cast<char>(row.rank >> (56 - 8 * at) & 0xFF);
    const std::array<const char*, 3> values{row.key.data(), row.value.data(), rank.data()};
    const std::array<int, 3> lengths{static_cast<int>(row.key.size()), static_cast<int>(row.value.size()), 8};
    const std::array<int, 3> formats{binary, binary, binary};
    const char* statement = "put";
    int count = 3;
    const char* const* value_list = values.data();
    const int* length_list = lengths.data();
    const int* format_list = formats.data();
    int result_format = binary;
    call(statement, count, value_list, length_list, format_list, result_format);
  }

  /// All of the transaction in one round trip.
  void commit_pipelined(std::span<const Row> rows) {
    PGconn* connection = connection_.get();
    connection_.require(PQenterPipelineMode(connection));
    connection_.require(PQsendQueryPrepared(connection, "begin", 0, nullptr, nullptr, nullptr, binary));
    for (const Row& row : rows) {
      send(row, [&](auto&... arguments) { connection_.require(PQsendQueryPrepared(connection, arguments...)); });
    }
    connection_.require(PQsendQueryPrepared(connection, "commit", 0, nullptr, nullptr, nullptr, binary));
    connection_.require(PQpipelineSync(connection));
    for (std::size_t left = rows.size() + 2; left > 0; --left) {
      while (PGresult* result = PQgetResult(connection)) connection_.require(result);
    }
    connection_.require(PQgetResult(connection));
    connection_.require(PQexitPipelineMode(connection));
  }

  Connection connection_;
};

/// A prepared SELECT; a scan is one answer.
class PostgresReader : public ServerReader {
 public:
  explicit PostgresReader(const std::string& parameters) : connection_(parameters) {
    connection_.require(PQprepare(connection_.get(), "get", "SELECT value FROM records WHERE key = $1", 1, nullptr));
  }

  std::size_t get(const std::string& key) override {
    const std::array<const char*, 1> values{key.data()};
    const std::array<int, 1> lengths{static_cast<int>(key.size())};
    const std::array<int, 1> formats{binary};
    const Answer answer(
        PQexecPrepared(connection_.get(), "get", 1, values.data(), lengths.data(), formats.data(), binary), PQclear);
    if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) connection_.fail();
    return PQntuples(answer.get()) == 0 ? 0 : static_cast<std::size_t>(PQgetlength(answer.get(), 0, 0));
  }

  std::uint64_t scan() override {
    const Answer answer(PQexecParams(connection_.get(), "SELECT key, value FROM records ORDER BY key", 0, nullptr,
                                     nullptr, nullptr, nullptr, binary),
                        PQclear);
    if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) connection_.fail();
    std::uint64_t rows = 0;
    for (int row = 0; row < PQntuples(answer.get()); ++row) {
      rows += PQgetlength(answer.get(), row, 1) == static_cast<int>(row_bytes) ? 1 : 0;
    }
    return rows;
  }

 private:
  using Answer = std::unique_ptr<PGresult, void (*)(PGresult*)>;
  Connection connection_;
};

class PostgresRival : public Contender {
 public:
  PostgresRival(std::string parameters, KeyOrder order) : parameters_(std::move(parameters)) {
    Connection connection(parameters_);
    connection.run("SET client_min_messages = warning");
    connection.run("CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, value BYTEA, rank BIGINT)");
    if (order == KeyOrder::random) connection.run("CREATE INDEX IF NOT EXISTS by_rank ON records (rank)");
  }
  std::unique_ptr<Writer> writer() override { return std::make_unique<PostgresWriter>(parameters_); }

 private:
  std::string parameters_;
};

}  // namespace

std::unique_ptr<Contender> open_postgres_rival(const std::string& parameters, KeyOrder order) {
  return std::make_unique<PostgresRival>(parameters, order);
}

std::unique_ptr<ServerReader> open_postgres_reader(const std::string& parameters) {
  return std::make_unique<PostgresReader>(parameters);
}

}  // namespace strata::bench
