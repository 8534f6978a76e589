// A set of rows of value numbers, in the order of their coming, with hash indexes on whatever columns joins bind.
//
// Rows are only ever added, so a part of a relation is a range of row numbers: what was there before a round, what a
// round brought.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "query/datalog/value_pool.hpp"

namespace strata::datalog {

/// One bit for each column.
using Columns = std::uint64_t;

/// Rows that share a value of these columns hang together, the newest first.
class RelationIndex {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  explicit RelationIndex(Columns columns);

  /// The newest row with this key, one value for each of the columns.
  std::uint32_t first(const class Relation& relation, const ValueId* key) const;
  /// The next older one.
  std::uint32_t next(std::uint32_t row) const { return next_[row]; }
  /// Takes up the rows that came since.
  void extend(const Relation& relation);
  Columns columns() const { return mask_; }
  /// How many different keys there are.
  std::size_t keys() const { return keys_; }

 private:
  std::uint32_t hash_of(const ValueId* row) const;
  bool same_key(const ValueId* a, const ValueId* b) const;
  void grow(const Relation& relation);

  Columns mask_;
  std::vector<std::uint8_t> columns_;
  std::vector<std::uint32_t> heads_;  ///< Row + 1; 0: free. As many as a power of two.
  std::vector<std::uint32_t> next_;
  std::size_t keys_ = 0;
};

class Relation {
 public:
  Relation(std::size_t arity, Limits& limits);

  std::size_t arity() const { return arity_; }
  std::size_t size() const { return size_; }
  const ValueId* row(std::size_t number) const { return rows_.data() + number * arity_; }
  /// False when it was there.
  bool insert(const ValueId* row);
  /// Its number, or RelationIndex::none.
  std::uint32_t find(const ValueId* row) const;
  /// The index over these columns, up to date; made when there is none. Stays where it is. Requires: one column at
  /// least.
  RelationIndex& index(Columns columns);
  /// Keys of the index over these columns, 0 when there is none yet.
  std::size_t keys(Columns columns) const;

 private:
  void grow();

  std::size_t arity_;
  Limits& limits_;
  std::size_t size_ = 0;
  std::vector<ValueId> rows_;
  std::vector<std::uint32_t> slots_;  ///< Row + 1; 0: free.
  std::vector<std::unique_ptr<RelationIndex>> indexes_;
};

}  // namespace strata::datalog
