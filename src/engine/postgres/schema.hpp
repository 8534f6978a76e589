// The tables of a store: one for each group of spaces, and the gate, whose one row is the write lock.
#pragma once

#include <array>

#include "engine/postgres/connection.hpp"
#include "engine/postgres/target.hpp"
#include "strata/engine.hpp"

namespace strata::engine::postgres {

/// All statements, so that each is prepared once in a session.
struct Statements {
  explicit Statements(const Target& target);

  struct OfGroup {
    Statement get, get_many, put_many, erase_many, erase_range;
    Statement scan, scan_reverse, scan_keys, scan_keys_reverse;
  };
  std::array<OfGroup, space_groups> groups;
  Statement begin_write, begin_read, rollback, commit, commit_relaxed, wait_at_most, lock, head, state, mark;
};

/// Checks that the server can carry a store, and makes the tables when they are missing. `not_found` when they may not
/// be made, `unsupported` for a server that cannot be trusted with data, `invalid_argument` for a schema that holds
/// something else.
void prepare_schema(Connection& connection, const Target& target);
/// What every session is told at its beginning.
void prepare_session(Connection& connection, std::chrono::milliseconds idle_in_transaction);

std::string_view group_name(SpaceGroup group);

}  // namespace strata::engine::postgres
