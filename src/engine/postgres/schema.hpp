// The tables of a store: three for its rows, and the gate, whose one row is the write lock.
#pragma once

#include <array>

#include "engine/postgres/connection.hpp"
#include "engine/postgres/target.hpp"
#include "strata/engine.hpp"

namespace strata::engine::postgres {

/// Where rows lie. Few and hot ones, which change with every commit, are apart from those that come and go with the
/// log, and these from those that stay: so each table is vacuumed as it needs.
enum class Table : std::uint8_t { system, log, rows };
inline constexpr std::size_t tables = 3;
Table table_of(SpaceGroup group);
std::string_view table_name(Table table);

/// All statements, so that each is prepared once in a session.
struct Statements {
  explicit Statements(const Target& target);

  struct OfTable {
    Statement get, get_many, erase_many, erase_range;
    Statement scan, scan_reverse, scan_keys, scan_keys_reverse;
  };
  const OfTable& of(SpaceGroup group) const { return of_table[static_cast<std::size_t>(table_of(group))]; }

  std::array<OfTable, tables> of_table;
  /// Keys and values for each table in turn, then the new state: all that a commit puts, in one statement.
  Statement put_all;
  Statement begin_write, begin_read, rollback, commit, commit_relaxed, wait_at_most, lock, head, state;
};

/// Checks that the server can carry a store, and makes the tables when they are missing. `not_found` when they may not
/// be made, `unsupported` for a server that cannot be trusted with data, `invalid_argument` for a schema that holds
/// something else.
void prepare_schema(Connection& connection, const Target& target);
/// What every session is told at its beginning.
void prepare_session(Connection& connection, std::chrono::milliseconds idle_in_transaction);

}  // namespace strata::engine::postgres
