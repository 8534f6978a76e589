#include <libpq-fe.h>

#include <stdexcept>

#include "bench/queue_consumer.hpp"

namespace strata::bench {
namespace {

class PostgresQueue : public QueueConsumer {
 public:
  explicit PostgresQueue(const std::string& parameters) : connection_(PQconnectdb(parameters.c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) fail();
    run("SET client_min_messages = warning");
    run("CREATE TABLE IF NOT EXISTS items (priority INT NOT NULL, due TIMESTAMPTZ NOT NULL, id BIGSERIAL, payload "
        "TEXT, PRIMARY KEY (priority, due, id))");
    run("SET synchronous_commit = on");
    prepare("begin", "BEGIN");
    prepare("take",
            "SELECT priority, due, id, payload FROM items WHERE due <= now() ORDER BY priority, due, id LIMIT $1::int "
            "FOR UPDATE SKIP LOCKED");
    prepare("done", "DELETE FROM items WHERE priority = $1::int AND due = $2::timestamptz AND id = $3::bigint");
    prepare("commit", "COMMIT");
  }

  void fill(std::size_t items) override {
    run(("INSERT INTO items (priority, due, payload) SELECT 0, now(), repeat('x', 100) FROM generate_series(1, " +
         std::to_string(items) + ")")
            .c_str());
    run("ANALYZE items");
  }

  std::size_t take_and_finish(std::size_t most) override {
    PGconn* connection = connection_.get();
    require(PQenterPipelineMode(connection));
    const std::string limit = std::to_string(most);
    const char* limits[] = {limit.c_str()};
    require(PQsendQueryPrepared(connection, "begin", 0, nullptr, nullptr, nullptr, 0));
    require(PQsendQueryPrepared(connection, "take", 1, limits, nullptr, nullptr, 0));
    require(PQpipelineSync(connection));
    finish(next_result());
    const Result taken = next_result();
    finish_sync();
    const int count = PQntuples(taken.get());
    // The work would be done here; then all deletions and the commit in one round trip.
    for (int row = 0; row < count; ++row) {
      const char* keys[] = {PQgetvalue(taken.get(), row, 0), PQgetvalue(taken.get(), row, 1),
                            PQgetvalue(taken.get(), row, 2)};
      require(PQsendQueryPrepared(connection, "done", 3, keys, nullptr, nullptr, 0));
    }
    require(PQsendQueryPrepared(connection, "commit", 0, nullptr, nullptr, nullptr, 0));
    require(PQpipelineSync(connection));
    for (int row = 0; row <= count; ++row) finish(next_result());
    finish_sync();
    require(PQexitPipelineMode(connection));
    return static_cast<std::size_t>(count);
  }

 private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  using Result = std::unique_ptr<PGresult, Clear>;

  [[noreturn]] void fail() {
    throw std::runtime_error(std::string("PostgreSQL: ") + PQerrorMessage(connection_.get()));
  }
  void require(int sent) {
    if (sent != 1) fail();
  }
  void run(const char* sql) { finish(Result(PQexec(connection_.get(), sql))); }
  void prepare(const char* name, const char* sql) {
    finish(Result(PQprepare(connection_.get(), name, sql, 0, nullptr)));
  }
  void finish(const Result& result) {
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail();
  }
  /// In a pipeline: the result of one statement, and the end that stands behind it.
  Result next_result() {
    Result result(PQgetResult(connection_.get()));
    if (PQgetResult(connection_.get()) != nullptr) fail();
    return result;
  }
  void finish_sync() {
    const Result sync(PQgetResult(connection_.get()));
    if (PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC) fail();
  }

  std::unique_ptr<PGconn, Finish> connection_;
};

}  // namespace

std::unique_ptr<QueueConsumer> open_postgres_queue(const std::string& parameters) {
  return std::make_unique<PostgresQueue>(parameters);
}

}  // namespace strata::bench
