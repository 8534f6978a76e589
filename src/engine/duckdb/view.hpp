// One state of the store, held open: a connection in a read transaction, and the directory of that state.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "engine/duckdb/connection.hpp"
#include "engine/duckdb/page_cache.hpp"
#include "engine/duckdb/page_directory.hpp"

namespace strata::engine::duck {

class Database;

/// Thread-safe: snapshots of one state share it.
class View {
 public:
  /// Requires: the connection stands in a transaction that sees the state of this directory.
  View(Database& database, Connection& connection, PageDirectory directory, std::uint64_t commits);
  ~View();
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  std::uint64_t commits() const { return commits_; }
  const PageDirectory& directory() const { return directory_; }
  std::shared_ptr<const Page> page(const PageEntry& entry);
  /// The pages of those entries, in their order, with few statements where their ids lie close together.
  std::vector<std::shared_ptr<const Page>> pages(std::span<const PageEntry* const> entries);

 private:
  void read(std::span<const PageEntry* const> entries, std::span<std::shared_ptr<const Page>> pages);

  Database& database_;
  Connection& connection_;
  const PageDirectory directory_;
  const std::uint64_t commits_;
  std::mutex mutex_;  // of the connection
};

}  // namespace strata::engine::duck
