#include "engine/postgres/schema.hpp"

#include <optional>

#include "engine/postgres/postgres_error.hpp"
#include "engine/stored_key.hpp"
#include "platform/clock.hpp"

namespace strata::engine::postgres {
namespace {

constexpr int oldest_server = 120000;
constexpr int format_with_row_lock = 1;
constexpr int format_with_turns = 2;
constexpr int creation_attempts = 20;

constexpr std::array<std::string_view, tables> table_names{"system", "log", "rows"};

Statements::OfTable of_table_named(const std::string& table) {
  const std::string range = " FROM " + table + " WHERE k >= $1 AND k < $2";
  return {
      .get = {"SELECT v FROM " + table + " WHERE k = $1"},
      .get_many = {"SELECT k, v FROM " + table + " WHERE k = ANY($1)"},
      .erase_many = {"DELETE FROM " + table + " WHERE k = ANY($1)"},
      .erase_range = {"DELETE" + range},
      .scan = {"SELECT k, v" + range + " ORDER BY k LIMIT $3"},
      .scan_reverse = {"SELECT k, v" + range + " ORDER BY k DESC LIMIT $3"},
      .scan_keys = {"SELECT k" + range + " ORDER BY k LIMIT $3"},
      .scan_keys_reverse = {"SELECT k" + range + " ORDER BY k DESC LIMIT $3"},
  };
}

/// `first` is the number of the parameter that holds the keys; the values follow it. `source`: what else must have a
/// row.
std::string insertion(const std::string& table, int first, const std::string& source = {}) {
  return "INSERT INTO " + table + " (k, v) SELECT u.k, u.v FROM " + source + "unnest($" + std::to_string(first) +
         "::bytea[], $" + std::to_string(first + 1) +
         "::bytea[]) AS u (k, v) ON CONFLICT (k) DO UPDATE SET v = excluded.v";
}

std::string none_there(const std::string& table, int keys) {
  return " AND NOT EXISTS (SELECT 1 FROM " + table + " WHERE k = ANY($" + std::to_string(keys) + "::bytea[]))";
}

/// The head's key as it is stored, for a statement.
std::string head_literal() {
  constexpr std::string_view digits = "0123456789abcdef";
  const StoredKey key(head_key);
  std::string text = "'\\x";
  for (const char byte : key.view()) {
    text += digits[static_cast<unsigned char>(byte) >> 4];
    text += digits[static_cast<unsigned char>(byte) & 15];
  }
  return text + "'::bytea";
}

void check_server(Connection& connection, const Target& target) {
  if (connection.server_version() < oldest_server) {
    throw Error(ErrorCode::unsupported, target.place + ": the server is PostgreSQL " +
                                            connection.server_setting("server_version") + "; Strata needs 12 or newer");
  }
  const Result settings = connection.ask("SELECT current_setting('fsync', true), pg_is_in_recovery()::text");
  if (settings.bytes(0, 0) == "off") {
    throw Error(ErrorCode::unsupported, target.place +
                                            ": the server runs with fsync=off and would lose data; set "
                                            "fsync=on in its postgresql.conf");
  }
  if (settings.bytes(0, 1) == "true" && !target.read_only) {
    throw Error(ErrorCode::unsupported, target.place +
                                            ": the server is a standby and takes no writes; connect to the "
                                            "primary server, or open the store for reading alone");
  }
}

/// The store, when it is there already.
std::optional<Layout> find_layout(Connection& connection, const Target& target) {
  const std::array schema{Parameter::text(target.schema)};
  const Result tables = connection.ask(
      "SELECT count(*), count(*) FILTER (WHERE c.relname = 'gate') FROM pg_class c JOIN pg_namespace n ON n.oid = "
      "c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
      schema);
  if (tables.integer(0, 1) == 0) {
    if (tables.integer(0, 0) == 0) return std::nullopt;
    throw Error(ErrorCode::invalid_argument, target.place + ": the schema `" + target.schema +
                                                 "` holds other tables and no store; choose another name with ?store=");
  }
  const Result format = connection.ask("SELECT format FROM " + target.table("gate") + " WHERE one = 1");
  if (format.rows() == 0) {
    throw Error(ErrorCode::invalid_argument, target.place +
                                                 ": the table `gate` there is none of Strata's; choose "
                                                 "another name with ?store=");
  }
  const auto found = format.integer(0, 0);
  if (found != format_with_row_lock && found != format_with_turns) {
    throw Error(ErrorCode::unsupported, target.place + ": its tables have format " + std::to_string(found) +
                                            ", this version of Strata reads 1 and 2; use a newer version");
  }
  return Layout{found == format_with_turns};
}

/// Tried on a table of the session's own. Where it may make none, it goes without.
bool can_lock_tables(Connection& connection) {
  bool can = true;
  try {
    connection.send(std::string("BEGIN"));
    connection.send(std::string("CREATE TEMPORARY TABLE strata_turn (nothing int)"));
    connection.send(std::string("LOCK TABLE strata_turn IN SHARE ROW EXCLUSIVE MODE"));
    connection.collect();
  } catch (const Disconnected&) {
    throw;
  } catch (const Error&) {
    can = false;
  }
  connection.ask(std::string("ROLLBACK"));
  return can;
}

void make_tables(Connection& connection, const Target& target) {
  // A schema that is there need not be made, so a user without the right to do so can be given one.
  const std::array schema{Parameter::text(target.schema)};
  const bool has_schema = connection.ask("SELECT 1 FROM pg_namespace WHERE nspname = $1", schema).rows() > 0;
  const int format = can_lock_tables(connection) ? format_with_turns : format_with_row_lock;
  connection.send(std::string("BEGIN"));
  if (!has_schema) connection.send("CREATE SCHEMA IF NOT EXISTS \"" + target.schema + '"');
  for (const std::string_view name : table_names) {
    connection.send("CREATE TABLE IF NOT EXISTS " + target.table(name) + " (k bytea PRIMARY KEY, v bytea NOT NULL)" +
                    (name == "system" ? " WITH (fillfactor = 50)" : ""));
  }
  connection.send("CREATE TABLE IF NOT EXISTS " + target.table("gate") +
                  " (one int PRIMARY KEY, format bigint NOT NULL, state bigint NOT NULL) WITH (fillfactor = 50)");
  connection.send("CREATE TABLE IF NOT EXISTS " + target.table("turn") + " (nothing int)");
  connection.send("INSERT INTO " + target.table("gate") + " VALUES (1, " + std::to_string(format) +
                  ", 1) ON CONFLICT (one) DO NOTHING");
  connection.send(std::string("COMMIT"));
  connection.collect();
}

/// A setting that some servers of PostgreSQL's kind do not know.
void try_setting(Connection& connection, const std::string& assignment) {
  try {
    connection.ask("SET " + assignment);
  } catch (const Disconnected&) {
    throw;
  } catch (const Error&) {
    // It goes without, if more slowly.
  }
}

}  // namespace

Table table_of(SpaceGroup group) {
  switch (group) {
    case SpaceGroup::system:
      return Table::system;
    case SpaceGroup::log:
    case SpaceGroup::ids:
    case SpaceGroup::local:
      return Table::log;
    default:
      return Table::rows;
  }
}

std::string_view table_name(Table table) { return table_names[static_cast<std::size_t>(table)]; }

Statements::Statements(const Target& target) {
  for (std::size_t i = 0; i < tables; ++i) of_table[i] = of_table_named(target.table(table_names[i]));
  for (std::size_t i = 0; i < tables; ++i) {
    get_many.sql += (i == 0 ? "SELECT k, v FROM " : " UNION ALL SELECT k, v FROM ") + target.table(table_names[i]) +
                    " WHERE k = ANY($" + std::to_string(i + 1) + ")";
  }
  const std::string gate_table = target.table("gate");
  const std::string head_row = "SELECT v FROM " + target.table("system") + " WHERE k = " + head_literal();
  begin_write = {"BEGIN ISOLATION LEVEL READ COMMITTED"};
  begin_read = {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"};
  rollback = {"ROLLBACK"};
  commit = {"COMMIT"};
  commit_relaxed = {"SET LOCAL synchronous_commit = off"};
  wait_at_most = {"SELECT set_config('lock_timeout', $1, true)"};
  lock_turn = {"LOCK TABLE " + target.table("turn") + " IN SHARE ROW EXCLUSIVE MODE"};
  lock_row = {"SELECT state FROM " + gate_table + " WHERE one = 1 FOR UPDATE"};
  head = {head_row};
  state = {"SELECT state, (" + head_row + ") FROM " + gate_table + " WHERE one = 1"};
  gate = {"SELECT state FROM " + gate_table + " WHERE one = 1"};
  const std::string log = target.table("log");
  const std::string rows = target.table("rows");
  put_all_if = {"WITH g AS (UPDATE " + gate_table + " SET state = $7 WHERE one = 1 AND state = $8" +
                none_there(log, 9) + none_there(rows, 10) + " RETURNING one), s AS (" +
                insertion(target.table("system"), 1, "g, ") + "), l AS (" + insertion(log, 3, "g, ") + "), r AS (" +
                insertion(rows, 5, "g, ") + ") SELECT (SELECT count(*) FROM g), state FROM " + gate_table +
                " WHERE one = 1"};
  put_all = {"WITH s AS (" + insertion(target.table("system"), 1) + "), l AS (" + insertion(target.table("log"), 3) +
             "), g AS (UPDATE " + gate_table + " SET state = $7 WHERE one = 1) " + insertion(target.table("rows"), 5)};
}

std::optional<std::int64_t> server_start(Connection& connection) {
  try {
    return connection.ask("SELECT (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::int8").integer(0, 0);
  } catch (const Disconnected&) {
    throw;
  } catch (const Error&) {
    return std::nullopt;
  }
}

void prepare_session(Connection& connection, std::chrono::milliseconds idle_in_transaction) {
  const Result commits = connection.ask("SELECT current_setting('synchronous_commit', true)");
  if (!commits.is_null(0, 0) && commits.bytes(0, 0) == "off") connection.ask("SET synchronous_commit = on");
  connection.ask("SET idle_in_transaction_session_timeout = " + std::to_string(idle_in_transaction.count()));
  try_setting(connection, "statement_timeout = 0");
  // The plan is always the same one; to find it anew for each array takes longer than the work.
  try_setting(connection, "plan_cache_mode = force_generic_plan");
  // Every statement finds its rows by the primary key; a planner that knows little of a table must not think otherwise.
  for (const char* name : {"enable_seqscan", "enable_bitmapscan", "enable_sort", "jit"}) {
    try_setting(connection, std::string(name) + " = off");
  }
}

Layout prepare_schema(Connection& connection, const Target& target) {
  check_server(connection, target);
  for (int attempt = 1;; ++attempt) {
    if (const auto there = find_layout(connection, target)) return *there;
    if (!target.create) {
      throw Error(ErrorCode::not_found,
                  "there is no store at " + target.place + "; a first `strata put` or `strata import` makes one");
    }
    try {
      make_tables(connection, target);
    } catch (const Disconnected&) {
      throw;
    } catch (const Error& error) {
      connection.ask(std::string("ROLLBACK"));
      // Two who make the same schema at once: one of them fails, and finds it made.
      if (error.code() != ErrorCode::io || attempt >= creation_attempts) throw;
      platform::sleep_until(platform::steady_now() + std::chrono::milliseconds(20));
    }
  }
}

}  // namespace strata::engine::postgres
