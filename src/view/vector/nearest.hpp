// The exact nearest rows, by comparing with every one; and the order of what an approximate walk found, made exact.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "view/vector/target.hpp"
#include "view/vector/vector_rows.hpp"

namespace strata::view {

struct NearestOptions {
  std::size_t k = 10;
  std::optional<float> score_min{};  ///< At least this (Target::score_of).
};

/// The best k rows that `accept` takes, in the order of `nearer`; fewer when there are fewer. `accept` is asked once
/// for each row, in ascending order. Throws: invalid_argument when the shapes differ.
std::vector<Neighbor> find_nearest(const Rows& rows, const Target& target, const NearestOptions& options,
                                   const Accept& accept = nullptr);

/// Scores what was found on other rows of the same vectors (f32 instead of i8) anew, and keeps the best k.
/// Requires: every row of `found` is a row of `rows`. Throws: invalid_argument when the shapes differ.
void rank_again(const Rows& rows, const Target& target, std::size_t k, std::vector<Neighbor>& found);

/// The best k of all that was offered, in a bounded heap. Scores that are NaN come last.
class BestRows {
 public:
  explicit BestRows(std::size_t k) : k_(k) {}
  void offer(const Neighbor& candidate);
  /// In the order of `nearer`. Leaves this empty.
  std::vector<Neighbor> take();

 private:
  std::size_t k_;
  std::vector<Neighbor> heap_;  ///< The worst first.
};

/// Rows that wait to be scored together.
class RowBatch {
 public:
  RowBatch(const Rows& rows, const Target& target) : rows_(rows), target_(target) {}

  /// Requires: it is not full.
  void add(std::uint32_t row) {
    numbers_[count_] = row;
    places_[count_] = rows_[row];
    __builtin_prefetch(places_[count_]);
    ++count_;
  }
  bool full() const { return count_ == rows_together; }
  /// Scores them and offers those of at least `score_min`. Leaves this empty.
  void offer_to(BestRows& best, const std::optional<float>& score_min);

 private:
  static constexpr std::size_t rows_together = 64;

  const Rows& rows_;
  const Target& target_;
  std::size_t count_ = 0;
  std::array<std::uint32_t, rows_together> numbers_{};
  std::array<const std::byte*, rows_together> places_{};
  std::array<float, rows_together> scores_{};
};

}  // namespace strata::view
