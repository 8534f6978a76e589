#include "engine/postgres/postgres_engine.hpp"

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <utility>

#include "engine/postgres/hint_line.hpp"
#include "engine/postgres/pool.hpp"
#include "engine/postgres/postgres_error.hpp"
#include "engine/postgres/row_reader.hpp"
#include "engine/postgres/schema.hpp"
#include "engine/postgres/target.hpp"
#include "engine/postgres/writing.hpp"
#include "engine/process_bond.hpp"
#include "engine/stored_key.hpp"
#include "strata/engine.hpp"
#include "strata/error.hpp"

namespace strata::engine {
namespace postgres {
namespace {

/// A server that is just starting is waited for; a wrong address should be told soon.
constexpr std::chrono::milliseconds patience_at_open = std::chrono::seconds(1);

class PostgresSnapshot : public Snapshot {
 public:
  /// What is read first comes with the snapshot: its token, and the head.
  struct Beginning {
    std::uint64_t token = 0;
    std::optional<Bytes> head;
  };

  PostgresSnapshot(Pool& pool, const Statements& statements, std::unique_ptr<Connection> connection,
                   Beginning beginning)
      : pool_(pool),
        statements_(statements),
        connection_(std::move(connection)),
        beginning_(std::move(beginning)),
        rows_(*connection_, statements) {}
  ~PostgresSnapshot() override {
    if (bond_.inherited()) {
      static_cast<void>(connection_.release());
      return;
    }
    try {
      if (!connection_->lost()) {
        connection_->send(statements_.rollback);
        connection_->post();
      }
    } catch (const std::exception&) {
      // The session is lost, and its snapshot with it.
    }
    pool_.give_back(std::move(connection_));
  }

  std::uint64_t token() const override { return beginning_.token; }
  std::optional<bytes_view> get(Key key) override {
    connection_->check();
    if (key.space == head_key.space && key.bytes == head_key.bytes) {
      return beginning_.head ? std::optional<bytes_view>(*beginning_.head) : std::nullopt;
    }
    held_ = rows_.get(key);
    return held_ ? std::optional<bytes_view>(*held_) : std::nullopt;
  }
  void get_many(std::span<const Key> keys, const Sink& sink) override { rows_.get_many(keys, sink); }
  std::unique_ptr<Cursor> scan(KeyRange range, ScanHints hints) override { return rows_.scan(range, hints); }

 private:
  Pool& pool_;
  const Statements& statements_;
  ProcessBond bond_;
  std::unique_ptr<Connection> connection_;
  Beginning beginning_;
  RowReader rows_;
  std::optional<Bytes> held_;
};

class PostgresEngine : public Engine {
 public:
  explicit PostgresEngine(Target target)
      : target_(std::move(target)),
        statements_(target_),
        pool_(target_, lineage_),
        writing_(target_, statements_, lineage_),
        hints_(std::make_unique<HintLine>(target_)) {
    auto connection = pool_.take(platform::steady_now() + std::min(target_.patience, patience_at_open));
    try {
      target_.has_turns = prepare_schema(*connection, target_).has_turns;
    } catch (...) {
      pool_.give_back(nullptr);
      throw;
    }
    capabilities_.name = "postgres";
    capabilities_.version = connection->server_setting("server_version");
    capabilities_.many_processes = true;
    capabilities_.remote = true;
    capabilities_.same_lineage = server_start(*connection).has_value();
    capabilities_.snapshots_max = target_.snapshots_max;
    pool_.give_back(std::move(connection));
  }
  ~PostgresEngine() override {
    if (bond_.inherited()) static_cast<void>(hints_.release());
  }

  const Capabilities& capabilities() const override { return capabilities_; }

