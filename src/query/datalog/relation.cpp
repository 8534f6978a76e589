#include "query/datalog/relation.hpp"

#include <algorithm>

namespace strata::datalog {
namespace {

std::uint64_t mix(std::uint64_t hash, ValueId value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
  return hash ^ (hash >> 29);
}

std::uint32_t finished(std::uint64_t hash) {
  hash *= 0xbf58476d1ce4e5b9U;
  return static_cast<std::uint32_t>(hash >> 32);
}

/// Rows are short: a call of memcmp would take longer.
bool same_row(const ValueId* a, const ValueId* b, std::size_t arity) {
  for (std::size_t i = 0; i < arity; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

std::uint32_t hash_row(const ValueId* row, std::size_t arity) {
  std::uint64_t hash = arity;
  for (std::size_t i = 0; i < arity; ++i) hash = mix(hash, row[i]);
  return finished(hash);
}

}  // namespace

RelationIndex::RelationIndex(Columns columns) : mask_(columns), heads_(16) {
  for (std::uint8_t i = 0; i < 64; ++i) {
    if ((columns >> i) & 1U) columns_.push_back(i);
  }
}

std::uint32_t RelationIndex::hash_of(const ValueId* row) const {
  std::uint64_t hash = columns_.size();
  for (const std::uint8_t column : columns_) hash = mix(hash, row[column]);
  return finished(hash);
}

bool RelationIndex::same_key(const ValueId* a, const ValueId* b) const {
  return std::all_of(columns_.begin(), columns_.end(), [&](std::uint8_t column) { return a[column] == b[column]; });
}

std::uint32_t RelationIndex::first(const Relation& relation, const ValueId* key) const {
  const std::uint32_t hash = hash_row(key, columns_.size());
  for (std::size_t slot = hash & (heads_.size() - 1);; slot = (slot + 1) & (heads_.size() - 1)) {
    if (heads_[slot] == 0) return none;
    const ValueId* const row = relation.row(heads_[slot] - 1);
    bool same = true;
    for (std::size_t i = 0; i < columns_.size() && same; ++i) same = row[columns_[i]] == key[i];
    if (same) return heads_[slot] - 1;
  }
}

void RelationIndex::extend(const Relation& relation) {
  while (next_.size() < relation.size()) {
    const auto number = static_cast<std::uint32_t>(next_.size());
    if (2 * (keys_ + 1) > heads_.size()) grow(relation);
    const ValueId* const row = relation.row(number);
    std::size_t slot = hash_of(row) & (heads_.size() - 1);
    while (heads_[slot] != 0 && !same_key(relation.row(heads_[slot] - 1), row)) slot = (slot + 1) & (heads_.size() - 1);
    if (heads_[slot] == 0) ++keys_;
    next_.push_back(heads_[slot] == 0 ? none : heads_[slot] - 1);
    heads_[slot] = number + 1;
  }
}

void RelationIndex::grow(const Relation& relation) {
  std::vector<std::uint32_t> heads(heads_.size() * 2);
  for (const std::uint32_t head : heads_) {
    if (head == 0) continue;
    std::size_t slot = hash_of(relation.row(head - 1)) & (heads.size() - 1);
    while (heads[slot] != 0) slot = (slot + 1) & (heads.size() - 1);
    heads[slot] = head;
  }
  heads_ = std::move(heads);
}

Relation::Relation(std::size_t arity, Limits& limits) : arity_(arity), limits_(limits), slots_(16) {}

bool Relation::insert(const ValueId* row) {
  if (2 * (size_ + 1) > slots_.size()) grow();
  std::size_t slot = hash_row(row, arity_) & (slots_.size() - 1);
  for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
    if (same_row(row, this->row(slots_[slot] - 1), arity_)) return false;
  }
  if (size_ >= RelationIndex::none - 1) {
    throw Error(ErrorCode::limit_exceeded, "a relation would have more than 2^32 rows");
  }
  // Beside the row: its place in the set, and in each index.
  limits_.charge(arity_ * sizeof(ValueId) + (2 + 3 * indexes_.size()) * sizeof(std::uint32_t));
  for (std::size_t i = 0; i < arity_; ++i) rows_.push_back(row[i]);
  slots_[slot] = static_cast<std::uint32_t>(++size_);
  return true;
}

std::uint32_t Relation::find(const ValueId* row) const {
  for (std::size_t slot = hash_row(row, arity_) & (slots_.size() - 1);; slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot] == 0) return RelationIndex::none;
    if (same_row(row, this->row(slots_[slot] - 1), arity_)) return slots_[slot] - 1;
  }
}

void Relation::grow() {
  std::vector<std::uint32_t> slots(slots_.size() * 2);
  for (std::size_t number = 0; number < size_; ++number) {
    std::size_t slot = hash_row(row(number), arity_) & (slots.size() - 1);
    while (slots[slot] != 0) slot = (slot + 1) & (slots.size() - 1);
    slots[slot] = static_cast<std::uint32_t>(number + 1);
  }
  slots_ = std::move(slots);
}

RelationIndex& Relation::index(Columns columns) {
  for (const auto& index : indexes_) {
    if (index->columns() != columns) continue;
    index->extend(*this);
    return *index;
  }
  limits_.charge(3 * sizeof(std::uint32_t) * size_);
  indexes_.push_back(std::make_unique<RelationIndex>(columns));
  indexes_.back()->extend(*this);
  return *indexes_.back();
}

std::size_t Relation::keys(Columns columns) const {
  for (const auto& index : indexes_) {
    if (index->columns() == columns) return index->keys();
  }
  return 0;
}

}  // namespace strata::datalog
