// Transactions and snapshots. Each belongs to one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "strata/collection.hpp"
#include "strata/datalog.hpp"
#include "strata/document.hpp"
#include "strata/graph.hpp"
#include "strata/options.hpp"
#include "strata/queue.hpp"
#include "strata/stream.hpp"

namespace strata {

/// A consistent state to read from. Older than OpenOptions::snapshot_age_max its calls give `limit_exceeded`.
class Snapshot {
 public:
  Snapshot(Snapshot&&) noexcept;
  Snapshot& operator=(Snapshot&&) noexcept;
  ~Snapshot();

  Collection collection(std::string_view name) const;
  std::vector<std::string> collections() const;
  Stream stream(std::string_view name) const;
  Streams streams() const;
  Queue queue(std::string_view name) const;
  Graph graph() const;
  Documents documents(std::string_view collection = "documents") const;
  DatalogResult query(std::string_view program, const DatalogOptions& options = {}) const;
  Position position() const;

  struct State;  ///< Known within the library alone.

 private:
  friend class Store;
  explicit Snapshot(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

/// Reads from one consistent state, sees its own writes, and keeps them to itself until the commit. Serializable: the
/// commit succeeds only if everything read would be read the same again.
class Transaction {
 public:
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  Collection collection(std::string_view name);
  Stream stream(std::string_view name);
  Streams streams();
  Queue queue(std::string_view name);
  Graph graph();
  Documents documents(std::string_view collection = "documents");
  DatalogResult query(std::string_view program, const DatalogOptions& options = {});
  /// The state that is being read.
  Position position() const;

  struct State;  ///< Known within the library alone.
  const std::shared_ptr<State>& state() const { return state_; }

 private:
  friend class Store;
  explicit Transaction(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace strata
