// One connection to the DuckDB file, with its prepared statements: transactions, and pages in and out.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "engine/duckdb/duckdb_library.hpp"
#include "engine/process_bond.hpp"
#include "strata/types.hpp"

namespace strata::engine::duck {

/// A prepared statement, made at its first use.
class Statement {
 public:
  explicit Statement(const char* text) : text_(text) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  const char* text() const { return text_; }
  duckdb_prepared_statement& handle() { return handle_; }

 private:
  const char* text_;
  ProcessBond bond_;
  duckdb_prepared_statement handle_ = nullptr;
};

/// Called for each page with its id and one of its columns. The view is valid within the call alone.
using PageSink = std::function<void(std::uint64_t id, bytes_view bytes)>;

/// Used by one thread at a time. Failures of DuckDB come as duckdb_error gives them.
class Connection {
 public:
  Connection(duckdb_database database, std::string place);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void execute(const char* sql, std::string_view operation);
  /// The number in the first column of the first row; 0 when there is no row.
  std::uint64_t number(Statement& statement, std::string_view operation);
  std::uint64_t number(const char* sql, std::string_view operation);

  void begin() { execute("BEGIN TRANSACTION", "begin a transaction"); }
  void commit() { execute("COMMIT", "commit"); }
  /// False when DuckDB refused; the connection is then of no more use.
  bool rollback() noexcept;

  /// The number of the last commit that this transaction sees. A transaction sees the state of its first statement.
  std::uint64_t commits() { return number(commits_, "read the state"); }
  void set_commits(std::uint64_t commits);

  void first_keys(const PageSink& sink);
  /// The bodies of all pages from `low` to `high`, both included, in no order.
  void bodies(std::uint64_t low, std::uint64_t high, const PageSink& sink);
  void erase(std::span<const std::uint64_t> ids);

 private:
  friend class PageInsertion;

  void prepare(Statement& statement, std::string_view operation);
  void run(Statement& statement, std::string_view operation, const PageSink& sink);
  [[noreturn]] void fail(const char* text, std::string_view operation) const;

  const Library& library_;
  const std::string place_;
  ProcessBond bond_;
  duckdb_connection handle_ = nullptr;
  Statement commits_{"SELECT max(commits) FROM state"};
  // Not an UPDATE: while a snapshot could still ask for the value before it, DuckDB makes no checkpoint.
  Statement set_commits_{"INSERT INTO state VALUES (1, ?)"};
  Statement forget_commits_{"DELETE FROM state WHERE commits < ?"};
  Statement body_{"SELECT id, body FROM pages WHERE id = ?"};
  Statement bodies_{"SELECT id, body FROM pages WHERE id BETWEEN ? AND ?"};
  Statement insert_{"INSERT INTO pages VALUES (?, ?, ?)"};
  Statement erase_{"DELETE FROM pages WHERE id = ?"};
  Statement erase_many_{"DELETE FROM pages WHERE id IN (SELECT unnest(?::UBIGINT[]))"};
};

/// Adds pages within the transaction of a connection: a few one by one, from then on through an appender.
class PageInsertion {
 public:
  explicit PageInsertion(Connection& connection) : connection_(connection) {}
  ~PageInsertion();
  PageInsertion(const PageInsertion&) = delete;
  PageInsertion& operator=(const PageInsertion&) = delete;

  void add(std::uint64_t id, bytes_view first, bytes_view body);
  /// Nothing is in the table for sure before this returns.
  void finish();

 private:
  void append(std::uint64_t id, bytes_view first, bytes_view body);
  [[noreturn]] void fail();

  Connection& connection_;
  std::size_t added_ = 0;
  duckdb_appender appender_ = nullptr;
};

}  // namespace strata::engine::duck