  std::unique_ptr<Snapshot> snapshot() override {
    bond_.check(target_.place);
    const Deadline deadline = platform::steady_now() + target_.patience;
    for (;;) {
      auto connection = pool_.take(deadline);
      try {
        connection->send(statements_.begin_read);
        connection->send(statements_.state);
        const Result state = std::move(connection->collect().back());
        PostgresSnapshot::Beginning beginning;
        beginning.token = static_cast<std::uint64_t>(state.integer(0, 0));
        if (!state.is_null(0, 1)) beginning.head = Bytes(state.bytes(0, 1));
        return std::make_unique<PostgresSnapshot>(pool_, statements_, std::move(connection), std::move(beginning));
      } catch (const Disconnected&) {
        // It was lost while it lay idle: another, as long as there is time.
        pool_.give_back(nullptr);
        if (platform::steady_now() >= deadline) throw;
      } catch (...) {
        pool_.give_back(nullptr);
        throw;
      }
    }
  }

  std::unique_ptr<WriteTransaction> begin_write(Deadline deadline, std::span<const Key> ahead) override {
    bond_.check(target_.place);
    if (target_.read_only) {
      throw Error(ErrorCode::unsupported, target_.place + " is open for reading alone; open it for writing");
    }
    return std::make_unique<PostgresWriteTransaction>(writing_, writing_.enter(deadline, ahead));
  }

  Bytes memory() override { return writing_.memory(); }

  std::unique_ptr<WriteTransaction> begin_from_memory(bytes_view memory, Deadline deadline) override {
    bond_.check(target_.place);
    auto remembered = target_.read_only ? std::nullopt : Memory::decode(memory);
    if (!remembered) return nullptr;
    Connection* const connection = writing_.enter_from_memory();
    if (connection == nullptr) return nullptr;
    return std::make_unique<PostgresWriteTransaction>(writing_, *connection, std::move(*remembered), deadline);
  }

  Wake& wake() override { return *hints_; }
  std::uint64_t lineage() override { return lineage_.number(); }
  void maintain() override { bond_.check(target_.place); }  // the server's own vacuum does it

  void compact(Progress& progress) override {
    bond_.check(target_.place);
    if (target_.read_only) {
      throw Error(ErrorCode::unsupported, target_.place + " is open for reading alone; open it for writing");
    }
    auto connection = pool_.take(platform::steady_now() + target_.patience);
    try {
      for (std::size_t i = 0; i < tables; ++i) {
        if (!progress.advance("vacuum", i, tables)) break;
        connection->send("VACUUM (ANALYZE) " + target_.table(table_name(static_cast<Table>(i))));
        connection->collect(Deadline::max());
      }
    } catch (...) {
      pool_.give_back(nullptr);
      throw;
    }
    pool_.give_back(std::move(connection));
  }

  EngineStatistics statistics() override {
    bond_.check(target_.place);
    EngineStatistics statistics;
    auto connection = pool_.take(platform::steady_now() + target_.patience);
    try {
      const std::array schema{Parameter::text(target_.schema)};
      const Result sizes = connection->ask(
          "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8, coalesce(sum(c.reltuples), 0)::int8 FROM "
          "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'",
          schema);
      statistics.file_bytes = static_cast<std::uint64_t>(sizes.integer(0, 0));
      statistics.details["server"] = "PostgreSQL " + capabilities_.version;
      statistics.details["schema"] = target_.schema;
    } catch (...) {
      pool_.give_back(nullptr);
      throw;
    }
    pool_.give_back(std::move(connection));
    statistics.readers = pool_.in_use();
    return statistics;
  }

 private:
  ProcessBond bond_;
  Target target_;
  const Statements statements_;
  Capabilities capabilities_;
  Lineage lineage_;
  Pool pool_;
  WriteSession writing_;
  std::unique_ptr<HintLine> hints_;
};

std::unique_ptr<Engine> open_postgres(const OpenRequest& request) {
  return std::make_unique<PostgresEngine>(parse_target(request));
}

}  // namespace
}  // namespace postgres

void register_postgres_engine() { register_engine("postgres", postgres::open_postgres); }

}  // namespace strata::engine
