// The tables of a store: three for its rows, the gate with one row, and `turn`, which is empty: who has locked it
// writes.
#pragma once

#include <array>
#include <optional>

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
  /// Keys for each table in turn.
  Statement get_many;
  /// Keys and values for each table in turn, then the new state: all that a commit puts, in one statement.
  Statement put_all;
  /// The same, and behind it the state as it was presumed, then keys of log and rows that are presumed to be absent: if
  /// any of it is wrong, nothing is put. Answers whether all was put, and the state as it had been.
  Statement put_all_if;
  Statement begin_write, begin_read, rollback, commit, commit_relaxed, wait_at_most, lock_turn, lock_row, head, state,
      gate;
};

/// What all who use a store must do alike.
struct Layout {
  /// Writers lock the table `turn`, in whose queue they come up in their order. Else, where the server cannot lock
  /// tables, the gate's row.
  bool has_turns = false;
};

/// Checks that the server can carry a store, and makes the tables when they are missing. `not_found` when they may not
/// be made, `unsupported` for a server that cannot be trusted with data, `invalid_argument` for a schema that holds
/// something else.
Layout prepare_schema(Connection& connection, const Target& target);
/// When the server was started, in microseconds; nothing where it does not tell.
std::optional<std::int64_t> server_start(Connection& connection);
/// What every session is told at its beginning.
void prepare_session(Connection& connection, std::chrono::milliseconds idle_in_transaction);

}  // namespace strata::engine::postgres
